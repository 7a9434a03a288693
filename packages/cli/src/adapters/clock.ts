/**
 * The clock of Node, for the parts of the command that take one.
 */
import type { Clock } from "@holdfast/protocol";

export const nodeClock: Clock = {
  monoMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayMs, call) => {
    // A due time that has just passed is not worth a warning of Node's.
    const timer = setTimeout(call, Math.max(0, delayMs));
    return { cancel: () => clearTimeout(timer) };
  },
};
