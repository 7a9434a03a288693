/**
 * Divides what the examination may cost among the transports whose silence is measured, and gathers what each of them brings.
 */
import type { Ask } from "../ask.ts";
import { isAsked } from "../ask.ts";
import type { ControlFact, IdleFact, NotMeasured } from "../facts.ts";
import { besideLadder, type IdleOptions, measureIdle } from "../probes/idle.ts";
import { within } from "../probes/pause.ts";
import type { Seats } from "../probes/seat.ts";
import type { SeatContext } from "./seats-http1.ts";

const transports = ["http1", "http2", "websocket", "event-stream", "tcp"] as const;

/** Connections that are none of a ladder: first looks, reconnects, questions to the agent, and what is asked of both ends together. */
const reserved = 12;
/** A control moves this often: a sixtieth of the time, within these bounds. */
const beatMsMin = 250;
const beatMsMax = 5_000;
/** A fresh connection that takes longer is none. */
const reachMsMax = 3_000;

export class Silence {
  readonly idle: IdleFact[] = [];
  readonly controls: ControlFact[] = [];
  readonly notMeasured: NotMeasured[] = [];
  readonly beatMs: number;
  readonly #context: SeatContext;
  readonly #limits: { readonly signal: AbortSignal; readonly deadlineMs: number; readonly connectMs: number };
  readonly #share: number;
  readonly #withMatrix: boolean;
  readonly #whoEnded: IdleOptions["whoEnded"];

  constructor(
    ask: Ask,
    context: SeatContext,
    limits: { readonly signal: AbortSignal; readonly deadlineMs: number; readonly connectMs: number },
    whoEnded: IdleOptions["whoEnded"],
  ) {
    this.beatMs = Math.min(beatMsMax, Math.max(beatMsMin, Math.round(ask.maxMs / 60)));
    this.#context = context;
    this.#limits = limits;
    this.#withMatrix = isAsked(ask, "matrix");
    this.#share = Math.max(1, Math.floor((ask.connections - reserved) / transports.filter((name) => isAsked(ask, name)).length));
    this.#whoEnded = whoEnded;
  }

  async measure(seats: Seats): Promise<void> {
    const { clock } = this.#context;
    const { signal, deadlineMs, connectMs } = this.#limits;
    const measured = await measureIdle(seats, {
      clock,
      signal,
      deadlineMs,
      rttMs: connectMs,
      connectionsMax: Math.max(2, this.#share - besideLadder(seats, this.#withMatrix)),
      isReachable: () => this.#isReachable(),
      beatMs: this.beatMs,
      withMatrix: this.#withMatrix,
      whoEnded: this.#whoEnded,
    });
    this.idle.push(...measured.idle);
    this.controls.push(...measured.controls);
    this.notMeasured.push(...measured.notMeasured);
  }

  async #isReachable(): Promise<boolean> {
    const { clock, dialler } = this.#context;
    const fresh = dialler.dial({ alpn: ["http/1.1"] }).then(
      (line) => {
        line.close();
        return true;
      },
      () => false,
    );
    return await within(clock, fresh, reachMsMax, false);
  }
}
