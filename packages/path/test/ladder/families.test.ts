/**
 * Each family of inequalities beside kept connections: deadlines, streams, pings, lifetimes, pools, limits, drains.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DeclaredHop, type DeclaredPath, heartbeatFor, type OwnProduct, type Plan, planPath, type Violation } from "@holdfast/path";
import { marginMs } from "../../src/ladder/margin.ts";
import { ruleDocs } from "../../src/ladder/rules.ts";
import { linksOf } from "../../src/links.ts";
import { resolveHops } from "../../src/resolve.ts";
import { knob, own, timer, worked } from "../support/own.ts";

const hop = (name: string, values: DeclaredHop["values"] = {}, more: Partial<DeclaredHop> = {}): DeclaredHop => ({ name, product: name, values, ...more });
const planOf = (products: Readonly<Record<string, OwnProduct>>, path: Omit<DeclaredPath, "products">): Plan =>
  planPath({ ...path, products: { ...worked, ...products } });
const of = (rule: string, { violations }: Plan): Violation[] => violations.filter((each) => each.rule === rule);
const fixesOf = (violation: Violation | undefined): unknown[] => violation?.fixes.map(({ hop: name, knob: each, value }) => [name, each, value]) ?? [];

test("the margin behind a sender that somebody else runs is guard's: 5 s or a tenth", () => {
  for (const idleMs of [1_000, 5_000, 49_999, 50_000, 60_000, 90_000, 600_000, 900_000, 3_600_000]) {
    const managed = own("balancer", [timer("idle", ["A"], "server", idleMs)], { managed: true, granularityMs: 2_000 });
    const [link] = linksOf(resolveHops({ hops: [hop("managed"), hop("app")], products: { ...worked, managed } }), undefined);
    assert.ok(link !== undefined);
    assert.equal(marginMs(link, idleMs), Math.max(5_000, Math.ceil(idleMs / 10)));
    const [mine] = linksOf(resolveHops({ hops: [hop("proxy"), hop("app")], products: worked }), undefined);
    assert.ok(mine !== undefined && marginMs(mine, idleMs) <= marginMs(link, idleMs));
  }
});

test("every rule is documented, each with the codes of its findings", () => {
  assert.deepEqual(Object.keys(ruleDocs), ["A1", "A2", "A3", "A4", "A5", "B1", "C1", "C2", "C3", "C4", "E1", "P1", "P2", "L1", "S1"]);
});

describe("deadlines", () => {
  test("an inner wait that is not the shorter one is a warning where it was written, a note where both are defaults", () => {
    const kept = { keepalive_timeout: 90_000 };
    const by = planOf({}, { hops: [hop("balancer"), hop("proxy", kept), hop("app", { keepAliveTimeout: 90_000 })] });
    assert.deepEqual(
      of("B1", by).map(({ severity, inequality }) => [severity, inequality]),
      [["info", "60 s + 1.2 s <= 60 s"]],
    );
    assert.deepEqual(fixesOf(of("B1", by)[0]), [["proxy", "read_timeout", 58_000]]);
    const written = planOf({}, { hops: [hop("balancer"), hop("proxy", { ...kept, read_timeout: 300_000 }), hop("app", { keepAliveTimeout: 90_000 })] });
    assert.equal(of("B1", written)[0]?.severity, "warning");
  });

  test("two waits of the same length are a note, whoever wrote them", () => {
    const hops = [hop("balancer"), hop("proxy", { keepalive_timeout: 90_000, read_timeout: 60_000 }), hop("app", { keepAliveTimeout: 90_000 })];
    assert.deepEqual(
      of("B1", planOf({}, { hops })).map(({ severity }) => severity),
      ["info"],
    );
  });

  test("a long wait is fine where somebody inside gives up in time", () => {
    const hops = [hop("edge"), hop("balancer", { idle: 990_000 }), hop("proxy", { keepalive_timeout: 1_100_000 }), hop("app", { keepAliveTimeout: 90_000 })];
    assert.deepEqual(of("B1", planOf({}, { hops })), []);
  });

  test("the application's own bound stands against the hop in front, tries included", () => {
    const tries = own("proxy", [timer("wait", ["B"], "server", 60_000, { role: "answer" }), knob("tries", "server", "count", 3, { role: "tries" })]);
    const at = (answerMs: number): Plan => planOf({ tries }, { hops: [hop("tries"), hop("app")], needs: { answerMs } });
    assert.equal(of("B1", at(20_000))[0]?.inequality, "20 s x 3 + 1.2 s <= 60 s");
    assert.deepEqual(of("B1", at(19_000)), []);
  });
});

describe("streams", () => {
  test("without a hop that times silence the heartbeat is the default", () => {
    const { streams } = planOf({}, { hops: [hop("app")] });
    assert.deepEqual([streams.silenceMs, streams.heartbeatMs, streams.heartbeatMaxMs, streams.deadAfterMs], [null, 12_000, null, 33_000]);
  });

  test("the longest heartbeat follows from the shortest silence", () => {
    const most = (ms: number): number | null =>
      planOf({ quiet: own("proxy", [timer("silence", ["C"], "through", ms)]) }, { hops: [hop("quiet"), hop("app")] }).streams.heartbeatMaxMs;
    assert.deepEqual([60_000, 55_000, 30_000, 300_000, 350_000].map(most), [25_000, 23_000, 12_000, 120_000, 150_000]);
  });

  test("only timers that govern the path's kinds of streams count, and none behind the application", () => {
    const mixed = own("proxy", [
      timer("tunnel", ["C"], "through", 40_000, { streams: ["websocket"], replaces: ["side"] }),
      timer("calls", ["C"], "server", 30_000, { streams: ["grpc"] }),
      timer("side", ["C"], "client", 50_000),
    ]);
    const behind = own("database", [timer("statement", ["C"], "client", 5_000)]);
    const silent = (kinds: NonNullable<DeclaredPath["streams"]>["kinds"], values = {}): number | null =>
      planOf({ mixed, behind }, { hops: [hop("mixed", values), hop("app"), hop("behind")], streams: kinds === undefined ? {} : { kinds } }).streams.silenceMs;
    assert.deepEqual([silent(["grpc"]), silent(["websocket"]), silent(["event-stream"])], [30_000, 40_000, 50_000]);
    assert.equal(silent(["websocket"], { tunnel: 3_600_000 }), 3_600_000);
  });

  test("a deadline for the next byte is neither too early nor too late", () => {
    const at = (deadAfterMs: number | "never"): string[] =>
      planOf({}, { hops: [hop("app")], streams: { heartbeatMs: 25_000, deadAfterMs } }).violations.map(({ code }) => code);
    assert.deepEqual([at(30_000), at(61_000), at(300_000), at("never")], [["detection_too_early"], [], ["detection_too_late"], ["detection_too_late"]]);
  });

  test("a client that pings more often than its server suffers is refused", () => {
    const caller = own("client", [{ ...timer("keepalive_time", ["T"], "server", 30_000), role: "ping_every" }]);
    const called = own("runtime", [{ ...timer("min_time", ["T"], "client", 300_000), role: "ping_min" }]);
    const [refused] = of("C4", planOf({ caller, called }, { hops: [hop("caller"), hop("called")] }));
    assert.equal(refused?.inequality, "5 min <= 30 s");
    assert.deepEqual(fixesOf(refused), [
      ["called", "min_time", 27_000],
      ["caller", "keepalive_time", 300_000],
    ]);
    assert.deepEqual(of("C4", planOf({ caller, called }, { hops: [hop("caller"), hop("called", { min_time: 27_000 })] })), []);
  });

  test("an age that nobody announces wants planned reconnects before it", () => {
    const aged = own("proxy", [timer("life", ["E"], "through", 7_200_000, { ends: ["close_frame"] })]);
    const at = (reconnectMs?: number): Plan => planOf({ aged }, { hops: [hop("aged"), hop("app")], streams: reconnectMs === undefined ? {} : { reconnectMs } });
    assert.deepEqual(
      of("E1", at()).map(({ severity }) => severity),
      ["info"],
    );
    assert.deepEqual(at().streams.reconnectMs, { from: 5_830_000, to: 6_480_000 });
    assert.deepEqual(
      of("E1", at(7_000_000)).map(({ severity }) => severity),
      ["warning"],
    );
    assert.deepEqual(of("E1", at(6_000_000)), []);
    const said = own("proxy", [timer("life", ["E"], "client", 7_200_000, { ends: ["announced"] })]);
    assert.equal(planOf({ said }, { hops: [hop("said"), hop("app")] }).streams.reconnectMs, null);
  });
});

test("an age of seconds is a warning, and raised where somebody can", () => {
  const aged = own("balancer", [timer("life", ["B", "E"], "server", 30_000, { streams: ["websocket"], ends: ["fin"], max: 86_400_000 })]);
  const plan = planOf({ aged }, { hops: [hop("aged"), hop("app")], streams: { kinds: ["websocket"] } });
  const [short] = of("E1", plan);
  assert.equal(short?.severity, "warning");
  assert.deepEqual(fixesOf(short), [
    ["aged", "life", 3_600_000],
    ["streams", "reconnect", 27_000],
  ]);
  assert.equal(plan.derived.find(({ knob: name }) => name === "life")?.value, 3_600_000);
  assert.deepEqual(plan.streams.reconnectMs?.to, 3_240_000);
});

test("what a server takes to stop is no age of its connections", () => {
  for (const product of ["gunicorn", "uvicorn"]) {
    const { violations } = planPath({ hops: [hop("caddy", { "transport keepalive": 1_000 }), hop(product, {})] });
    assert.deepEqual(
      violations.filter(({ rule }) => rule === "A3" || rule === "E1"),
      [],
    );
  }
});

test("the longest heartbeat is what the inequality says to the second, in whole tenths", () => {
  assert.deepEqual(
    [58_000, 60_000, 55_000, 350_000, 300_000, 3_000, 4_000].map((ms) => heartbeatFor(ms)),
    [25_000, 25_000, 23_000, 150_000, 120_000, 0, 400],
  );
});

test("HAProxy's pool is said to last for ten of its delays", () => {
  const { violations } = planPath({ hops: [hop("haproxy"), hop("node")] });
  assert.match(violations.find(({ rule }) => rule === "A1")?.title ?? "", /until 50 s \(10 times pool-purge-delay/);
});

describe("ends by count", () => {
  const counted = (ends: "fin" | "announced"): OwnProduct =>
    own("runtime", [timer("keep", ["A"], "client", "never"), { ...knob("requests", "client", "count", 100), classes: ["E"], ends: [ends] }]);

  test("are harmless when they are announced", () => {
    assert.deepEqual(of("A3", planOf({ counted: counted("announced") }, { hops: [hop("proxy"), hop("counted")] })), []);
    assert.equal(of("A3", planOf({ counted: counted("fin") }, { hops: [hop("proxy"), hop("counted")] }))[0]?.code, "unannounced_end");
  });
});

describe("pools and limits", () => {
  const pool = own("client", [timer("idle", ["A"], "server", 10_000), knob("max", "server", "count", 10, { role: "pool_max" })]);
  const store = own("database", [
    timer("session", ["A"], "client", "never"),
    knob("max_connections", "client", "count", 100, { role: "connections_max" }),
    knob("reserved", "client", "count", 3, { role: "reserved" }),
  ]);
  const at = (replicas: number, surge: number): Plan =>
    planOf({ pool, store }, { hops: [hop("app", {}, { replicas }), hop("pool"), hop("store")], needs: { surge } });

  test("a deploy's surge counts, a library has the replicas of its process", () => {
    assert.deepEqual(of("P2", at(9, 0)), []);
    const [large] = of("P2", at(9, 3));
    assert.equal(large?.inequality, "12 x 10 + 3 <= 97");
    assert.deepEqual(fixesOf(large), [
      ["pool", "max", 7],
      ["store", "max_connections", 126],
    ]);
    assert.deepEqual(
      at(9, 3).pools.map(({ connectionsMax, limit }) => [connectionsMax, limit]),
      [[87, 97]],
    );
  });

  test("a session limit below the pool's idle time is P1", () => {
    const plan = planOf({ pool, store }, { hops: [hop("pool"), hop("store", { session: 5_000 })] });
    assert.deepEqual(
      of("P1", plan).map(({ code, inequality }) => [code, inequality]),
      [["pool_outlives", "10 s + 3.4 s <= 5 s"]],
    );
  });

  test("limits are judged for the users that the path names, a proxy's twice", () => {
    const small = own("proxy", [
      knob("worker_connections", "both", "count", 512, { role: "connections_max" }),
      knob("nofile", "client", "count", 1_024, { role: "descriptors" }),
    ]);
    const with_ = (connections?: number): Plan =>
      planOf({ small }, { hops: [hop("small"), hop("app")], ...(connections === undefined ? {} : { needs: { connections } }) });
    assert.deepEqual(of("L1", with_()), []);
    assert.deepEqual(of("L1", with_(200)), []);
    assert.deepEqual(
      of("L1", with_(1_000)).map(({ inequality }) => inequality),
      ["1.1 x 1000 x 2 sides <= 512", "1.1 x 1000 x 2 sides + 100 <= 1024"],
    );
  });

  test("descriptors that a program gives itself hold in place of its host's", () => {
    const limited = (nofile: number | "never"): string[] => {
      const raising = own("proxy", [knob("worker_rlimit_nofile", "both", "count", nofile, { role: "descriptors" })]);
      const hops = [hop("raising"), hop("linux"), hop("app")];
      return of("L1", planOf({ raising }, { hops, needs: { connections: 1_000 } })).map(({ inequality }) => inequality);
    };
    assert.deepEqual(limited("never"), ["1.1 x 1000 x 2 sides + 100 <= 1024"]);
    assert.deepEqual(limited(65_536), []);
    assert.deepEqual(limited(2_000), ["1.1 x 1000 x 2 sides + 100 <= 2000"]);
  });
});

test("a grace below what leaving takes is too short", () => {
  const at = (terminationGraceMs: number): Plan => planOf({}, { hops: [hop("app")], needs: { terminationGraceMs, inFlightMs: 20_000 } });
  assert.deepEqual(
    of("S1", at(30_000)).map(({ inequality }) => inequality),
    ["10 s + 20 s + 10 s <= 30 s"],
  );
  assert.deepEqual(at(40_000).violations, []);
  assert.equal(at(30_000).drain.terminationGraceMs, 40_000);
});

test("where a silence is so short that no beat survives it, there is a heartbeat all the same, and C1 says of whom", () => {
  const short = own("proxy", [timer("silence", ["C"], "both", 2_000)]);
  const plan = planOf({ short }, { hops: [hop("short"), hop("app")] });
  assert.equal(plan.streams.heartbeatMs, 1_000);
  assert.equal(of("C1", plan)[0]?.where, "short");
});
