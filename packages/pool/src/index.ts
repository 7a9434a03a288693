/**
 * The connections that a service opens: HTTP pools, sessions, and what they say of themselves. Names only.
 */
export { type BackendSpec, type BackendStats, Balancer, type PickRequest, type Turn } from "./backends/balancer.ts";
export { type BackendChange, type BackendChangeCode, backendChanges } from "./backends/changes.ts";
export { type BalancedSettings, dispatchBalanced } from "./backends/dispatch.ts";
export type { BackendOutcome } from "./backends/health.ts";
export { type BackendOptions, backendOptionDocs, resolveBackendOptions } from "./backends/options.ts";
export { type PoolCode, type PoolCodeRow, poolCodes } from "./codes.ts";
export { nodeConnector } from "./connect/adapters/node-connector.ts";
export type { Address, Alpn, Connect, Connected, Connector, Lookup, Target, TlsOptions } from "./connect/connector.ts";
export { type EndSide, type PoolEnd, type PoolEndRow, poolEnds } from "./ends.ts";
export { hintMarginMs, keepMsOf, unhintedIdleMs } from "./expiry.ts";
export { HttpPool, httpPool } from "./http/adapters/http-pool.ts";
export { httpPoolMetricDocs } from "./http/metric-docs.ts";
export { httpPoolMetrics, type MetricRegistry } from "./http/metrics.ts";
export { type Http2Choice, type HttpPoolOptions, httpPoolOptionDocs } from "./http/options.ts";
export type { ConnectionRow, OnTrace, OriginStats } from "./http/origin-pool.ts";
export type { HttpPoolStats, HttpPoolTotals } from "./http/totals.ts";
export type { Phases, RequestTrace } from "./phases.ts";
export { type Outcome, PoolError, type PoolErrorDetails } from "./pool-error.ts";
