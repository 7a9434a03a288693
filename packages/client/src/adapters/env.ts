/**
 * The platform's clock, randomness and event loop as an `Env`, for Node 24 and later and for browsers.
 * Timers are ordinary ones: the client arms none while it has nothing to carry, so an idle client lets a process end.
 */
import type { Env } from "@holdfast/protocol";

interface Platform {
  setImmediate?: (call: () => void) => unknown;
}

const pool = new Uint32Array(64);
let drawn = pool.length;

function u32(): number {
  if (drawn === pool.length) {
    crypto.getRandomValues(pool);
    drawn = 0;
  }
  return pool[drawn++] as number;
}

// A page has no setImmediate; its timers are late by at least 1 ms (4 ms when nested), which is short enough for what uses `soon`.
const { setImmediate: immediate } = globalThis as Platform;

/** The world as it is. */
export const platformEnv: Env = {
  clock: {
    monoMs: () => performance.now(),
    wallMs: () => Date.now(),
    after(delayMs, call) {
      // Platforms cut fractions off, and so would be early.
      const timer = setTimeout(call, Math.ceil(delayMs));
      return { cancel: () => clearTimeout(timer) };
    },
  },
  rng: { u32 },
  soon: (call) => void (immediate === undefined ? setTimeout(call, 0) : immediate(call)),
};
