import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseRow, Ledger } from "../../src/budget/ledger.ts";
import { budgetView } from "../../src/budget/view.ts";

const nowMs = 100_000;
const row = (id: string, granted: number, more: Partial<LeaseRow> = {}): LeaseRow => ({
  ...{ id, label: "v1", joinedMs: 40_000, renewedMs: 98_000, expiresMs: 108_000, ttlMs: 10_000, granted, ceiling: granted, target: granted, max: 20 },
  ...{ demand: 3, used: granted, waiting: 0, waitP95Ms: 4, lapses: 0, refused: 0, leaving: false },
  ...more,
});
const ledger = (...rows: LeaseRow[]): Ledger => ({ writtenMs: 98_000, openedMs: 0, shares: 10, door: 3, reserve: 5, strangers: 2, rows });

test("each replica's state is told, and nothing is wrong where all is well", () => {
  const view = budgetView("orders", ledger(row("a", 4), row("b", 5, { ceiling: 3 }), row("c", 1, { leaving: true })), nowMs);
  assert.deepEqual(
    view.replicas.map(({ state, ageMs, renewedMs, leftMs }) => [state, ageMs, renewedMs, leftMs]),
    ["holding", "giving way", "leaving"].map((state) => [state, 60_000, 2_000, 8_000]),
  );
  assert.deepEqual([view.granted, view.warnings.length], [10, 0]);
});

test("what is wrong is said: lapsed replicas, newcomers that wait, more demand than there is, others, refusals", () => {
  const warnings = (...rows: LeaseRow[]): string => budgetView("orders", ledger(...rows), nowMs).warnings.join("\n");
  assert.match(warnings(row("a", 4), row("dead", 3, { expiresMs: 99_000 })), /^lapsed: dead; 3 connections are kept/);
  assert.match(warnings(row("dead", 3, { expiresMs: 99_000 })), /^no lease holds/);
  assert.match(warnings(row("a", 4), row("new", 0)), /^1 replicas have no connection yet: others have to give way first$/);
  assert.match(warnings(row("a", 10, { waiting: 7, waitP95Ms: 320 })), /^more is asked for than there is: 7 calls wait \(p95 up to 320 ms\) and 10 of 10/);
  assert.match(warnings(row("a", 4, { refused: 2 })), /^the server refused 2 connections at the door/);
  assert.equal(warnings(row("a", 4, { waiting: 7 })), "");
  assert.match(budgetView("orders", ledger(row("a", 1)), nowMs, 9).warnings.join(), /^others have 9 connections, and reserve is 5/);
});
