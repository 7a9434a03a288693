/**
 * The longest heartbeat that a silence bears: C1 solved for the period. One formula for the ladder, for lint's advice and for the doctor. Pure.
 */

/** Beats that may be lost, one after the other. */
const lostBeats = 1;
/** By how many tenths of itself a period varies, so that clients do not beat in step. Whole numbers: a tenth is none in binary. */
const jitterTenths = 1;
/** A round trip of users, and two late timers. */
const lateDefaultMs = 3_000;

/** For how long a stream may be silent with one beat lost. */
export const spanMs = (heartbeatMs: number): number => Math.round(((lostBeats + 1) * heartbeatMs * (10 + jitterTenths)) / 10);

/** Rounded down to what people would choose; 0 where none is short enough. */
export function heartbeatFor(silenceMs: number, lateMs = lateDefaultMs): number {
  const longest = ((silenceMs - lateMs) * 10) / ((lostBeats + 1) * (10 + jitterTenths));
  const step = longest >= 60_000 ? 30_000 : longest >= 30_000 ? 5_000 : longest >= 1_000 ? 1_000 : 100;
  return Math.max(0, Math.floor(longest / step) * step);
}
