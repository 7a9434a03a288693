/**
 * Time that passes only when nobody has anything to do: minutes of waiting in no time at all. For code that takes a clock.
 */
import type { Clock } from "@holdfast/protocol";

interface Due {
  readonly atMs: number;
  readonly call: () => void;
}

export class VirtualTime {
  nowMs = 0;
  readonly clock: Clock;
  readonly #due = new Set<Due>();

  constructor() {
    this.clock = {
      monoMs: () => this.nowMs,
      wallMs: () => this.nowMs,
      after: (delayMs, call) => {
        const due = { atMs: this.nowMs + Math.max(0, delayMs), call };
        this.#due.add(due);
        return { cancel: () => void this.#due.delete(due) };
      },
    };
  }

  /** Lets time pass until the promise is settled. Rejects when it can not be, because nothing is due any more. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => {
      isSettled = true;
    });
    settled.catch(() => {});
    for (;;) {
      // Promises that are resolved lead to others: a turn of the event loop lets all of them go on.
      await new Promise((resolve) => setImmediate(resolve));
      if (isSettled) return await settled;
      const [next] = [...this.#due].sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) throw new Error("nothing is due any more, and nothing is settled");
      this.#due.delete(next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.call();
    }
  }
}
