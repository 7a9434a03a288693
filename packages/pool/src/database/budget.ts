/**
 * What a pool needs of a budget that it lives under. Types only: the pool knows nothing of replicas and leases.
 */
import type { Budgeted, Query } from "../budget/seam.ts";

/** What decides on a pool's maximum. */
export interface PoolBudget {
  /** Given to each connection as its name; null: none. */
  readonly applicationName: string | null;
  /** Asked right before a connection is opened. After a no, `resize` makes the pool ask again. */
  mayOpen(): boolean;
  /** Called with each new connection before its first use. */
  mark(query: Query): Promise<void>;
  /** Begins to set the maximum of `pool`, up to `max`. */
  join(pool: Budgeted, max: number): void;
  /** Called when the pool takes no more calls. */
  leave(): Promise<void>;
}
