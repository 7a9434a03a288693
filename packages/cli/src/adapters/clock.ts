/**
 * The clock of Node, for the parts of the command that take one.
 */
import type { Clock } from "@holdfast/protocol";

export const nodeClock: Clock = {
  monoMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
