/** Measured against declared: it agrees only where the bracket holds the declared value, and never contradicts on what was not reached. */
import assert from "node:assert/strict";
import test from "node:test";
import { compareWithPath, differences, type Facts, type IdleFact } from "@holdfast/doctor";
import { readPath } from "@holdfast/path";
import fc from "fast-check";
import { known } from "../../src/facts.ts";
import { healthy, idleFact } from "../support/facts.ts";

const pathOf = (readMs: number, streams: object = {}) =>
  readPath({
    path: [{ edge: { product: "nginx", proxy_read_timeout: `${readMs}ms` } }, { app: { product: "node" } }],
    streams: { kinds: ["websocket"], ...streams },
  });
const withIdle = (...idle: IdleFact[]): Facts => ({ ...healthy, idle });
const rowOf = (facts: Facts, readMs: number) => compareWithPath(facts, pathOf(readMs)).find(({ what }) => what === "WebSocket");

test("a timer that is where the file says agrees, another differs and names hop and knob", () => {
  assert.equal(rowOf(withIdle(idleFact()), 60_000)?.agrees, true);
  const differing = compareWithPath(withIdle(idleFact()), pathOf(30_000));
  const [finding] = differences(differing);
  assert.deepEqual([finding?.code, finding?.hop], ["path_differs", "edge"]);
  assert.match(finding?.advice.join() ?? "", /proxy_read_timeout/);
  assert.equal(rowOf(withIdle(idleFact()), 90_000)?.agrees, false);
});

test("declared is what the file says, and not what the plan would make of it", () => {
  const path = readPath({ path: ["cloudflare", { alb: { "idle_timeout.timeout_seconds": "60s" } }, { nginx: { proxy_read_timeout: "90s" } }, "node"] });
  const row = compareWithPath(withIdle(idleFact()), path).find(({ what }) => what === "WebSocket");
  assert.deepEqual([row?.agrees, row?.hop], [true, "alb"], JSON.stringify(row));
  assert.equal(rowOf(withIdle(idleFact({ atLeastMs: 990, atMostMs: 1_010 })), 1_000)?.declared, "1 s (edge, `proxy_read_timeout`)");
});

test("it agrees only when the bracket holds the declared value, within what timers are late", () => {
  const lateMs = (ms: number): number => Math.max(1_500, ms / 50);
  const ms = fc.integer({ min: 1_000, max: 600_000 });
  fc.assert(
    fc.property(ms, ms, fc.option(fc.integer({ min: 1, max: 60_000 })), (declaredMs, atLeastMs, widthMs) => {
      const atMostMs = widthMs === null ? null : atLeastMs + widthMs;
      const row = rowOf(withIdle(idleFact({ atLeastMs, atMostMs, how: atMostMs === null ? null : "fin" })), declaredMs);
      const slackMs = lateMs(declaredMs) + 1;
      if (row?.agrees === true) assert.ok(atMostMs !== null && declaredMs >= atLeastMs - slackMs && declaredMs <= atMostMs + slackMs);
      if (row?.agrees === false) assert.ok(atLeastMs > declaredMs || (atMostMs !== null && atMostMs < declaredMs), "outside of the bracket");
      if (atMostMs === null && atLeastMs < declaredMs) assert.equal(row?.agrees, null, "a bound that was not reached contradicts nothing");
    }),
  );
});

test("what was not reached is no difference", () => {
  const [row, ...others] = compareWithPath(withIdle(idleFact({ atMostMs: null, how: null })), pathOf(90_000));
  assert.equal(row?.agrees, null);
  assert.deepEqual(differences([...others, ...(row === undefined ? [] : [row])]), []);
});

test("what was not measured is not compared", () => {
  assert.deepEqual(compareWithPath(healthy, pathOf(60_000)), []);
});

test("a product that gives itself away and is not on the path is said; one that is, is not", () => {
  const hop = (product: string, value: string) => ({ ...healthy, hops: [{ header: "server", value, product }] });
  assert.deepEqual(compareWithPath(hop("nginx", "nginx/1.22.1"), pathOf(60_000)), []);
  const [row] = compareWithPath(hop("caddy", "Caddy"), pathOf(60_000));
  assert.deepEqual([row?.what, row?.agrees], ["Caddy on the way", false]);
  assert.equal(differences(row === undefined ? [] : [row]).length, 1);
});

test("a declared heartbeat is held against the shortest silence that ended a stream, and not against one that did not", () => {
  const beat = (facts: Facts, heartbeat: string) => compareWithPath(facts, pathOf(60_000, { heartbeat })).find(({ what }) => what === "heartbeat")?.agrees;
  assert.equal(beat(withIdle(idleFact()), "25s"), true);
  assert.equal(beat(withIdle(idleFact()), "40s"), false);
  assert.equal(beat(withIdle(idleFact({ atMostMs: null, how: null })), "40s"), undefined);
});

test("no facts make it throw, hostile names least of all", () => {
  const facts: Facts = { ...healthy, hops: [{ header: "__proto__", value: "(((", product: "((" }], helper: known({} as never) };
  assert.equal(compareWithPath(facts, pathOf(60_000))[0]?.what, "(( on the way");
});
