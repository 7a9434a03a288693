/**
 * How fast new connections are taken: a token bucket, and for each refusal a slot of its own in the future. Whoever comes back at its
 * slot finds room, so that a herd is spread instead of turned away again and again. Pure.
 */

export interface Admitted {
  readonly ok: true;
}
export interface Later {
  readonly ok: false;
  /** When to come again. */
  readonly afterMs: number;
}

/** Slots reach no further: whoever is told a longer time does not wait for it. */
const slotMsMax = 60_000;

export class Admission {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;
  /** When the next slot begins that nobody was promised. */
  #slotMs: number;

  /** `perSecond` are taken on average, `burst` of them at once. */
  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perMs = perSecond / 1_000;
    this.#burst = this.#tokens = burst;
    this.#atMs = this.#slotMs = nowMs;
  }

  ask(nowMs: number): Admitted | Later {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    if (this.#tokens >= 1) {
      this.#tokens--;
      return { ok: true };
    }
    const nextMs = nowMs + (1 - this.#tokens) / this.#perMs;
    this.#slotMs = Math.min(Math.max(this.#slotMs + 1 / this.#perMs, nextMs), nowMs + slotMsMax);
    return { ok: false, afterMs: Math.ceil(this.#slotMs - nowMs) };
  }
}
