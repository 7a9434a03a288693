/** The end of a test run: sums, shares, reasons, and the exact last line. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { lastLine, type Part, skipReasons, table } from "../lib/test-summary.ts";

const part = (name: string, seconds: number, passed: number, failed: number, skipped: Record<string, number> = {}): Part => ({
  ...{ name, budgetSeconds: 30, result: { seconds, passed, failed, skipped, problems: [] } },
});

test("the last line sums all parts and names skipped tests only when there are any", () => {
  assert.deepEqual(lastLine([part("a", 1, 5, 0), part("b", 1, 7, 2)], false), { text: "12 passed, 2 failed", ok: false });
  assert.deepEqual(lastLine([part("a", 1, 5, 0), part("b", 1, 7, 0)], true), { text: "12 passed, 0 failed", ok: true });
  assert.deepEqual(lastLine([part("a", 1, 5, 0, { x: 2, y: 1 })], false), { text: "5 passed, 0 failed, 3 skipped", ok: true });
});

test("where no skip is accepted, skipped tests are failed tests", () => {
  assert.deepEqual(lastLine([part("a", 1, 5, 1, { x: 2 })], true), { text: "5 passed, 3 failed", ok: false });
});

test("a run in which nothing passed is not good", () => {
  assert.equal(lastLine([part("a", 1, 0, 0)], false).ok, false);
});

test("the table shows seconds, budget, share and counts, and who took too long", () => {
  const text = table([part("unit", 15, 100, 1, { x: 2 }), part("e2e", 60.04, 10, 0)], 300);
  assert.equal(
    text,
    [
      "ring   seconds  budget  share  tests  pass  fail  skipped",
      "unit      15.0      30    5 %    103   100     1        2",
      "e2e       60.0      30   20 %     10    10     0        0  over its budget",
      "total     75.0     300   25 %    113   110     1        2",
    ].join("\n"),
  );
});

test("reasons of skipping are summed over the parts", () => {
  assert.deepEqual(skipReasons([part("a", 1, 0, 0, { x: 1, y: 1 }), part("b", 1, 0, 0, { y: 4 })]), ["SKIPPED 5: y", "SKIPPED 1: x"]);
});
