/**
 * The one timer of a pool that looks after what is idle: it rests while there is nothing to look after, and is never set for each use.
 * Late is fine: what must not be used again is asked at the moment of reuse too.
 */
import type { Clock, Timer } from "@holdfast/protocol";

/** It looks no more often than this, however many connections end one after the other. */
const sweepMsMin = 100;
const sweepMsMax = 2 ** 31 - 1;

export class Sweeper {
  readonly #clock: Clock;
  readonly #look: (nowMs: number) => number;
  #timer: Timer | null = null;
  #atMs = Number.POSITIVE_INFINITY;

  /** `look` does what is due and returns when it wants to look again; `Infinity`: not until `watch`. */
  constructor(clock: Clock, look: (nowMs: number) => number) {
    this.#clock = clock;
    this.#look = look;
  }

  /** Something will be due at `dueMs`. */
  watch(dueMs: number, nowMs: number): void {
    if (dueMs >= this.#atMs || dueMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(sweepMsMax, Math.max(sweepMsMin, Math.ceil(dueMs - nowMs)));
    if (nowMs + delayMs >= this.#atMs) return;
    this.#timer?.cancel();
    this.#atMs = nowMs + delayMs;
    this.#timer = this.#clock.after(delayMs, () => this.#due());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#atMs = Number.POSITIVE_INFINITY;
  }

  #due(): void {
    this.stop();
    const nowMs = this.#clock.monoMs();
    this.watch(this.#look(nowMs), nowMs);
  }
}
