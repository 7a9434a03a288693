/**
 * Puts figures into a registry of prom-client: they are read when somebody asks, so that counting costs nothing but a number.
 * prom-client's own classes keep a second count, and their histogram cannot take one that was counted elsewhere.
 */
import type { Metric, Registry } from "prom-client";
import type { Histogram } from "../histogram.ts";
import type { MetricType } from "./metric-docs.ts";

/** One series of a counter or gauge. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a metric shows: a figure, one per label, a histogram, or nothing for now (null). */
export type Figures = number | readonly Sample[] | Histogram | null;

interface Value {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

/** Adds a metric; `read` is called at every scrape. Throws when the registry has one of that name. */
export function expose(registry: Registry, name: string, type: MetricType, help: string, read: () => Figures): void {
  const metric = {
    name,
    help,
    type,
    aggregator: "sum",
    get() {
      return Promise.resolve({ name: metric.name, help, type, aggregator: "sum", values: valuesOf(name, read()) });
    },
    reset() {},
  };
  // What a registry needs of a metric is this much; its types want one of the four classes.
  registry.registerMetric(metric as unknown as Metric);
}

function valuesOf(name: string, figures: Figures): Value[] {
  if (figures === null) return [];
  if (typeof figures === "number") return [{ labels: {}, value: figures }];
  return "bounds" in figures ? bucketsOf(name, figures) : [...figures];
}

function bucketsOf(name: string, { bounds, counts, sum, count }: Histogram): Value[] {
  const values: Value[] = [];
  let below = 0;
  for (const [i, bound] of bounds.entries()) {
    below += counts[i] ?? 0;
    values.push({ metricName: `${name}_bucket`, labels: { le: bound }, value: below });
  }
  values.push({ metricName: `${name}_bucket`, labels: { le: "+Inf" }, value: count });
  values.push({ metricName: `${name}_sum`, labels: {}, value: sum }, { metricName: `${name}_count`, labels: {}, value: count });
  return values;
}
