// Which fault comes next, and what fits into the time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type KindName, kindNames, kinds, leastMs, needsMs, nextKind, type Role, type Timing } from "../src/verify/kinds.ts";

const usual: Timing = { heartbeatMs: 12_000, windowMs: 1_000, probeTimeoutMs: 5_000, ackTimeoutMs: 5_000, settleMs: 5_000, effectMs: 3_000 };
const crew: readonly Role[] = ["reader", "reader", "reader", "reader", "publisher", "publisher", "quiet"];

/** Plays a run in which everything takes as long as it is said to. */
function play(timing: Timing, durationMs: number): Map<KindName, number> {
  const begun = new Map<KindName, number>();
  const byRole = new Map<string, number>();
  const lanes = crew.map((role) => ({ role, freeMs: 0, settledMs: 0, over: false }));
  for (;;) {
    const lane = lanes.filter(({ over }) => !over).sort((a, b) => a.freeMs - b.freeMs)[0];
    if (lane === undefined) return begun;
    const { role } = lane;
    const begunByRole = new Map(kindNames.map((kind) => [kind, byRole.get(`${role} ${kind}`) ?? 0]));
    const unsettledMs = Math.max(0, lane.settledMs - lane.freeMs);
    const kind = nextKind(timing, { role, remainingMs: durationMs - lane.freeMs, unsettledMs, begun, begunByRole });
    if (kind === null) {
      lane.over = true;
      continue;
    }
    begun.set(kind, (begun.get(kind) ?? 0) + 1);
    byRole.set(`${role} ${kind}`, (begunByRole.get(kind) ?? 0) + 1);
    lane.freeMs += (kinds[kind].breaks ? unsettledMs : 0) + needsMs(kind, timing, role);
    assert.ok(lane.freeMs <= durationMs, `${kind} goes beyond the end`);
    if (kinds[kind].breaks) lane.settledMs = lane.freeMs + timing.settleMs;
  }
}

test("half a minute has room for every kind with the server's usual beat", () => {
  const done = play(usual, 30_000);
  assert.deepEqual(
    kindNames.filter((kind) => !done.has(kind)),
    [],
  );
});

test("what does not fit is left out, and everything else is done", () => {
  const slow = { ...usual, heartbeatMs: 60_000 };
  const done = play(slow, 30_000);
  const missing = kindNames.filter((kind) => !done.has(kind));
  assert.deepEqual(missing.sort(), ["black-hole-to-client", "idle-pause"]);
  for (const kind of missing) assert.ok(leastMs(kind, slow) > 30_000, kind);
  // A publisher asks by itself, so its black holes do not wait for the beat.
  assert.ok(leastMs("black-hole", slow) < 30_000);
});

test("longer runs do everything again and again", () => {
  const done = play(usual, 300_000);
  for (const kind of kindNames) assert.ok((done.get(kind) ?? 0) >= 3, `${kind}: ${done.get(kind)}`);
});

test("while a link settles, what breaks nothing goes first; when nothing else fits, it is waited for", () => {
  const none = new Map<KindName, number>();
  const pick = { role: "reader" as const, begun: none, begunByRole: none };
  const first = nextKind(usual, { ...pick, remainingMs: 12_000, unsettledMs: 5_000 });
  assert.ok(first !== null && !kinds[first].breaks, String(first));
  const rest = new Map(kindNames.filter((kind) => kind !== "reset").map((kind) => [kind, 9]));
  assert.equal(nextKind(usual, { ...pick, begun: rest, remainingMs: 12_000, unsettledMs: 5_000 }), "reset");
  assert.equal(nextKind(usual, { ...pick, remainingMs: 100, unsettledMs: 0 }), null);
});
