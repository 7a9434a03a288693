/**
 * When the next connection may be opened after some that failed. Pure state: one attempt at a time while things fail, later each time, so
 * that a server that comes back is not met by everyone at once.
 */
import { type Rng, randomFraction } from "@holdfast/protocol";

const firstMs = 100;

export class Backoff {
  readonly #mostMs: number;
  readonly #rng: Rng;
  #failures = 0;
  #untilMs = Number.NEGATIVE_INFINITY;
  #lastError: unknown = null;

  constructor(mostMs: number, rng: Rng) {
    this.#mostMs = mostMs;
    this.#rng = rng;
  }

  /** Whether the last attempt failed. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  get untilMs(): number {
    return this.#untilMs;
  }

  /** What the last attempt failed with; null when it did not. */
  get lastError(): unknown {
    return this.#lastError;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#untilMs = Number.NEGATIVE_INFINITY;
    this.#lastError = null;
  }

  /** Attempts that were under way together and fail together count once: they say the same. */
  failed(nowMs: number, error: unknown): void {
    this.#lastError = error;
    if (nowMs < this.#untilMs) return;
    const wholeMs = Math.min(this.#mostMs, firstMs * 2 ** Math.min(this.#failures, 20));
    this.#failures++;
    this.#untilMs = nowMs + wholeMs / 2 + (wholeMs / 2) * randomFraction(this.#rng);
  }
}
