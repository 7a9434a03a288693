/**
 * The times of a lease, all from its one option. Pure; the order between them is what makes a share safe to give on.
 *
 *   look asked ──── renewMs ──── renewMs ──── renewMs ─┐ ttl (database's clock) ── grace ──────── return ────── busy
 *                renewed      again        again   │   │ idle ones are ended     what is not    its seat     what works
 *                                                  └ the replica stops, before   seen is given  is given     is ended
 *                                                    anybody else may act        on             on
 */

export interface LeaseTimes {
  readonly ttlMs: number;
  readonly renewMs: number;
  /** The replica's own end of its lease, from before it asked: clocks may run a tenth apart. */
  readonly heldMs: number;
  /** After the lease's end: a connection that was being opened when the replica stopped has shown itself, or failed, by then. */
  readonly graceMs: number;
  /** After the lease's end one connection stays kept for the replica's return. */
  readonly returnMs: number;
  /** After the lease's end a connection in the middle of a statement is left alone. */
  readonly busyMs: number;
  /** One request to the database. */
  readonly callMs: number;
}

export function leaseTimes(ttlMs: number): LeaseTimes {
  const third = Math.floor(ttlMs / 3);
  return {
    ttlMs,
    renewMs: third,
    heldMs: ttlMs - Math.ceil(ttlMs / 10),
    graceMs: Math.min(1_000, third),
    returnMs: ttlMs,
    busyMs: 2 * ttlMs,
    callMs: third,
  };
}
