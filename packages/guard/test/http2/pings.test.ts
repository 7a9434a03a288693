/** How many PINGs a peer may send: what keepalives and measurements need, and no flood; and what a flood is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { errorNames, frameTypes, headers, ping, RawHttp2 } from "../../../../scripts/test-support/http2-frames.ts";
import { PingBudget } from "../../src/http2/ping-budget.ts";
import { eventually, guardedServer } from "../support/h2-server.ts";

const answer = 17;

test("PINGs count fully while nothing is sent but their answers", () => {
  const pings = new PingBudget(10, answer);
  const within = Array.from({ length: 12 }, (_, i) => pings.spend(0, i * answer));
  assert.deepEqual(within, [...Array<boolean>(10).fill(true), false, false]);
});

test("answers that leave late are no data either", () => {
  const pings = new PingBudget(10, answer);
  const within = Array.from({ length: 11 }, (_, i) => pings.spend(0, i < 5 ? 0 : i * answer));
  assert.deepEqual(within, [...Array<boolean>(10).fill(true), false]);
});

test("a PING that follows data counts a tenth, so that no peer measures without end", () => {
  const pings = new PingBudget(10, answer);
  const within = Array.from({ length: 101 }, (_, i) => pings.spend(0, (i + 1) * (answer + 100)));
  assert.equal(within.indexOf(false), 100);
});

test("one PING every 10 s, which is the most that clients of gRPC send for their keepalive, is never too many", () => {
  const pings = new PingBudget(2, answer);
  for (let i = 0; i < 1_000; i++) assert.ok(pings.spend(i * 10_000, i * answer), String(i));
});

test("a flood is told too_many_pings, in a GOAWAY that says to be calm", async (t) => {
  const guarded = await guardedServer({ limits: { pingsMax: 10 } });
  t.after(() => guarded.close());
  const flood = await RawHttp2.open(guarded.port);
  const calm = await RawHttp2.open(guarded.port);
  t.after(() => calm.close());
  for (let i = 0; i < 5; i++) calm.send(ping());
  for (let i = 0; i < 50; i++) flood.send(ping());
  assert.ok(await flood.untilEnded());
  const said = flood.frames.filter(({ type }) => type === frameTypes.goaway).map(({ payload }) => payload.subarray(8).toString("latin1"));
  assert.equal(said[0], "too_many_pings");
  for (const { code } of flood.goaways()) assert.equal(errorNames[code], "ENHANCE_YOUR_CALM");
  assert.ok(await eventually(() => guarded.counters.ended["ping_flood"] === 1));
  calm.send(headers(1));
  assert.ok(await calm.until(() => calm.count(frameTypes.headers, 1) === 1));
});
