/**
 * What a budget asks of a pool, and of the driver under it. Types only: a pool of any kind can live under a budget by offering these.
 */

/** A pool whose maximum can be set while it works. */
export interface Resizable {
  /** At once: nothing is opened beyond `max` from this call on. What is idle beyond it ends now, what is lent when it comes back. */
  resize(max: number): void;
  /** Connections that are open, being opened or being closed: what the server may be counting. */
  held(): number;
  pressure(): Pressure;
}

/** How badly a pool wants connections. */
export interface Pressure {
  readonly used: number;
  readonly waiting: number;
  readonly waitP95Ms: number;
}

/** A pool that lives under a budget. Before it opens a connection it asks `mayOpen()` of the budget. */
export interface Budgeted extends Resizable {
  /**
   * Lends one of the pool's connections to the budget: before all who wait, opened if the maximum allows. When `signal` aborts, or `run`
   * rejects, the connection is not used again.
   */
  control<T>(run: (query: Query) => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** One statement over one connection, with `$1` (PostgreSQL) or `?` (MySQL) for the values. Never prepared by name: poolers mix those up. */
export type Query = (sql: string, values: readonly unknown[]) => Promise<Result>;

export interface Result {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Rows that a statement changed. */
  readonly affected: number;
}
