/**
 * The clock of Node, for the doctor. The one file that reaches for the ambient one.
 */
import type { Clock } from "@holdfast/protocol";

export const nodeDoctorClock: Clock = {
  monoMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, Math.max(0, delayMs));
    return { cancel: () => clearTimeout(timer) };
  },
};
