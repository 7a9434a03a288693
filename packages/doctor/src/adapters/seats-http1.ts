/**
 * Seats of HTTP/1.1: a connection that was kept after an answer, and one that never sends a request.
 */
import type { Ending } from "@holdfast/path";
import type { Clock } from "@holdfast/protocol";
import type { Moving } from "../facts.ts";
import { AnswerReader, keepsConnection } from "../probes/http1-answer.ts";
import type { Seat, SeatEnd, Seats, Tried } from "../probes/seat.ts";
import type { Dialler } from "./dial.ts";
import { bodyBytesMax, type Exchanged, exchange, type RequestHead } from "./http1.ts";
import { faultOf } from "./keep-alive.ts";
import type { Line, LineEnd } from "./line.ts";

export interface SeatContext {
  readonly dialler: Dialler;
  readonly clock: Clock;
  /** A request that is answered, and after which the connection is kept. */
  readonly request: RequestHead;
  /** For answers while a seat is taken. */
  readonly waitMs: number;
}

/** A connection that the network gave up was dropped in silence: TCP's own probes or retries found out. */
export const endingOf = ({ how }: LineEnd): Ending => (how === "lost" ? "silent" : how);

/** An end while an answer is awaited. */
export const onWrite = (end: LineEnd): Tried => ({ how: end.how === "rst" ? "rst_on_write" : endingOf(end) });

/** Errors that a hop gives for a connection, and not for a request. */
const hopStatuses: ReadonlySet<number> = new Set([408, 502, 504]);

export function keptSeats(context: SeatContext): Seats {
  return { of: "http1", moves: ["tcp_keepalive"], open: async (moving) => await KeptSeat.open(context, moving) };
}

export function mutedSeats(context: SeatContext): Seats {
  return {
    of: "tcp",
    moves: [],
    open: async () => {
      const line = await context.dialler.dial({ alpn: ["http/1.1"] });
      line.read();
      return new KeptSeat(context, line, null, "nothing");
    },
  };
}

class KeptSeat implements Seat {
  readonly connId = null;
  readonly ended: Promise<SeatEnd>;
  readonly #context: SeatContext;
  readonly #line: Line;
  /** The status of its first answer: an application that always answers so is alive. */
  readonly #status: number | null;
  readonly #moving: Moving;
  #quietSinceMs: number;
  #isBusy = false;
  #said = new AnswerReader();
  #announced = false;

  constructor(context: SeatContext, line: Line, status: number | null, moving: Moving) {
    this.#context = context;
    this.#line = line;
    this.#status = status;
    this.#moving = moving;
    this.#quietSinceMs = context.clock.monoMs();
    this.#listen();
    this.ended = line.ended.then((end) => this.#endOf(end));
  }

  static async open(context: SeatContext, moving: Moving): Promise<KeptSeat> {
    const { dialler, clock, request, waitMs } = context;
    const line = await dialler.dial({ alpn: ["http/1.1"] });
    const first = await exchange(line, request, { waitMs, bodyBytesMax }, clock);
    if (first.is !== "answered" || !keepsConnection(first.head)) {
      line.close();
      throw new Error(first.is === "answered" ? "the connection is not kept after an answer" : faultOf(first));
    }
    if (moving === "tcp_keepalive") line.probe();
    return new KeptSeat(context, line, first.head.status, moving);
  }

  lastByteMs(): number {
    return this.#quietSinceMs;
  }

  async attempt(waitMs: number): Promise<Tried> {
    if (this.#line.end !== null) return { how: endingOf(this.#line.end) };
    const exchanged = await this.#exchange(waitMs);
    if (exchanged.is === "silent") return { how: "silent" };
    if (exchanged.is === "ended" && exchanged.head === null) return onWrite(exchanged.end);
    const status = exchanged.is === "answered" || exchanged.is === "endless" ? exchanged.head.status : null;
    return status !== null && hopStatuses.has(status) && status !== this.#status ? { how: "answer", code: status } : { how: "alive" };
  }

  /** Another request; TCP's probes are the kernel's. */
  move(): void {
    if (this.#moving === "to_server" && !this.#isBusy) void this.#exchange(this.#context.waitMs);
  }

  close(): void {
    this.#line.close();
  }

  async #exchange(waitMs: number): Promise<Exchanged> {
    this.#isBusy = true;
    const exchanged = await exchange(this.#line, this.#context.request, { waitMs, bodyBytesMax }, this.#context.clock);
    this.#isBusy = false;
    if (exchanged.is === "answered") {
      this.#quietSinceMs = this.#context.clock.monoMs();
      this.#announced = !keepsConnection(exchanged.head);
    }
    this.#listen();
    return exchanged;
  }

  /** What comes unasked is an error that goes before the end, and no activity. */
  #listen(): void {
    this.#said = new AnswerReader();
    this.#line.onBytes = (bytes) => this.#said.read(bytes);
  }

  #endOf(end: LineEnd): SeatEnd {
    const { state } = this.#said;
    if (state.at === "body" || state.at === "done") return { how: "answer", code: state.head.status, atMs: end.atMs };
    return { how: this.#announced ? "announced" : endingOf(end), atMs: end.atMs };
  }
}
