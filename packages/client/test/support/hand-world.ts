/**
 * A world moved by hand: two clocks, timers that run when time is moved, seeded randomness.
 * Time moves only in `advance`, and between two timers everything that promises wait for is let run.
 */
import type { Env } from "@holdfast/protocol";

interface Armed {
  readonly atMs: number;
  readonly order: number;
  readonly call: () => void;
}

export class HandWorld {
  nowMs = 1_000;
  #wallOffsetMs = 1_700_000_000_000;
  #order = 0;
  #state: number;
  readonly #timers = new Set<Armed>();
  readonly env: Env;

  constructor(seed = 1) {
    this.#state = seed >>> 0 || 1;
    this.env = {
      clock: {
        monoMs: () => this.nowMs,
        wallMs: () => this.nowMs + this.#wallOffsetMs,
        after: (delayMs, call) => {
          if (!(delayMs >= 0 && delayMs < 2 ** 31)) throw new RangeError(`a platform's timer cannot hold ${delayMs} ms`);
          const timer = { atMs: this.nowMs + delayMs, order: this.#order++, call };
          this.#timers.add(timer);
          return { cancel: () => void this.#timers.delete(timer) };
        },
      },
      rng: { u32: () => this.#u32() },
      soon: (call) => void this.env.clock.after(0, call),
    };
  }

  // xorshift32 is enough to spread delays and ids; tests print its seed.
  #u32(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /** A fraction in [0, 1) from the same source. */
  random(): number {
    return this.#u32() / 2 ** 32;
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Moves both clocks, running timers in order, each at its time. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    await settle();
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.atMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      this.#run(next);
      await settle();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** The event loop stands still: time passes, no timer runs until the next `advance`. */
  stall(ms: number): void {
    this.nowMs += ms;
  }

  /** The machine sleeps: only the wall clock goes on. */
  sleep(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  #next(): Armed | undefined {
    let least: Armed | undefined;
    for (const timer of this.#timers) {
      if (least === undefined || timer.atMs < least.atMs || (timer.atMs === least.atMs && timer.order < least.order)) least = timer;
    }
    return least;
  }

  #run(timer: Armed): void {
    this.#timers.delete(timer);
    timer.call();
  }
}

/** Lets everything run that only waits for promises. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
