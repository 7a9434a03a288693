/**
 * The platform's clock and randomness, as little of them as a link needs. Timers are ordinary ones: a link on its way keeps a process.
 */
import type { Clock } from "@holdfast/protocol";

/** A clock, and fractions in [0, 1). */
export interface World extends Clock {
  random(): number;
}

/** The world as it is. Jitter needs no secrecy. */
export const world: World = {
  monoMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, call) {
    const timer = setTimeout(call, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  random: Math.random,
};
