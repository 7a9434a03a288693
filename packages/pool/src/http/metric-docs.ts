/**
 * Every metric of HTTP pools: its type, labels and meaning; docs/pool.md has this table. No label takes a value that a peer can choose, and
 * origins are not among them: an application may ask thousands.
 */

export interface PoolMetricDoc {
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly what: string;
}

const row = (type: PoolMetricDoc["type"], what: string, ...labels: readonly string[]): PoolMetricDoc => ({ type, labels, what });

export const httpPoolMetricDocs = {
  holdfast_pool_requests_total: row("counter", "Requests that were answered to the end"),
  holdfast_pool_requests_reused_total: row("counter", "Of them on a connection that had carried another before"),
  holdfast_pool_requests_failed_total: row("counter", "Requests that failed once they had an origin"),
  holdfast_pool_requests_refused_total: row("counter", "Requests that no origin took: the pool was closed, or had too many origins"),
  holdfast_pool_requests_repeated_total: row("counter", "Requests sent again because their connection was gone before anything was answered"),
  holdfast_pool_requests_moved_total: row("counter", "Requests that changed to another connection before anything was sent"),
  holdfast_pool_requests_hedged_total: row("counter", "Requests sent a second time because the first was silent"),
  holdfast_pool_connections: row("gauge", "Connections: `state` is `idle`, `lent` or `opening`", "state"),
  holdfast_pool_opened_total: row("counter", "Connections opened"),
  holdfast_pool_ended_total: row("counter", "Connections that ended, by code and by the side that ended them", "code", "side"),
  holdfast_pool_waiting: row("gauge", "Requests that wait for a connection"),
  holdfast_pool_needed: row("gauge", "Connections in use on average over the last minute, by Little's law"),
  holdfast_pool_before_ms: row("histogram", "From the call to the first byte sent: queue, name, TCP and TLS"),
  holdfast_pool_wait_ms: row("histogram", "From there to the first byte of the answer"),
  holdfast_pool_body_ms: row("histogram", "From there to its last byte"),
} as const satisfies Record<`holdfast_pool_${string}`, PoolMetricDoc>;

export type HttpPoolMetric = keyof typeof httpPoolMetricDocs;
