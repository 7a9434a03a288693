import assert from "node:assert/strict";
import { test } from "node:test";
import { beginning, mayOpen, type ReplicaEvent, type ReplicaState, step, wakeAtMs } from "../../src/budget/replica-state.ts";
import { leaseTimes } from "../../src/budget/times.ts";

const times = leaseTimes(9_000);
const at = (nowMs: number) => ({ nowMs, random: 0.5 });
const run = (state: ReplicaState, nowMs: number, event: ReplicaEvent) => step(state, event, times, at(nowMs));
const holding = (): ReplicaState =>
  run(run(beginning(times, at(0)), 1_000, { type: "look", held: 0 }).state, 1_010, { type: "answered", askedMs: 1_000, ceiling: 4, granted: 4 }).state;

test("a beginner asks at the door, not before its moment", () => {
  const begun = beginning(times, at(0));
  assert.equal(wakeAtMs(begun, times, 0), 250);
  assert.deepEqual(run(begun, 249, { type: "look", held: 0 }).actions, []);
  assert.deepEqual(run(begun, 250, { type: "look", held: 0 }).actions, [{ do: "ask", over: "door" }]);
});

test("a holder renews over a connection of its own, and one request at a time", () => {
  const first = holding();
  assert.ok(first.name === "holding" && first.untilMs === 1_000 + 8_100);
  const asked = run(first, first.nextMs, { type: "look", held: 4 });
  assert.deepEqual(asked.actions, [{ do: "ask", over: "pool" }]);
  assert.deepEqual(run(asked.state, first.nextMs + 5, { type: "look", held: 4 }).actions, []);
});

test("a lease ends for its replica before it ends for anybody else, and nothing may be opened from that moment", () => {
  const state = holding();
  assert.ok(mayOpen(state, 9_099) && !mayOpen(state, 9_100));
  const lapsed = run(state, 9_100, { type: "look", held: 4 });
  assert.equal(lapsed.state.name, "lapsed");
  assert.deepEqual(
    lapsed.actions.map((action) => action.do),
    ["abort", "resize", "say"],
  );
  assert.equal(mayOpen(lapsed.state, 9_101), false);
});

test("an answer that comes when the lease it speaks of is over gives nothing", () => {
  const late = run(holding(), 20_000, { type: "answered", askedMs: 1_500, ceiling: 9, granted: 9 });
  assert.equal(late.state.name, "lapsed");
});

test("failures are tried again until the lease is over, sooner by a holder than at the door", () => {
  let state: ReplicaState = holding();
  let tries = 0;
  for (let nowMs = 1_020; state.name === "holding" && tries < 1_000; ) {
    const looked = run(state, nowMs, { type: "look", held: 4 });
    state = looked.state;
    if (looked.actions.some((action) => action.do === "ask")) {
      tries++;
      state = run(state, nowMs, { type: "failed" }).state;
    }
    nowMs = Math.max(nowMs + 1, wakeAtMs(state, times, nowMs) ?? Number.POSITIVE_INFINITY);
  }
  assert.equal(state.name, "lapsed");
  assert.ok(tries >= 4 && tries <= 30, String(tries));
  const beginner = run(beginning(times, at(0)), 300, { type: "look", held: 0 }).state;
  const waits = [1, 2, 3, 4, 5, 6, 7, 8].reduce<{ state: ReplicaState; all: number[] }>(
    ({ state: each, all }) => {
      const failed = run(each, 1_000, { type: "failed" }).state;
      return { state: failed, all: [...all, (wakeAtMs(failed, times, 1_000) ?? 0) - 1_000] };
    },
    { state: beginner, all: [] },
  ).all;
  assert.deepEqual(
    waits,
    [...waits].sort((a, b) => a - b),
  );
  assert.ok((waits.at(-1) as number) <= times.ttlMs);
});

test("who waits asks again, and is told to have nothing", () => {
  const asked = run(beginning(times, at(0)), 300, { type: "look", held: 0 }).state;
  const waiting = run(asked, 310, { type: "answered", askedMs: 300, ceiling: 0, granted: 0 });
  assert.deepEqual(waiting.actions, [
    { do: "resize", max: 0 },
    { do: "say", what: "waiting" },
  ]);
  assert.ok((wakeAtMs(waiting.state, times, 310) ?? 0) <= 310 + times.renewMs / 2);
});

test("what was given up is written down soon after it is closed", () => {
  const giving = run(holding(), 4_000, { type: "answered", askedMs: 3_990, ceiling: 2, granted: 4 }).state;
  assert.ok(giving.name === "holding");
  assert.deepEqual(run(giving, giving.restMs, { type: "look", held: 3 }).actions, []);
  assert.deepEqual(run(giving, giving.restMs, { type: "look", held: 2 }).actions, [{ do: "ask", over: "pool" }]);
});

test("who leaves says farewell over its last connection, and whoever has none just goes", () => {
  const leaving = run(holding(), 2_000, { type: "leave" });
  assert.deepEqual(leaving.actions, [{ do: "abort" }, { do: "resize", max: 1 }, { do: "farewell" }]);
  assert.equal(run(leaving.state, 3_000, { type: "answered", askedMs: 2_000, ceiling: 9, granted: 9 }).state.name, "leaving");
  assert.deepEqual(run(leaving.state, 3_000, { type: "left" }).actions, [{ do: "resize", max: 0 }]);
  assert.equal(run(beginning(times, at(0)), 10, { type: "leave" }).state.name, "left");
});
