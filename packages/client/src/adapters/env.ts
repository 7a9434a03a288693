/**
 * The platform's clock and randomness, for Node 24 and later and for browsers.
 * Timers are ordinary ones: the client arms none while it has nothing to carry, so an idle client lets a process end.
 */
import type { ClientEnv } from "../context.ts";

/** The world as the client needs it. */
export const clientEnv: ClientEnv = {
  clock: {
    monoMs: () => performance.now(),
    wallMs: () => Date.now(),
    after(delayMs, call) {
      // Platforms cut fractions off, and so would be early.
      const timer = setTimeout(call, Math.ceil(delayMs));
      return { cancel: () => clearTimeout(timer) };
    },
  },
  rng: { u32: () => crypto.getRandomValues(new Uint32Array(1))[0] as number },
};
