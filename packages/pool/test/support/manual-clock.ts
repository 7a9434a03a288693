/**
 * A clock that a test moves: nothing happens on it by itself.
 */
import type { Clock } from "@holdfast/protocol";

interface Due {
  readonly atMs: number;
  readonly call: () => void;
}

export class ManualClock implements Clock {
  #nowMs = 0;
  #due: Due[] = [];

  monoMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, call: () => void): { cancel(): void } {
    const due = { atMs: this.#nowMs + delayMs, call };
    this.#due.push(due);
    return {
      cancel: () => {
        this.#due = this.#due.filter((each) => each !== due);
      },
    };
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#due.length;
  }

  /** Moves time on, timer by timer. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#due.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#due = this.#due.filter((each) => each !== next);
      this.#nowMs = next.atMs;
      next.call();
    }
    this.#nowMs = untilMs;
  }
}
