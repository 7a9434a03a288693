/**
 * A world whose time moves only when a test says so; its random numbers follow from a seed. Timers run in the order of their times.
 */
import type { Timer } from "@holdfast/protocol";
import type { PoolEnv } from "../../src/pool-env.ts";

export interface VirtualEnv extends PoolEnv {
  /** Lets time pass, timer by timer, with a turn of the real event loop before and after each. */
  advance(ms: number): Promise<void>;
  /** Lets time pass as on a busy machine: timers are late. */
  stall(ms: number): Promise<void>;
  /** Timers that have not run. */
  readonly pending: number;
}

interface Pending {
  readonly atMs: number;
  readonly call: () => void;
}

/** Lets everything that waits for nothing but promises happen. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function virtualEnv(seed = 1): VirtualEnv {
  const timers = new Set<Pending>();
  let nowMs = 0;
  let state = seed >>> 0;
  const next = (untilMs: number): Pending | null => {
    let first: Pending | null = null;
    for (const timer of timers) if (timer.atMs <= untilMs && (first === null || timer.atMs < first.atMs)) first = timer;
    return first;
  };
  return {
    clock: {
      monoMs: () => nowMs,
      wallMs: () => nowMs,
      after: (delayMs, call): Timer => {
        const timer = { atMs: nowMs + Math.max(0, delayMs), call };
        timers.add(timer);
        return { cancel: () => void timers.delete(timer) };
      },
    },
    rng: {
      u32: () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state;
      },
    },
    soon: (call) => void setImmediate(call),
    async advance(ms) {
      await settled();
      const untilMs = nowMs + ms;
      for (let timer = next(untilMs); timer !== null; timer = next(untilMs)) {
        timers.delete(timer);
        nowMs = Math.max(nowMs, timer.atMs);
        timer.call();
        await settled();
      }
      nowMs = untilMs;
      await settled();
    },
    async stall(ms) {
      await settled();
      nowMs += ms;
    },
    get pending() {
      return timers.size;
    },
  };
}
