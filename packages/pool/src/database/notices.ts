/**
 * What a database pool says to whoever runs it, one sentence each, and how often: a pool under overload must not fill a log. What is not
 * said is counted.
 */
import type { Clock } from "@holdfast/protocol";

const everyMs = 10_000;

export type NoticeKind = "leak" | "server_idle_limit" | "pooler" | "left_open";

export class Notices {
  readonly #clock: Clock;
  readonly #say: (line: string) => void;
  readonly #saidMs = new Map<NoticeKind, number>();
  suppressed = 0;

  constructor(clock: Clock, say: (line: string) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  /** Says it, unless one of its kind was said less than 10 s ago. */
  tell(kind: NoticeKind, line: string): void {
    const nowMs = this.#clock.monoMs();
    if (nowMs - (this.#saidMs.get(kind) ?? Number.NEGATIVE_INFINITY) < everyMs) {
      this.suppressed++;
      return;
    }
    this.#saidMs.set(kind, nowMs);
    this.#say(line);
  }
}
