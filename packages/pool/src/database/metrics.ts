/**
 * What database pools show to Prometheus. Everything is read when it is asked for; nothing is counted here. The registry is the
 * application's own, of prom-client: only one method of it is used.
 */
import { poolEnds } from "../ends.ts";
import type { DatabaseStats } from "./database-pool.ts";
import { type PoolMetric, poolMetricDocs } from "./metric-docs.ts";

/** What is used of a registry of prom-client. */
export interface MetricRegistry {
  // biome-ignore lint/suspicious/noExplicitAny: its types want one of four classes, which cannot take what is counted elsewhere.
  registerMetric(metric: any): void;
}

/** What is looked at of a pool. */
export interface Looked {
  stats(): DatabaseStats;
}

interface Value {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

type Read = (stats: DatabaseStats) => readonly Value[];

/** Adds the metrics of `pools`, by their names, to `registry`. Throws when they are in it already: give all pools at once. */
export function poolMetrics(registry: MetricRegistry, pools: Readonly<Record<string, Looked>>): void {
  for (const [name, read] of Object.entries(readers) as [PoolMetric, Read][]) {
    const { type, what: help } = poolMetricDocs[name];
    const values = (): Value[] =>
      Object.entries(pools).flatMap(([pool, looked]) => read(looked.stats()).map((value) => ({ ...value, labels: { pool, ...value.labels } })));
    registry.registerMetric({
      name,
      help,
      type,
      aggregator: "sum",
      get: async () => ({ name, help, type, aggregator: "sum", values: values() }),
      reset: () => undefined,
    });
  }
}

const one = (value: number): readonly Value[] => [{ labels: {}, value }];
const each = (label: string, values: Readonly<Record<string, number>>): readonly Value[] =>
  Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));

const readers: Readonly<Record<PoolMetric, Read>> = {
  holdfast_pool_connections: ({ idle, lent, checking, open, held, opening }) => {
    // An opening may wait for a place that one which is closing still takes.
    const placed = Math.min(opening, Math.max(0, held - open));
    return each("state", { idle, lent, checking, opening: placed, closing: Math.max(0, held - open - placed) });
  },
  holdfast_pool_connections_limit: ({ max }) => one(max),
  holdfast_pool_needed: ({ needed }) => one(needed),
  holdfast_pool_waiting: ({ waiting }) => one(waiting),
  holdfast_pool_wait_seconds: ({ waits }) => waitsOf(waits),
  holdfast_pool_acquired_total: ({ acquired }) => one(acquired),
  holdfast_pool_reused_total: ({ reused }) => one(reused),
  holdfast_pool_unserved_total: ({ timedOut, refused, aborted, failed }) => each("outcome", { timed_out: timedOut, refused, aborted, failed }),
  holdfast_pool_opened_total: ({ opened }) => one(opened),
  holdfast_pool_open_failures_total: ({ openFailures }) => one(openFailures),
  holdfast_pool_ended_total: ({ ends }) =>
    (Object.keys(poolEnds) as (keyof typeof poolEnds)[]).map((code) => ({ labels: { code, side: poolEnds[code].side }, value: ends[code] })),
  holdfast_pool_checks_total: ({ checks }) => one(checks),
  holdfast_pool_leaks_total: ({ leaks }) => one(leaks),
};

function waitsOf({ boundsMs, counts, sumMs }: DatabaseStats["waits"]): Value[] {
  const name = "holdfast_pool_wait_seconds" satisfies PoolMetric;
  const values: Value[] = [];
  let below = 0;
  for (const [i, boundMs] of boundsMs.entries()) {
    below += counts[i] ?? 0;
    values.push({ metricName: `${name}_bucket`, labels: { le: boundMs / 1_000 }, value: below });
  }
  const count = below + (counts[boundsMs.length] ?? 0);
  values.push({ metricName: `${name}_bucket`, labels: { le: "+Inf" }, value: count });
  values.push({ metricName: `${name}_sum`, labels: {}, value: sumMs / 1_000 }, { metricName: `${name}_count`, labels: {}, value: count });
  return values;
}
