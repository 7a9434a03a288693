/**
 * How often something legal but odd may happen in a time. It counts in windows that begin with the first event after the last
 * window ended, so twice the budget can pass around a border, and never more. It must never keep one record per event.
 */

/** The window of every budget of HTTP/2. */
export const budgetWindowMs = 10_000;

/** A budget for one kind of event on one connection. */
export class Budget {
  readonly #max: number;
  #startMs = Number.NEGATIVE_INFINITY;
  #used = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Spends; false when this goes beyond the budget. */
  spend(nowMs: number, amount = 1): boolean {
    if (nowMs - this.#startMs >= budgetWindowMs) {
      this.#startMs = nowMs;
      this.#used = 0;
    }
    this.#used += amount;
    return this.#used <= this.#max;
  }
}
