/**
 * Every metric of guard: its type, labels and meaning. What is shown under these names is in metrics.ts; docs/looking.md has this table.
 * A label must never take a value that a peer can choose: addresses, ids, subjects and names of upgrades are not among them.
 */

export type MetricType = "counter" | "gauge" | "histogram";

export interface MetricDoc {
  readonly type: MetricType;
  readonly labels: readonly string[];
  readonly what: string;
}

const row = (type: MetricType, what: string, ...labels: readonly string[]): MetricDoc => ({ type, labels, what });

export const guardMetricDocs = {
  holdfast_guard_connections: row("gauge", "Connections open now, by listener, protocol and phase", "listener", "protocol", "phase"),
  holdfast_guard_addresses: row("gauge", "Addresses that have connections open, as `perAddressMax` counts them"),
  holdfast_guard_connections_limit: row("gauge", "`connectionsMax`, as the descriptors allow it"),
  holdfast_guard_open_age_seconds: row("histogram", "Ages of the connections open now. It falls, too: read its values, never its rate"),
  holdfast_guard_queued_bytes: row("gauge", "Bytes written by the application that wait for peers to take them"),
  holdfast_guard_descriptors_open: row("gauge", "Open descriptors of the process"),
  holdfast_guard_descriptors_limit: row("gauge", "Their soft limit (`ulimit -n`); absent where the system does not tell"),
  holdfast_guard_heap_used_bytes: row("gauge", "JavaScript heap in use"),
  holdfast_guard_heap_limit_bytes: row("gauge", "Its limit (`--max-old-space-size`)"),
  holdfast_guard_loop_delay_seconds: row("gauge", "How late the event loop was in the last 15 s or more: `stat` is `p50`, `p99` or `max`", "stat"),
  holdfast_guard_ready: row("gauge", "1, and 0 from the beginning of a drain"),
  holdfast_guard_accepted_total: row("counter", "Connections taken"),
  holdfast_guard_refused_total: row("counter", "Connections, upgrades and requests turned away, by code", "code"),
  holdfast_guard_ended_total: row("counter", "Connections that ended, by code and by the side that ended them", "code", "side"),
  holdfast_guard_ended_age_seconds: row("histogram", "Ages of connections at their end"),
  holdfast_guard_silence_before_end_seconds: row("histogram", "For how long the peer had been silent when a connection ended. A spike names a hop"),
  holdfast_guard_silence_spike_seconds: row(
    "gauge",
    "Where the silences pile up after which peers and networks ended connections: `of` is `stream` or `idle`. Absent where they do not",
    "of",
  ),
  holdfast_guard_silence_spike_ratio: row("gauge", "How many of these ends are in that pile, from 0 to 1", "of"),
  holdfast_guard_requests_total: row("counter", "Requests"),
  holdfast_guard_requests_reused_total: row("counter", "Requests on a connection that had served one before"),
  holdfast_guard_requests_late_total: row(
    "counter",
    "Requests on a connection that guard had ended while it was idle: each has failed at its sender, whose timer is the longer one (docs/timeouts.md)",
  ),
  holdfast_guard_reused_ratio: row("gauge", "Requests reused in all requests, since the start; absent without requests"),
  holdfast_guard_requests_per_connection: row("histogram", "Requests that a connection had served at its end"),
  holdfast_guard_tls_handshakes_total: row("counter", "TLS handshakes done: `session` is `new` or `resumed`", "session"),
  holdfast_guard_tls_failures_total: row("counter", "TLS handshakes that failed, by reason", "reason"),
  holdfast_guard_tls_resumed_ratio: row("gauge", "Handshakes that resumed a session, in all that were done, since the start; absent without handshakes"),
  holdfast_guard_log_suppressed_total: row("counter", "Lines about ended connections that were not logged because too many ended at once"),
  holdfast_guard_admin_refused_total: row("counter", "Requests that the admin listener turned away, by code", "code"),
} as const satisfies Record<`holdfast_guard_${string}`, MetricDoc>;

export type GuardMetric = keyof typeof guardMetricDocs;
