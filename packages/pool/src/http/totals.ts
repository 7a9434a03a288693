/**
 * All origins of a pool in one row of numbers. Pure.
 */
import type { PoolEnd } from "../ends.ts";
import type { OriginStats } from "./origin-pool.ts";

/** Counters that only rise: those of origins that have left are in them. */
export interface HttpPoolTotals {
  readonly requests: number;
  readonly reused: number;
  readonly failed: number;
  readonly repeated: number;
  readonly moved: number;
  readonly hedged: number;
  readonly opened: number;
  readonly ends: Readonly<Partial<Record<PoolEnd, number>>>;
}

export interface HttpPoolStats extends HttpPoolTotals {
  /** Null before the first request. */
  readonly reuseRatio: number | null;
  /** Requests that no origin took: the pool was closed, or had too many. */
  readonly refused: number;
  readonly tlsSessions: number;
  readonly originsLeft: number;
  /** Those that are there now. */
  readonly origins: readonly OriginStats[];
}

export const noTotals: HttpPoolTotals = { requests: 0, reused: 0, failed: 0, repeated: 0, moved: 0, hedged: 0, opened: 0, ends: {} };

/** `before` with one origin more. */
export function withOrigin(before: HttpPoolTotals, origin: OriginStats): HttpPoolTotals {
  const ends: Partial<Record<PoolEnd, number>> = { ...before.ends };
  for (const [end, count] of Object.entries(origin.connections.ends) as [PoolEnd, number][]) ends[end] = (ends[end] ?? 0) + count;
  return {
    requests: before.requests + origin.requests,
    reused: before.reused + origin.reused,
    failed: before.failed + origin.failed,
    repeated: before.repeated + origin.repeated,
    moved: before.moved + origin.moved,
    hedged: before.hedged + origin.hedged,
    opened: before.opened + origin.connections.opened,
    ends,
  };
}

/** What serves one origin in two ways, in one row. What is no count is the first one's. */
export function bothOrigins(first: OriginStats, second: OriginStats): OriginStats {
  const { requests, reused, failed, repeated, moved, hedged, opened, ends } = withOrigin(withOrigin(noTotals, first), second);
  const [a, b] = [first.connections, second.connections];
  return {
    ...first,
    ...{ requests, reused, failed, repeated, moved, hedged },
    reuseRatio: requests === 0 ? null : reused / requests,
    connections: { max: a.max, open: a.open + b.open, idle: a.idle + b.idle, lent: a.lent + b.lent, opening: a.opening + b.opening, opened, ends },
    waiting: first.waiting + second.waiting,
    needed: first.needed + second.needed,
    arrivalsPerSecond: first.arrivalsPerSecond + second.arrivalsPerSecond,
  };
}
