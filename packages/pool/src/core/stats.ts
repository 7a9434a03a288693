/**
 * What a pool says of itself: counters that only rise, what is the case now, and the load of the last minute.
 */
import { type PoolEnd, poolEnds } from "../ends.ts";
import type { Load } from "./load.ts";

/** Since the start. `acquired + refused + timedOut + aborted + failed + waiting` is how often somebody asked. */
export interface PoolCounters {
  /** Leases given. */
  acquired: number;
  /** Of them on a connection that had been used before. */
  reused: number;
  opened: number;
  openFailures: number;
  /** Calls refused: `queue_full`, or `closed`. */
  refused: number;
  /** Calls that ended as `acquire_timeout`. */
  timedOut: number;
  /** Calls that the caller took back. */
  aborted: number;
  /** Calls that got the failure of an opening, or were waiting when the pool was closed. */
  failed: number;
  leaks: number;
  /** Times that a `close` of the resource or a listener threw, which they must not. */
  faults: number;
}

export interface PoolStats extends Readonly<PoolCounters>, Load {
  readonly max: number;
  readonly open: number;
  readonly idle: number;
  readonly lent: number;
  /** Silent ones that are being asked whether they still work. */
  readonly checking: number;
  /** How often one was asked, since the start. */
  readonly checks: number;
  readonly opening: number;
  /** Those that end, where the resource says when they have. They take a place like the others. */
  readonly closing: number;
  readonly waiting: number;
  /** Leases on a used connection, of all leases; null before the first. */
  readonly reuseRatio: number | null;
  /** How many connections ended, by why. */
  readonly ends: Readonly<Record<PoolEnd, number>>;
  /** Waits since the start; bounds in ms, not cumulative, the last count is above all bounds. */
  readonly waits: { readonly boundsMs: readonly number[]; readonly counts: readonly number[]; readonly sumMs: number };
  /** How long the oldest lease is held, and the first in the queue waits. */
  readonly longestLentMs: number;
  readonly longestWaitMs: number;
}

export const newCounters = (): PoolCounters => ({
  acquired: 0,
  reused: 0,
  opened: 0,
  openFailures: 0,
  refused: 0,
  timedOut: 0,
  aborted: 0,
  failed: 0,
  leaks: 0,
  faults: 0,
});

export const newEnds = (): Record<PoolEnd, number> => Object.fromEntries(Object.keys(poolEnds).map((end) => [end, 0])) as Record<PoolEnd, number>;
