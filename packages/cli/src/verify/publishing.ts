/**
 * Publishes numbered entries through SDK clients at a rate, and writes down what each was answered. It must never give a number twice.
 */
import { type Client, rawJson } from "@holdfast/client";
import { type Clock, HoldfastError, type Timer } from "@holdfast/protocol";
import type { Sent } from "./judge.ts";
import { payloadText } from "./payload.ts";

/** Publishes of one client without an answer; above it nothing is added until some are answered. */
const pendingMax = 1_000;
const tickMs = 20;
/** After the publisher was held up it catches up at most this much at once. */
const burstMax = 200;

/** The streams that one client publishes to. */
export class Publishing {
  readonly sent: readonly Sent[];
  readonly #payloadBytesMax: number;
  readonly #answered: () => void;
  readonly #failed: (stream: string, error: HoldfastError) => void;
  #next = 0;
  pending = 0;

  constructor(streams: readonly string[], payloadBytesMax: number, answered: () => void, failed: (stream: string, error: HoldfastError) => void) {
    this.sent = streams.map((stream) => ({ stream, count: 0, acknowledged: new Map(), failed: [] }));
    this.#payloadBytesMax = payloadBytesMax;
    this.#answered = answered;
    this.#failed = failed;
  }

  /** Publishes the next entry to the next stream; false when too many wait for their answers. */
  publish(client: Client): boolean {
    if (this.pending >= pendingMax) return false;
    const sent = this.sent[this.#next++ % this.sent.length] as Sent;
    const n = sent.count++;
    this.pending++;
    void client
      .publish(sent.stream, rawJson(payloadText(sent.stream, n, this.#payloadBytesMax)))
      .then(
        ({ position }) => sent.acknowledged.set(n, position),
        (thrown: unknown) => {
          const error = HoldfastError.from(thrown);
          sent.failed.push({ n, code: error.code });
          this.#failed(sent.stream, error);
        },
      )
      .then(() => {
        this.pending--;
        this.#answered();
      });
    return true;
  }
}

/** Calls `publish` so often that `perSecond` succeed in a second; a false ends the turn. Returns the way to stop. */
export function feed(clock: Clock, perSecond: number, publish: () => boolean): () => void {
  let startMs = clock.monoMs();
  let count = 0;
  let timer: Timer;
  const tick = (): void => {
    timer = clock.after(tickMs, tick);
    const due = Math.floor(((clock.monoMs() - startMs) * perSecond) / 1_000) - count;
    let done = 0;
    while (done < Math.min(due, burstMax) && publish()) done++;
    count += done;
    if (done === due) return;
    // What could not be published in time is not caught up with: the rate is a rate, not a debt.
    startMs = clock.monoMs();
    count = 0;
  };
  tick();
  return () => timer.cancel();
}
