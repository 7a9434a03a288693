/**
 * What a pool needs of a budget that it lives under, and what it offers to one. Types only: the pool knows nothing of replicas and leases.
 */

/** What a statement answered. */
export interface StatementResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Rows that it changed. */
  readonly affected: number;
}

/** One statement over one connection, with the driver's own marks for the values. Never prepared by name. */
export type Statement = (sql: string, values: readonly unknown[]) => Promise<StatementResult>;

/** How badly a pool wants connections. */
export interface DatabasePressure {
  readonly used: number;
  readonly waiting: number;
  readonly waitP95Ms: number;
}

/** What a pool offers to its budget. */
export interface BudgetedPool {
  resize(max: number): void;
  /** Connections that are open, being opened or being closed. */
  held(): number;
  pressure(): DatabasePressure;
  /** Lends a connection before all who wait. It is not used again when the signal is aborted, or what `run` rejects with is no answer of the server. */
  control<R>(run: (statement: Statement) => Promise<R>, signal: AbortSignal): Promise<R>;
}

/** What decides on a pool's maximum. */
export interface PoolBudget {
  /** Given to each connection as its name; null: none. */
  readonly applicationName: string | null;
  /** Asked right before a connection is opened. After a no, `resize` makes the pool ask again. */
  mayOpen(): boolean;
  /** Called with each new connection before its first use. */
  mark(statement: Statement): Promise<void>;
  join(pool: BudgetedPool, max: number): void;
  leave(): Promise<void>;
}
