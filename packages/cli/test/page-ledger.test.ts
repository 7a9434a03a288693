// The comparison with the log finds what is planted, and nothing that is not there.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isClean, Ledger, type Verdict } from "../web/ledger.ts";

const log = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `p${from + i}`);
const none: Verdict = { compared: 0, lost: 0, duplicated: 0, reordered: 0, unknown: 0, gaps: 0 };

function compared(received: readonly string[], positions: readonly string[]): Verdict {
  const ledger = new Ledger();
  ledger.begin("p0");
  for (const position of received) ledger.received(position);
  assert.equal(ledger.compare(positions, true, received.length), true);
  return ledger.verdict;
}

test("a faithful reception is clean, however it is cut into comparisons", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 20 }), (steps) => {
      const ledger = new Ledger();
      ledger.begin("p0");
      let at = 0;
      for (const step of steps) {
        for (const position of log(at + 1, at + 1 + step)) ledger.received(position);
        at += step;
        const from = Number(ledger.from?.slice(1) ?? at);
        // The log may be further than what was received.
        assert.ok(ledger.compare(log(from + 1, at + 3), true, ledger.waiting));
      }
      assert.deepEqual(ledger.verdict, { ...none, compared: at });
      assert.ok(isClean(ledger.verdict));
    }),
  );
});

test("what is missing before the newest is lost; what is newer is not here yet", () => {
  assert.deepEqual(compared(["p1", "p4"], log(1, 9)), { ...none, compared: 2, lost: 2 });
  assert.deepEqual(compared(["p1", "p2"], log(1, 9)), { ...none, compared: 2 });
});

test("twice is duplicated, also after a comparison; the wrong way round is reordered; elsewhere is unknown", () => {
  assert.deepEqual(compared(["p1", "p2", "p2", "p3"], log(1, 4)), { ...none, compared: 3, duplicated: 1 });
  assert.deepEqual(compared(["p1", "p3", "p2"], log(1, 4)), { ...none, compared: 3, reordered: 1 });
  assert.deepEqual(compared(["p1", "q7"], log(1, 4)), { ...none, compared: 1, unknown: 1 });
  const ledger = new Ledger();
  ledger.begin("p0");
  for (const position of ["p1", "p2"]) ledger.received(position);
  ledger.compare(log(1, 3), true, 2);
  ledger.received("p2");
  ledger.compare(log(3, 4), true, 1);
  assert.deepEqual(ledger.verdict, { ...none, compared: 2, duplicated: 1 });
});

test("what came after the log was read waits for the next comparison", () => {
  const ledger = new Ledger();
  ledger.begin("p0");
  for (const position of log(1, 4)) ledger.received(position);
  assert.ok(ledger.compare(log(1, 3), true, 2));
  assert.deepEqual([ledger.verdict, ledger.waiting, ledger.from], [{ ...none, compared: 2 }, 1, "p2"]);
});

test("a reading that is too short is not judged", () => {
  const ledger = new Ledger();
  ledger.begin("p0");
  for (const position of log(1, 6)) ledger.received(position);
  assert.equal(ledger.compare(log(1, 3), false, 5), false);
  assert.deepEqual(ledger.verdict, none);
  assert.equal(ledger.compare(log(1, 8), false, 5), true);
  assert.deepEqual(ledger.verdict, { ...none, compared: 5 });
});

test("an announced gap is counted as one, and the comparison goes on behind it", () => {
  const ledger = new Ledger();
  ledger.begin("p0");
  ledger.received("p1");
  ledger.gap("p50");
  ledger.received("p51");
  assert.equal(ledger.from, "p50");
  ledger.compare(log(51, 60), true, 1);
  assert.deepEqual(ledger.verdict, { ...none, compared: 1, gaps: 1 });
});
