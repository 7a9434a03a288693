/**
 * Every metric of a database pool: its type, labels and meaning. What is shown under these names is in metrics.ts; docs/databases.md has this
 * table. A label never takes a value that a peer can choose.
 */

export type PoolMetricType = "counter" | "gauge" | "histogram";

export interface PoolMetricDoc {
  readonly type: PoolMetricType;
  readonly labels: readonly string[];
  readonly what: string;
}

const row = (type: PoolMetricType, what: string, ...labels: readonly string[]): PoolMetricDoc => ({ type, labels: ["pool", ...labels], what });

export const poolMetricDocs = {
  holdfast_pool_connections: row("gauge", "Connections now: `idle`, `lent`, `checking`, `opening` or `closing`. Together what the server counts", "state"),
  holdfast_pool_connections_limit: row("gauge", "The maximum now: `max`, or the share that a budget gives"),
  holdfast_pool_needed: row("gauge", "Connections needed by Little's law: arrivals per second times the mean time for which one is lent, over the last minute"),
  holdfast_pool_waiting: row("gauge", "Calls that wait for a connection"),
  holdfast_pool_wait_seconds: row("histogram", "How long calls waited that got one"),
  holdfast_pool_acquired_total: row("counter", "Connections lent"),
  holdfast_pool_reused_total: row("counter", "Of them, lent before"),
  holdfast_pool_unserved_total: row(
    "counter",
    "Calls that got none: `timed_out`, `refused` (`queue_full`, `closed`), `aborted` by the caller, or `failed` with an opening",
    "outcome",
  ),
  holdfast_pool_opened_total: row("counter", "Connections opened"),
  holdfast_pool_open_failures_total: row("counter", "Openings that failed"),
  holdfast_pool_ended_total: row("counter", "Connections that ended, by code and by the side that ended them", "code", "side"),
  holdfast_pool_checks_total: row("counter", "Questions whether a silent connection still works"),
  holdfast_pool_leaks_total: row("counter", "Connections that were lent for longer than `leakMs`"),
} as const satisfies Record<`holdfast_pool_${string}`, PoolMetricDoc>;

export type PoolMetric = keyof typeof poolMetricDocs;
