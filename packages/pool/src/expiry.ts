/**
 * Until when may a connection be used again? The first ladder rule (A1), from the side that sends: it must give up before the side that
 * receives does. Pure arithmetic on times that are passed in; asked again at the moment of reuse, because timers fire late.
 */
import type { PoolEnd } from "./ends.ts";

/** Margin beneath a server's hint where no round trip is known: servers look at their timers once a second. */
export const hintMarginMs = 1_000;
/** How long an idle connection may be relied on where the server says nothing: Node closes after 5 s, gunicorn after 2 s. */
export const unhintedIdleMs = 4_000;
/** The longest a server's hint is believed: what lies between may forget sooner than it. */
const hintMsMax = 600_000;

/** What a connection is allowed. `Infinity` where a limit is switched off. */
export interface Limits {
  readonly idleMs: number;
  /** Longest time for which one is relied on, whatever the server said. */
  readonly keepMsMax: number;
  readonly ageMs: number;
  readonly requestsMax: number;
}

/** What is known of one connection when it comes free. Times are of one monotonic clock. */
export interface Use {
  readonly openedMs: number;
  readonly idleSinceMs: number;
  readonly uses: number;
  /** What the server said of keeping it, less the margin; null: nothing. It is used instead of `idleMs`. */
  readonly keepMs: number | null;
}

/**
 * How long to rely on a server that said that it keeps an idle connection for `hintMs`: A1 with `m = max(2 RTT + 1 s, a tenth)`. 0: not at all.
 * The round trip counts twice, because the server's timer started before its answer came here, and the next request needs its time too.
 */
export function keepMsOf(hintMs: number, rttMs = 0): number {
  const believedMs = Math.min(hintMs, hintMsMax);
  const marginMs = Math.max(2 * rttMs + hintMarginMs, believedMs / 10);
  return Math.max(0, believedMs - marginMs);
}

/** The limits of one connection: up to `jitterPercent` sooner, so that what was opened together does not end together. Never later. `fraction` is in [0, 1). */
export function jittered(limits: Limits, jitterPercent: number, fraction: number): Limits {
  const factor = 1 - (jitterPercent / 100) * fraction;
  return { ...limits, idleMs: limits.idleMs * factor, ageMs: limits.ageMs * factor };
}

const lastsMs = ({ keepMs }: Use, { idleMs, keepMsMax }: Limits): number => Math.min(keepMs ?? idleMs, keepMsMax);

/** The moment from which an idle connection must not be used again. */
export function reusableUntilMs(use: Use, limits: Limits): number {
  if (use.uses >= limits.requestsMax) return use.idleSinceMs;
  return Math.min(use.idleSinceMs + lastsMs(use, limits), use.openedMs + limits.ageMs);
}

/** Why a connection must not be used (again) at `nowMs`; null: it may. */
export function expiredBy(use: Use, limits: Limits, nowMs: number): PoolEnd | null {
  if (use.uses >= limits.requestsMax) return "requests_limit";
  if (nowMs - use.openedMs >= limits.ageMs) return "age_limit";
  return nowMs - use.idleSinceMs >= lastsMs(use, limits) ? "idle_limit" : null;
}
