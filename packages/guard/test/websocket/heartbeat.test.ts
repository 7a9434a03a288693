import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type HeartbeatAction, openHeartbeat, stepHeartbeat } from "../../src/websocket/heartbeat.ts";

const rules = { heartbeatMs: 12_000, ackMs: 8_000 };

/** Sweeps every 500 ms to `untilMs`; returns what it was told to do and when. */
function run(untilMs: number, heard: readonly number[] = [], blind: (nowMs: number) => boolean = () => false, fraction = 0): [number, HeartbeatAction][] {
  const seen: [number, HeartbeatAction][] = [];
  let state = openHeartbeat(rules, 0, fraction);
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 500) {
    const heardMs = heard.findLast((ms) => ms <= nowMs) ?? 0;
    const step = stepHeartbeat(state, { type: "sweep", heardMs, isBlind: blind(nowMs), fraction }, rules, nowMs);
    state = step.state;
    if (step.action !== null) seen.push([nowMs, step.action]);
  }
  return seen;
}

describe("the heartbeat of a peer", () => {
  it("asks for the first time after half a beat at the earliest, after a whole one at the latest", () => {
    assert.deepEqual(run(6_000), [[6_000, "ping"]]);
    assert.deepEqual(run(11_000, [], undefined, 0.999), []);
    assert.deepEqual(run(12_000, [], undefined, 0.999), [[12_000, "ping"]]);
  });

  it("gives a silent peer up when the time for an answer is over, once", () => {
    assert.deepEqual(run(60_000), [
      [6_000, "ping"],
      [14_000, "zombie"],
    ]);
  });

  it("gives a peer up a beat and the time for an answer after its last byte", () => {
    assert.deepEqual(run(60_000, [3_000, 7_000]), [
      [19_000, "ping"],
      [27_000, "zombie"],
    ]);
  });

  it("asks nothing while bytes come, and never takes them for silence", () => {
    assert.deepEqual(run(60_000, [5_000, 16_000, 27_000, 38_000, 49_000, 60_000]), []);
  });

  it("begins anew with any byte after it has asked", () => {
    assert.deepEqual(run(30_000, [13_900]), [
      [6_000, "ping"],
      [26_000, "ping"],
    ]);
  });

  it("puts later beats up to a tenth off, so that peers which were asked together do not stay together", () => {
    let state = openHeartbeat(rules, 0, 0);
    state = stepHeartbeat(state, { type: "sweep", heardMs: 0, isBlind: false, fraction: 0.5 }, rules, 6_000).state;
    state = stepHeartbeat(state, { type: "sweep", heardMs: 6_100, isBlind: false, fraction: 0.5 }, rules, 6_500).state;
    assert.deepEqual(state, { name: "quiet", heardMs: 6_100, beatMs: 6_100 + 12_600 });
  });

  it("does not judge by a sweep that was late: it looks again for as long as an answer may take", () => {
    // The process stood still from 7 s to 40 s.
    let state = openHeartbeat(rules, 0, 0);
    const sweep = (nowMs: number, isBlind: boolean, heardMs = 0): HeartbeatAction => {
      const step = stepHeartbeat(state, { type: "sweep", heardMs, isBlind, fraction: 0 }, rules, nowMs);
      state = step.state;
      return step.action;
    };
    assert.equal(sweep(6_000, false), "ping");
    assert.equal(sweep(40_000, true), "ping");
    assert.equal(sweep(47_500, false), null);
    assert.equal(sweep(48_000, false), "zombie");
  });

  it("goes on asking while the host does not read, and judges only once it does", () => {
    const seen = run(60_000, [], (nowMs) => nowMs < 40_000);
    assert.deepEqual(seen, [
      [6_000, "ping"],
      [18_000, "ping"],
      [30_000, "ping"],
      [47_500, "zombie"],
    ]);
  });
});
