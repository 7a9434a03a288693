/**
 * An `Env` whose time moves only when it is told to, or when nothing but a short timer is left to wait for.
 * So a suite never sleeps: delays of an engine's own making pass at once, and hours of retention pass in one call.
 */
import type { Env, Timer } from "@holdfast/protocol";

/** An `Env` with its hands on the clock. */
export interface VirtualEnv extends Env {
  /** Lets time pass, running each timer at its moment, with a turn of the real event loop after each. */
  advance(ms: number): Promise<void>;
  /** Moves the wall clock alone, in either direction, as an operator or a time server does. */
  jumpWall(ms: number): void;
  /** Timers that have not run. */
  readonly pendingTimers: number;
}

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly call: () => void;
  /** Runs by itself, because it is short. */
  readonly auto: boolean;
}

/** Timers up to this long run by themselves, one per turn of the event loop, and take the clock along. */
const autoMsMax = 1_000;
const startWallMs = Date.UTC(2030, 0, 1);

/** Makes a virtual world. The same seed gives the same random numbers. */
export function virtualEnv(seed: number): VirtualEnv {
  const world = new VirtualClock();
  return {
    clock: {
      monoMs: () => world.nowMs,
      wallMs: () => world.nowMs + world.wallShiftMs,
      after: (delayMs, call) => world.after(delayMs, call),
    },
    rng: { u32: mulberry32(seed) },
    soon: (call) => void setImmediate(call),
    advance: (ms) => world.advance(ms),
    jumpWall: (ms) => {
      world.wallShiftMs += ms;
    },
    get pendingTimers() {
      return world.pending;
    },
  };
}

class VirtualClock {
  nowMs = 0;
  wallShiftMs = startWallMs;
  readonly #timers = new Set<Pending>();
  #order = 0;
  #turning = false;

  get pending(): number {
    return this.#timers.size;
  }

  after(delayMs: number, call: () => void): Timer {
    const timer: Pending = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, call, auto: delayMs <= autoMsMax };
    this.#timers.add(timer);
    this.#turn();
    return { cancel: () => void this.#timers.delete(timer) };
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (let due = this.#first(({ atMs }) => atMs <= untilMs); due !== undefined; due = this.#first(({ atMs }) => atMs <= untilMs)) {
      this.#run(due);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Runs short timers as long as there are any, one per turn of the event loop. */
  #turn(): void {
    if (this.#turning || this.#first(({ auto }) => auto) === undefined) return;
    this.#turning = true;
    setImmediate(() => {
      this.#turning = false;
      const auto = this.#first((timer) => timer.auto);
      // A longer timer whose time comes first goes first.
      const first = auto === undefined ? undefined : this.#first(({ atMs }) => atMs <= auto.atMs);
      if (first !== undefined) this.#run(first);
      this.#turn();
    });
  }

  #run(timer: Pending): void {
    this.#timers.delete(timer);
    this.nowMs = Math.max(this.nowMs, timer.atMs);
    timer.call();
  }

  /** The timer that runs first among those that match. */
  #first(matches: (timer: Pending) => boolean): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#timers) {
      if (!matches(timer)) continue;
      if (first === undefined || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order)) first = timer;
    }
    return first;
  }
}

/** Mulberry32: small, and good enough to choose among faults. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
