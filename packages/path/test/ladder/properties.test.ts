/**
 * For random paths: the derived values, declared in the place of what was there, violate nothing, or the plan says what can not be had;
 * planning them again changes nothing; and any one timer of them that is moved past its margin is found.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  apply,
  type DeclaredHop,
  type DeclaredPath,
  type Knob,
  type OwnProduct,
  type Plan,
  planPath,
  products,
  resolveHops,
  type Setting,
  settledPath,
} from "@holdfast/path";
import fc from "fast-check";
import { knob, own, timer } from "../support/own.ts";

const seconds = (least: number, most: number): fc.Arbitrary<number> => fc.integer({ min: least, max: most }).map((amount) => amount * 1_000);
const span = fc.oneof(seconds(1, 10), seconds(5, 120), seconds(60, 4_000));

/** Bounds that a default lies within, as a range of a product does. */
const bounds = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constant({ fixed: true as const }) },
  { weight: 1, arbitrary: fc.constant({ min: 1_000, max: 4_000_000 }) },
);

const idle = (name: string, side: Knob["side"], classes: Knob["classes"] = ["A"]): fc.Arbitrary<Knob> =>
  fc.tuple(span, bounds).map(([ms, more]) => timer(name, classes, side, ms, more));

const silence = fc
  .tuple(span, bounds, fc.constantFrom("to_client" as const, "either" as const), fc.constantFrom("payload" as const, "stream" as const))
  .map(([ms, more, direction, layer]) => timer("silence", ["B", "C"], "server", ms, { ...more, role: "answer", resetBy: { direction, layer } }));

const edge = fc
  .tuple(idle("client idle", "client"), idle("pool idle", "server"), fc.option(silence, { nil: undefined }), fc.boolean(), fc.constantFrom(1, 1_000, 2_000))
  .map(([client, pool, wait, managed, granularityMs]) =>
    own("proxy", [client, pool, ...(wait === undefined ? [] : [wait]), knob("pool", "server", "count", 32, { role: "pool_max", offAt: [0] })], {
      managed,
      granularityMs,
    }),
  );
const coupled = idle("both idle", "both", ["A", "B", "C"]).map((both) =>
  own("balancer", [{ ...both, role: "answer" }], { managed: true, granularityMs: 2_000 }),
);
const box = fc
  .tuple(span, bounds)
  .map(([ms, more]) => own("flow", [timer("flow", ["D"], "through", ms, { ...more, resetBy: { direction: "either", layer: "packet" }, ends: ["silent"] })]));
const app = fc
  .tuple(idle("keep alive", "client"), fc.boolean())
  .map(([keep, buffered]) => own("runtime", [keep, ...(buffered ? [timer("buffer", ["A"], "client", 1_000, { role: "buffer" })] : [])], { granularityMs: 10 }));
const pool = fc
  .tuple(idle("idle", "server"), fc.boolean())
  .map(([ms, probes]) =>
    own("client", [
      ms,
      timer("delay", ["T"], "server", 60_000, { role: "probe_idle" }),
      { ...timer("probes", ["T"], "server", probes), unit: "switch", role: "probe_switch" },
      knob("max", "server", "count", 10, { role: "pool_max" }),
    ]),
  );
const store = fc
  .oneof(idle("session", "client"), fc.constant(timer("session", ["A"], "client", "never")))
  .map((session) => own("database", [session, knob("max_connections", "client", "count", 100, { role: "connections_max", max: 1_000 })]));

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.option(arbitrary, { nil: undefined }).map((one) => (one === undefined ? [] : [one]));

const ownPath: fc.Arbitrary<DeclaredPath> = fc
  .tuple(
    fc.array(fc.oneof(edge, coupled), { minLength: 1, maxLength: 3 }),
    maybe(box),
    app,
    maybe(fc.tuple(pool, maybe(box), store)),
    fc.integer({ min: 1, max: 9 }),
  )
  .map(([front, boxes, runtime, behind, replicas]) => {
    const list: OwnProduct[] = [...front, ...boxes, runtime, ...behind.flatMap(([client, between, database]) => [client, ...between, database])];
    return {
      hops: list.map((_, index): DeclaredHop => ({ name: `h${index}`, product: `p${index}`, values: {}, ...(index === 0 ? {} : { replicas }) })),
      products: Object.fromEntries(list.map((product, index) => [`p${index}`, product])),
    };
  });

/** Hops of the database in any order that makes sense of them, some of their timers declared. */
const knownPath: fc.Arbitrary<DeclaredPath> = fc
  .tuple(
    fc.array(fc.constantFrom(...Object.values(products).filter(({ kind }) => ["cdn", "balancer", "proxy", "flow"].includes(kind))), {
      minLength: 1,
      maxLength: 4,
    }),
    fc.constantFrom(...Object.values(products).filter(({ kind }) => kind === "runtime")),
    fc.infiniteStream(span),
    fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
  )
  .map(([front, runtime, times, dice]) => {
    const values = (knobs: readonly Knob[]): DeclaredHop["values"] =>
      Object.fromEntries(
        knobs
          .filter(({ unit, fixed, role, classes }) => unit === "ms" && fixed !== true && role !== "buffer" && classes.length > 0 && next(dice) < 3)
          .map(({ name, min = 1_000, max = 100_000_000 }) => [name, Math.min(max, Math.max(min, next(times)))]),
      );
    return { hops: [...front, runtime].map((product, index): DeclaredHop => ({ name: `h${index}`, product: product.id, values: values(product.knobs) })) };
  });

const next = <T>(stream: Iterator<T>): T => stream.next().value as T;
const anyPath = fc.oneof(ownPath, knownPath);
const runs = { numRuns: 400 };

const valuesOf = (path: DeclaredPath): unknown => resolveHops(path).map(({ settings }) => settings.map(({ value }) => value));

const told = (plan: Plan): string => plan.violations.map(({ rule, where, inequality }) => `${rule} ${where}: ${inequality}`).join("\n");

describe("derived paths", () => {
  test("violate nothing, or what is impossible is said", () => {
    let mended = 0;
    fc.assert(
      fc.property(anyPath, (path) => {
        const [before, after] = [planPath(path), planPath(settledPath(path))];
        assert.equal(after.violations.length, before.impossible.length, `${told(after)}\nsaid: ${before.impossible.join("; ")}`);
        if (before.violations.length > 0 && after.violations.length === 0) mended += 1;
      }),
      runs,
    );
    // The property would hold for a solver that mends nothing, if it only said so.
    assert.ok(mended > 30, `only ${mended} were mended`);
  });

  test("are what is planned for them: nothing is changed a second time", () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        const settled = settledPath(path);
        assert.deepEqual(
          planPath(settled).derived.filter(({ changed }) => changed),
          [],
        );
        assert.deepEqual(settledPath(settled), settled);
      }),
      runs,
    );
  });

  test("name every value that differs from what was declared", () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        const written = planPath(path)
          .derived.filter(({ changed }) => changed)
          .reduce<DeclaredPath>((each, { hop, knob: name, value }) => apply(each, { hop, knob: name, value }), path);
        assert.deepEqual(valuesOf(written), valuesOf(settledPath(path)));
      }),
      runs,
    );
  });

  test("find any timer of a kept connection that is moved past its margin", () => {
    let moved = 0;
    fc.assert(
      fc.property(anyPath, (path) => {
        const settled = settledPath(path);
        const plan = planPath(settled);
        for (const { senderIdle, receiverIdle, receiverBufferMs, reuse, sender, receiver } of plan.links) {
          if (senderIdle === null || receiverIdle === null || reuse !== true || typeof senderIdle.value !== "number") continue;
          const where = `${sender.name} -> ${receiver.name}`;
          const isFound = (changed: Setting, value: number): void => {
            if (!canMove(changed, value)) return;
            moved += 1;
            const { violations } = planPath(apply(settled, { hop: changed.hop, knob: changed.knob.name, value }));
            assert.ok(
              violations.some((violation) => violation.where === where && ["A1", "A4", "P1"].includes(violation.rule)),
              `${where}: ${changed.knob.name} ${value} was not found`,
            );
          };
          isFound(receiverIdle, senderIdle.value - receiverBufferMs);
          if (typeof receiverIdle.value === "number") isFound(senderIdle, receiverIdle.value + receiverBufferMs);
        }
      }),
      runs,
    );
    assert.ok(moved > 100, `only ${moved} were moved`);
  });

  test("find any timer of silence that is moved below what the heartbeat needs", () => {
    let moved = 0;
    fc.assert(
      fc.property(anyPath, (path) => {
        const settled = settledPath(path);
        const { streams } = planPath(settled);
        const limit = streams.limitedBy;
        const value = Math.floor(streams.heartbeatMs * 2);
        if (limit === null || !canMove(limit, value) || limit.from === "default") return;
        moved += 1;
        const { violations } = planPath({
          ...apply(settled, { hop: limit.hop, knob: limit.knob.name, value }),
          streams: { ...settled.streams, heartbeatMs: streams.heartbeatMs },
        });
        assert.ok(violations.some(({ rule, where }) => rule === "C1" && where === limit.hop));
      }),
      runs,
    );
    assert.ok(moved > 10, `only ${moved} were moved`);
  });
});

const canMove = ({ knob: { fixed, min = 0, max = Number.POSITIVE_INFINITY, zeroIs } }: Setting, value: number): boolean =>
  fixed !== true && value >= min && value <= max && (value > 0 || zeroIs === undefined) && value > 0;
