/** Who leads, as one tab sees it: the machine alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dueMs, type Election, type ElectionEvent, type ElectionFacts, step } from "../../src/tabs/election.ts";

const facts: ElectionFacts = { needed: true, random: 0.5 };

/** Plays events at their times; returns what was done, and the last state. */
function play(events: readonly (readonly [nowMs: number, event: ElectionEvent])[], given: ElectionFacts = facts) {
  let state: Election = { name: "off" };
  const done: string[] = [];
  for (const [nowMs, event] of events) {
    const next = step(state, event, nowMs, given);
    state = next.state;
    done.push(...next.actions.map((action) => `${nowMs} ${action}`));
  }
  return { state, done };
}

const join = [0, { type: "join" }] as const;
const here = (nowMs: number, leader = "l") => [nowMs, { type: "here", leader }] as const;
const timer = (nowMs: number) => [nowMs, { type: "timer" }] as const;

test("one that joins waits for the lock and asks who leads", () => {
  const { state, done } = play([join]);
  assert.deepEqual(done, ["0 wait", "0 ask"]);
  assert.equal(state.name, "following");
});

test("whoever holds the lock leads, until it is taken or let go", () => {
  const held = [5, { type: "held", leader: "me" }] as const;
  assert.deepEqual(play([join, held]).state, { name: "leading", leader: "me" });
  assert.deepEqual(play([join, held, here(6, "other"), timer(9_000)]).state, { name: "leading", leader: "me" });
  assert.deepEqual(play([join, held, [7, { type: "lost" }]]).done.slice(2), ["5 lead", "7 resign", "7 wait", "7 ask"]);
  assert.deepEqual(play([join, held, [7, { type: "leave" }]]).done.slice(2), ["5 lead", "7 resign", "7 release"]);
});

test("a silent leader is asked twice, and robbed when neither question was answered", () => {
  const { done, state } = play([join, here(10), timer(2_509), timer(2_510), timer(4_509), timer(4_510), timer(6_509), timer(6_510)]);
  assert.deepEqual(done.slice(2), ["2510 ask", "4510 ask", "6510 steal"]);
  assert.equal(dueMs(state), 8_510, "when the lock does not come, it begins anew");
});

test("an answer at the last moment saves the leader, and each answer begins the count anew", () => {
  const { done } = play([join, here(0), timer(2_500), timer(4_500), here(6_499), timer(8_999), timer(10_999), here(11_000), timer(13_500)]);
  assert.ok(!done.some((each) => each.endsWith("steal")), done.join());
});

test("a tab that slept asks again before it judges: one late timer is no evidence", () => {
  const { done } = play([join, here(0), timer(500_000), here(500_001)]);
  assert.deepEqual(done.slice(2), ["500000 ask"]);
});

test("a tab that needs no leader asks nothing, until it does", () => {
  const idle = { needed: false, random: 0 };
  const { state } = play([join, here(0)], idle);
  assert.equal(dueMs(state), null);
  const needed = step(state, { type: "need", needed: true }, 100, facts);
  assert.deepEqual(needed.actions, ["ask"]);
  assert.equal(dueMs(needed.state), 2_100);
  assert.equal(dueMs(step(needed.state, { type: "need", needed: false }, 200, idle).state), null);
});

test("the end of another leader than the one that is followed changes nothing", () => {
  const { state } = play([join, here(0, "new"), [1, { type: "bye", leader: "old" }]]);
  assert.equal(state.name === "following" && state.leader, "new");
  const { state: left } = play([join, here(0, "new"), [1, { type: "bye", leader: "new" }]]);
  assert.equal(left.name === "following" && left.leader, null);
});

test("nothing but joining wakes one that is off", () => {
  for (const type of ["leave", "timer", "lost"] as const) assert.deepEqual(step({ name: "off" }, { type }, 0, facts), { state: { name: "off" }, actions: [] });
  assert.deepEqual(step({ name: "off" }, { type: "held", leader: "x" }, 0, facts).state, { name: "off" });
});
