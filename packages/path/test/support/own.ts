/**
 * Products for tests of the ladder: hops with exactly the knobs that a test is about, so that a row of the database may change without it.
 */
import type { Knob, OwnProduct, Product, TimerClass, Value } from "@holdfast/path";

const origin = { grade: "read", source: "this test", date: "2026-11" } as const;

/** A timer. */
export const timer = (name: string, classes: readonly TimerClass[], side: Knob["side"], ms: Value, more: Partial<Knob> = {}): Knob => ({
  name,
  classes,
  side,
  unit: "ms",
  default: ms,
  ...origin,
  ...more,
});

/** A limit or a switch. */
export const knob = (name: string, side: Knob["side"], unit: Knob["unit"], value: Value, more: Partial<Knob> = {}): Knob => ({
  name,
  classes: [],
  side,
  unit,
  default: value,
  ...origin,
  ...more,
});

export const own = (kind: Product["kind"], knobs: readonly Knob[], more: Partial<OwnProduct> = {}): OwnProduct => ({
  name: "a hop of the test",
  kind,
  knobs,
  ...more,
});

const answer = { role: "answer" } as const;
const bytesOfStream = { resetBy: { direction: "either", layer: "stream" } } as const;

/** The hops of the worked example, with the figures that it gives them. */
export const worked: Readonly<Record<string, OwnProduct>> = {
  edge: own(
    "cdn",
    [
      timer("client idle", ["A"], "client", 400_000, { fixed: true }),
      timer("origin idle", ["A"], "server", 900_000, { fixed: true }),
      timer("origin read", ["B"], "server", 120_000, { ...answer, fixed: true }),
    ],
    { managed: true, granularityMs: 2_000 },
  ),
  balancer: own("balancer", [timer("idle", ["A", "B", "C"], "both", 60_000, { min: 1_000, max: 4_000_000, ...answer, ...bytesOfStream })], {
    managed: true,
    granularityMs: 2_000,
  }),
  proxy: own(
    "proxy",
    [
      timer("keepalive_timeout", ["A"], "client", 75_000, { zeroIs: "off" }),
      timer("upstream keepalive_timeout", ["A"], "server", 60_000),
      timer("read_timeout", ["B", "C"], "server", 60_000, { ...answer, resetBy: { direction: "to_client", layer: "payload" } }),
      knob("upstream keepalive", "server", "count", 32, { role: "pool_max", zeroIs: "off", offAt: [0] }),
    ],
    { granularityMs: 1, retries: "idempotent" },
  ),
  app: own(
    "runtime",
    [timer("keepAliveTimeout", ["A"], "client", 5_000, { zeroIs: "never" }), timer("keepAliveTimeoutBuffer", ["A"], "client", 1_000, { role: "buffer" })],
    { granularityMs: 10 },
  ),
  nat: own("flow", [timer("tcp idle", ["D"], "through", 350_000, { fixed: true, ends: ["rst_on_write"], resetBy: { direction: "either", layer: "packet" } })], {
    managed: true,
    granularityMs: 1_000,
  }),
};
