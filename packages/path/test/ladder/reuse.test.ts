import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DeclaredHop, type DeclaredPath, type OwnProduct, planPath, type Violation } from "@holdfast/path";
import { own, timer, worked } from "../support/own.ts";

const hop = (name: string, values: DeclaredHop["values"] = {}, more: Partial<DeclaredHop> = {}): DeclaredHop => ({ name, product: name, values, ...more });
const path = (...hops: DeclaredHop[]): DeclaredPath => ({ hops, products: worked });
const of = (rule: string, violations: readonly Violation[]): Violation[] => violations.filter((each) => each.rule === rule);

describe("reuse", () => {
  test("a pool of 75 s in front of a server that keeps 65 s and adds one is a race of known size, with both ways out", () => {
    const plan = planPath(path(hop("proxy", { "upstream keepalive_timeout": 75_000 }), hop("app", { keepAliveTimeout: 65_000 })));
    const [race] = of("A1", plan.violations);
    assert.equal(race?.inequality, "75 s + 7.5 s <= 66 s");
    assert.equal(race?.severity, "error");
    assert.equal(race?.code, "keepalive_race");
    assert.match(race?.title ?? "", /POST/);
    assert.deepEqual(
      race?.fixes.map(({ hop: name, knob, value }) => [name, knob, value]),
      [
        ["app", "keepAliveTimeout", 83_000],
        ["proxy", "upstream keepalive_timeout", 60_000],
        ["proxy", "upstream keepalive", 0],
      ],
    );
    assert.match(race?.fixes[0]?.cost ?? "", /descriptors and memory/);
    assert.match(race?.fixes[1]?.cost ?? "", /handshake/);
  });

  test("the default pool of a minute in front of Node's 5 s is a race, and 4 s would do", () => {
    const [race] = of("A1", planPath(path(hop("proxy"), hop("app"))).violations);
    assert.equal(race?.inequality, "60 s + 6 s <= 6 s");
    assert.deepEqual(race?.fixes.map(({ value }) => value).slice(0, 2), [66_000, 4_000]);
  });

  test("a knob that is a hop's wait for streams too is not lowered to the next server's few seconds, however long it is", () => {
    const plan = planPath({ hops: [hop("browser"), hop("aws-alb", { "idle_timeout.timeout_seconds": 600_000 }), hop("node")] });
    assert.deepEqual(of("A1", plan.violations)[0]?.fixes.map(({ hop: name, value }) => [name, value])[0], ["node", 660_000]);
    assert.equal(plan.streams.heartbeatMs, 12_000);
    assert.deepEqual(plan.impossible, []);
  });

  test("a pool that is emptied by halves lasts ten times its delay, and either way out counts that", () => {
    const [race] = of(
      "A1",
      planPath({ hops: [hop("haproxy"), hop("app", { keepAliveTimeout: 9_000 })], products: { app: worked["app"] as OwnProduct } }).violations,
    );
    assert.equal(race?.inequality, "10 x 5 s + 5 s <= 10 s");
    assert.deepEqual(race?.fixes.map(({ value }) => value).slice(0, 2), [55_000, 800]);
  });

  test("a balancer of 60 s in front of 120 s is in order", () => {
    const plan = planPath(path(hop("balancer"), hop("app", { keepAliveTimeout: 120_000 })));
    assert.deepEqual(plan.violations, []);
  });

  test("where no connection is kept there is no race", () => {
    assert.deepEqual(of("A1", planPath(path(hop("proxy", { "upstream keepalive": 0 }), hop("app"))).violations), []);
    assert.equal(planPath(path(hop("proxy", { "upstream keepalive": 0 }), hop("app"))).links[0]?.reuse, false);
    assert.deepEqual(of("A1", planPath(path(hop("balancer"), hop("proxy", { keepalive_timeout: 0 }))).violations), []);
  });

  test("a timer that is too close without being late is a warning", () => {
    const [race] = of("A1", planPath(path(hop("balancer"), hop("proxy", { keepalive_timeout: 63_500 }))).violations);
    assert.equal(race?.severity, "warning");
    assert.equal(race?.missing, 2_500);
  });

  test("a pool that never expires is one that no receiver outlives", () => {
    const [race] = of("A1", planPath(path(hop("proxy", { "upstream keepalive_timeout": "never" }), hop("app"))).violations);
    assert.equal(race?.inequality, "never <= 6 s");
    assert.deepEqual(race?.fixes.map(({ hop: name, value }) => [name, value]).slice(0, 1), [["proxy", 4_000]]);
  });

  test("what nobody has verified makes no error", () => {
    const products = { ...worked, guess: own("proxy", [timer("pool", ["A"], "server", 600_000, { grade: "unverified" })]) };
    const plan = planPath({ hops: [hop("guess"), hop("app")], products });
    assert.deepEqual(
      plan.violations.map(({ severity, grade }) => [severity, grade]),
      [["warning", "unverified"]],
    );
  });

  test("two timers that nobody can change leave the switch, and the plan says so", () => {
    const fixed = own("runtime", [timer("keep", ["A"], "client", 5_000, { fixed: true })]);
    const plan = planPath({ hops: [hop("edge"), hop("fixed")], products: { ...worked, fixed } });
    assert.deepEqual(
      plan.violations.map(({ rule, code }) => [rule, code]),
      [["A4", "keepalive_race"]],
    );
    assert.equal(plan.impossible.length, 1);
    assert.match(plan.impossible[0] ?? "", /^A4, edge -> fixed: /);
  });

  test("one knob for both sides hands its length on to the link behind", () => {
    const plan = planPath(path(hop("edge"), hop("balancer"), hop("proxy"), hop("app", { keepAliveTimeout: 66_000 })));
    assert.deepEqual(
      plan.violations.filter(({ severity }) => severity !== "info").map(({ rule, where }) => [rule, where]),
      [
        ["A1", "edge -> balancer"],
        ["A5", "edge -> balancer -> proxy"],
      ],
    );
    const written = Object.fromEntries(plan.derived.map(({ hop: name, knob, value }) => [`${name} ${knob}`, value]));
    assert.equal(written["balancer idle"], 990_000);
    assert.equal(written["proxy keepalive_timeout"], 1_090_000);
  });

  test("a box that forgets needs a shorter pool, or probes in time", () => {
    const products = {
      ...worked,
      pool: own("client", [
        timer("idle", ["A"], "server", 600_000),
        timer("delay", ["T"], "server", 60_000, { role: "probe_idle" }),
        { ...timer("probes", ["T"], "server", false), unit: "switch", role: "probe_switch" },
      ]),
      store: own("database", [timer("session", ["A"], "client", "never")]),
    };
    const bare = planPath({ hops: [hop("pool"), hop("nat"), hop("store")], products });
    const [forgets] = of("A2", bare.violations);
    assert.equal(forgets?.inequality, "600 s + 60 s <= 350 s".replace("600 s", "10 min"));
    assert.deepEqual(
      forgets?.fixes.map(({ knob, value }) => [knob, value]),
      [
        ["idle", 318_000],
        ["probes", true],
      ],
    );
    assert.deepEqual(planPath({ hops: [hop("pool", { probes: true }), hop("nat"), hop("store")], products }).violations, []);
  });
});
