/**
 * What a pool shows to Prometheus, through a registry of prom-client. Everything is read when it is asked for; nothing is counted here.
 */
import { type PoolEnd, poolEnds } from "../ends.ts";
import type { Histogram } from "../histogram.ts";
import { type HttpPoolMetric, httpPoolMetricDocs } from "./metric-docs.ts";
import type { RequestTimes } from "./request-times.ts";
import type { HttpPoolStats } from "./totals.ts";

/** What is needed of a registry: prom-client's has it. */
export interface MetricRegistry {
  registerMetric(metric: never): void;
}

/** What is looked at of a pool. */
export interface LookedPool {
  readonly times: RequestTimes;
  stats(): HttpPoolStats;
}

interface Value {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

type Figures = number | readonly Value[] | Histogram;

/** Adds the pool's metrics to `registry`. Throws when they are in it already. */
export function httpPoolMetrics(pool: LookedPool, registry: MetricRegistry): void {
  const { times } = pool;
  for (const [name, { type, what }] of Object.entries(httpPoolMetricDocs) as [HttpPoolMetric, { type: string; what: string }][]) {
    const get = async () => ({ name, help: what, type, aggregator: "sum", values: valuesOf(name, figures(name, pool.stats(), times)) });
    registry.registerMetric({ name, help: what, type, aggregator: "sum", get, reset: () => {} } as never);
  }
}

function figures(name: HttpPoolMetric, stats: HttpPoolStats, times: RequestTimes): Figures {
  const sum = (pick: (origin: HttpPoolStats["origins"][number]) => number): number => stats.origins.reduce((total, origin) => total + pick(origin), 0);
  switch (name) {
    case "holdfast_pool_requests_total":
      return stats.requests;
    case "holdfast_pool_requests_reused_total":
      return stats.reused;
    case "holdfast_pool_requests_failed_total":
      return stats.failed;
    case "holdfast_pool_requests_refused_total":
      return stats.refused;
    case "holdfast_pool_requests_repeated_total":
      return stats.repeated;
    case "holdfast_pool_requests_moved_total":
      return stats.moved;
    case "holdfast_pool_requests_hedged_total":
      return stats.hedged;
    case "holdfast_pool_connections":
      return (["idle", "lent", "opening"] as const).map((state) => ({ labels: { state }, value: sum(({ connections }) => connections[state]) }));
    case "holdfast_pool_opened_total":
      return stats.opened;
    case "holdfast_pool_ended_total":
      // A series that begins with its first event shows no increase at that event: every code is there from the start.
      return (Object.keys(poolEnds) as PoolEnd[]).map((code) => ({ labels: { code, side: poolEnds[code].side }, value: stats.ends[code] ?? 0 }));
    case "holdfast_pool_waiting":
      return sum(({ waiting }) => waiting);
    case "holdfast_pool_needed":
      return sum(({ needed }) => needed);
    case "holdfast_pool_before_ms":
      return times.before;
    case "holdfast_pool_wait_ms":
      return times.wait;
    case "holdfast_pool_body_ms":
      return times.body;
  }
}

function valuesOf(name: string, shown: Figures): readonly Value[] {
  if (typeof shown === "number") return [{ labels: {}, value: shown }];
  if (!("bounds" in shown)) return shown;
  const values: Value[] = [];
  let below = 0;
  for (const [i, bound] of shown.bounds.entries()) {
    below += shown.counts[i] ?? 0;
    values.push({ metricName: `${name}_bucket`, labels: { le: bound }, value: below });
  }
  values.push({ metricName: `${name}_bucket`, labels: { le: "+Inf" }, value: shown.count });
  return [...values, { metricName: `${name}_sum`, labels: {}, value: shown.sum }, { metricName: `${name}_count`, labels: {}, value: shown.count }];
}
