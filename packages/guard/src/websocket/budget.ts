/**
 * A budget that refills: so many at once, and the same number again over a window. A peer that spends evenly and within the rate is
 * never refused, however its spending falls; a fixed window would refuse some of those. It must never hold more than its size.
 */

export class Budget {
  readonly #size: number;
  readonly #perMs: number;
  #left: number;
  #atMs: number;

  constructor(size: number, windowMs: number, nowMs: number) {
    this.#size = size;
    this.#perMs = size / windowMs;
    this.#left = size;
    this.#atMs = nowMs;
  }

  /** Takes `amount` out; false when more was spent than there was. */
  spend(amount: number, nowMs: number): boolean {
    this.#left = Math.min(this.#size, this.#left + (nowMs - this.#atMs) * this.#perMs) - amount;
    this.#atMs = nowMs;
    return this.#left >= 0;
  }
}
