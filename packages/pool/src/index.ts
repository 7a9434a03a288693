/**
 * The connections that a service opens: HTTP pools, sessions, and what they say of themselves. Names only.
 */
export { type PoolCode, type PoolCodeRow, poolCodes } from "./codes.ts";
export { type EndSide, type PoolEnd, type PoolEndRow, poolEnds } from "./ends.ts";
export { hintMarginMs, keepMsOf, unhintedIdleMs } from "./expiry.ts";
export type { Phases, RequestTrace } from "./phases.ts";
export { type Outcome, PoolError, type PoolErrorDetails } from "./pool-error.ts";
