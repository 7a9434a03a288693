/**
 * The world as Node has it. The only file of pool that reaches for the ambient clock and randomness.
 */
import { randomFillSync } from "node:crypto";
import type { Env } from "@holdfast/protocol";

const pool = new Uint32Array(256);
let left = 0;

/** Node's clock, randomness and event loop. */
export const nodeEnv: Env = {
  clock: {
    monoMs: () => performance.now(),
    wallMs: () => Date.now(),
    after: (delayMs, call) => {
      const timer = setTimeout(call, Math.max(0, delayMs));
      return { cancel: () => clearTimeout(timer) };
    },
  },
  rng: {
    u32: () => {
      if (left === 0) {
        randomFillSync(pool);
        left = pool.length;
      }
      left--;
      return pool[left] as number;
    },
  },
  soon: (call) => {
    setImmediate(call);
  },
};

/** The same, but no timer of it keeps the process: what is watched does, as long as it is open. */
export const backgroundEnv: Env = {
  ...nodeEnv,
  clock: {
    ...nodeEnv.clock,
    after: (delayMs, call) => {
      const timer = setTimeout(call, Math.max(0, delayMs));
      timer.unref();
      return { cancel: () => clearTimeout(timer) };
    },
  },
};
