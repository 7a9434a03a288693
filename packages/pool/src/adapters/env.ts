/**
 * The world as Node has it, for pools. One of the few files that reach for the ambient clock and randomness.
 */
import { randomFillSync } from "node:crypto";
import type { Clock } from "@holdfast/protocol";
import type { PoolEnv } from "../pool-env.ts";

const numbers = new Uint32Array(256);
let left = 0;

const clock: Clock = {
  monoMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, Math.max(0, delayMs));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Node's clock, randomness and event loop. What somebody waits for keeps the process; what only looks after idle connections does not. */
export const nodePoolEnv: PoolEnv = {
  clock,
  background: {
    ...clock,
    after: (delayMs, call) => {
      const timer = setTimeout(call, Math.max(0, delayMs)).unref();
      return { cancel: () => clearTimeout(timer) };
    },
  },
  rng: {
    u32: () => {
      if (left === 0) {
        randomFillSync(numbers);
        left = numbers.length;
      }
      left--;
      return numbers[left] as number;
    },
  },
  soon: (call) => {
    setImmediate(call);
  },
};
