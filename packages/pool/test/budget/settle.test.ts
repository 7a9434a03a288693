import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseRow, Ledger } from "../../src/budget/ledger.ts";
import { type Asking, emptyLedger, isFull, lapsedIn, type Sight, settle, signed } from "../../src/budget/settle.ts";

const ttlMs = 9_000;
const nowMs = 1_000_000;

const row = (id: string, granted: number, more: Partial<LeaseRow> = {}): LeaseRow => ({
  ...{ id, label: "", joinedMs: 1, renewedMs: nowMs - 1_000, expiresMs: nowMs + 8_000, ttlMs, granted, ceiling: granted, target: granted, max: 50 },
  ...{ demand: 50, used: granted, waiting: 9, waitP95Ms: 5, lapses: 0, refused: 0, leaving: false },
  ...more,
});
const ledger = (...rows: LeaseRow[]): Ledger => ({ ...emptyLedger, writtenMs: nowMs - 500, openedMs: 1, shares: 10, rows });
const asking = (id: string, more: Partial<Asking> = {}): Asking => ({
  ...{ id, label: "v1", ttlMs, max: 50, held: 0, demand: 50, used: 0, waiting: 9, waitP95Ms: 5, lapses: 0, refused: 0, leaving: false },
  ...more,
});
const sight = (more: Partial<Sight> = {}): Sight => ({ nowMs, shares: 10, door: 3, strangers: 0, reserve: 5, seen: new Map(), found: [], ...more });
const found = (replica: string, connection: number, busy = false) => ({ replica, connection, busy });

test("a newcomer begins with one, and takes its part when it renews", () => {
  assert.equal(settle(emptyLedger, sight(), asking("a")).ceiling, 1);
  assert.equal(settle(ledger(row("a", 1)), sight(), asking("a", { held: 1 })).ceiling, 10);
});

test("who grows takes only what nobody has", () => {
  const { ceiling, target } = settle(ledger(row("a", 1), row("b", 8)), sight(), asking("a", { held: 1 }));
  assert.deepEqual([ceiling, target], [2, 5]);
});

test("a newcomer waits while nothing is free, and its line makes the others give way", () => {
  const waiting = settle(ledger(row("a", 10)), sight(), asking("b"));
  assert.equal(waiting.ceiling, 0);
  const after = signed(waiting, asking("b"), 0);
  assert.deepEqual(
    after.rows.map(({ id, granted }) => [id, granted]),
    [
      ["a", 10],
      ["b", 0],
    ],
  );
  assert.equal(settle(after, sight(), asking("a", { held: 10 })).ceiling, 5);
});

test("what is given up is counted until it is closed: by what is held, and by what the server still counts", () => {
  const settled = settle(ledger(row("a", 10), row("b", 0)), sight(), asking("a", { held: 10 }));
  const grantedOf = (of: Ledger): number | undefined => of.rows.find(({ id }) => id === "a")?.granted;
  assert.equal(grantedOf(signed(settled, asking("a"), 10)), 10);
  assert.equal(grantedOf(signed(settled, asking("a"), 7)), 7);
  assert.equal(grantedOf(signed(settled, asking("a"), 2)), 5);
  const seen = settle(ledger(row("a", 10), row("b", 0)), sight({ seen: new Map([["a", 8]]) }), asking("a", { held: 2 }));
  assert.equal(grantedOf(signed(seen, asking("a"), 2)), 8);
});

test("as much is given up as others lack, and an eighth is no lack", () => {
  const a = asking("a", { held: 8, demand: 1 });
  assert.equal(settle(ledger(row("a", 8, { demand: 1 }), row("b", 1)), sight(), a).ceiling, 1);
  assert.equal(settle(ledger(row("a", 8), row("b", 2, { demand: 2, max: 2 })), sight(), a).ceiling, 8);
  assert.equal(settle(ledger(row("a", 6), row("b", 2)), sight(), asking("a", { held: 6 })).ceiling, 5, "b takes the two that are free, and lacks one more");
  assert.equal(settle(ledger(row("a", 11), row("b", 9)), sight({ shares: 20 }), asking("a", { held: 11 })).ceiling, 11);
  assert.equal(settle(ledger(row("a", 13), row("b", 7)), sight({ shares: 20 }), asking("a", { held: 13 })).ceiling, 10);
});

test("what is free is kept for who has nothing, in the order of arrival", () => {
  const rows = [row("a", 1), row("b", 8), row("c", 0, { joinedMs: 5 })];
  assert.equal(settle(ledger(...rows), sight(), asking("a", { held: 1 })).ceiling, 1);
  assert.equal(settle(ledger(...rows), sight(), asking("d")).ceiling, 0);
  assert.equal(settle(ledger(...rows), sight(), asking("c")).ceiling, 1);
});

test("a lapsed share is kept for a moment, then but for what the server shows and one seat, then altogether", () => {
  const at = (lateMs: number, connections: number): number =>
    settle(
      ledger(row("a", 1), row("dead", 9, { expiresMs: nowMs - lateMs })),
      sight({ found: Array.from({ length: connections }, (_, n) => found("dead", n, true)) }),
      {
        ...asking("a", { held: 1 }),
      },
    ).ceiling;
  assert.equal(at(500, 0), 1, "a connection may just be opening");
  assert.equal(at(2_000, 0), 9, "all but its seat");
  assert.equal(at(2_000, 4), 6, "four still work");
  assert.equal(at(10_000, 0), 10, "it did not return");
  assert.equal(at(100_000, 4), 6, "and as long as they work");
});

test("idle connections of the lapsed are ended at once, working ones after two leases", () => {
  const ended = (lateMs: number): number[] =>
    settle(ledger(row("dead", 3, { expiresMs: nowMs - lateMs })), sight({ found: [found("dead", 7), found("dead", 8, true)] }), asking("a")).end.map(
      ({ connection }) => connection,
    );
  assert.deepEqual(ended(1), [7]);
  assert.deepEqual(ended(17_000), [7]);
  assert.deepEqual(ended(19_000), [7, 8]);
});

test("after a time in which nobody wrote, nobody's lease counts as over before its time has passed anew", () => {
  const silent = { ...ledger(row("a", 5, { expiresMs: nowMs - 60_000 }), row("b", 5, { expiresMs: nowMs - 60_000 })), writtenMs: nowMs - 70_000 };
  const settled = settle(silent, sight({ found: [found("b", 1, true)] }), asking("c"));
  assert.equal(settled.ceiling, 0);
  assert.deepEqual(settled.others.rows, silent.rows);
  assert.equal(settled.others.openedMs, nowMs);
});

test("a clock that leaps ahead ends no lease of who is still connected, and gives nothing of it on", () => {
  const leapt = (ms: number, lateMs: number): ReturnType<typeof settle> => {
    const before = { ...ledger(row("a", 1), row("b", 9)), writtenMs: nowMs - ms };
    const rows = before.rows.map((each) => ({ ...each, expiresMs: nowMs + 6_500 - ms }));
    const sighted = sight({ found: [found("b", 1), found("b", 2, true)] });
    const first = settle({ ...before, rows }, sighted, asking("a", { held: 1 }));
    if (lateMs === 0) return first;
    const written = signed(first, asking("a"), 1);
    return settle({ ...written, writtenMs: nowMs + lateMs - 100 }, { ...sighted, nowMs: nowMs + lateMs }, asking("a", { held: 1 }));
  };
  for (const ms of [7_000, 60_000, 3_600_000]) {
    for (const lateMs of [0, 2_000, 5_000]) {
      const { ceiling, end } = leapt(ms, lateMs);
      assert.deepEqual([ceiling, end], [1, []], `${ms} ms, ${lateMs} ms later`);
    }
    assert.deepEqual(
      leapt(ms, ttlMs + 500).end.map(({ connection }) => connection),
      [1],
    );
  }
});

test("connections of a replica without a line are not there to be leased: an operator has deleted the ledger", () => {
  const seen = new Map([
    ["a", 5],
    ["b", 5],
    ["c", 2],
  ]);
  assert.equal(settle(emptyLedger, sight({ shares: 20, seen }), asking("a", { held: 5 })).ceiling, 13);
  assert.equal(settle(ledger(row("b", 5)), sight({ shares: 12, seen }), asking("a", { held: 5 })).ceiling, 5);
});

test("a clock that was set back makes no lease longer than it can be", () => {
  const future = row("b", 9, { expiresMs: nowMs + 3_600_000 });
  assert.deepEqual(settle(ledger(row("a", 1), future), sight(), asking("a")).others.rows[0]?.expiresMs, nowMs + ttlMs);
});

test("who leaves keeps one to say so over, and is nothing when that is gone", () => {
  const leaving = asking("a", { held: 1, leaving: true });
  const left = signed(settle(ledger(row("a", 5), row("b", 5)), sight(), leaving), leaving, 1);
  assert.deepEqual(
    left.rows.map(({ id, granted }) => [id, granted]),
    [
      ["a", 1],
      ["b", 5],
    ],
  );
  const later = nowMs + 2_500;
  assert.equal(settle({ ...left, writtenMs: later - 100 }, sight({ nowMs: later }), asking("b", { held: 5 })).ceiling, 10);
});

test("who returns to its seat has what was not given on meanwhile", () => {
  assert.equal(settle(ledger(row("a", 1, { expiresMs: nowMs - 3_000 }), row("b", 9)), sight(), asking("a")).ceiling, 1);
  assert.equal(settle(ledger(row("a", 5, { expiresMs: nowMs - 500 }), row("b", 5)), sight(), asking("a")).ceiling, 5);
});

test("when there is less to share than is held, everybody gives way to it", () => {
  assert.equal(settle(ledger(row("a", 5), row("b", 5)), sight({ shares: 6 }), asking("a", { held: 5 })).ceiling, 3);
});

test("only the lapsed are looked for, and never oneself", () => {
  const of = ledger(row("a", 1, { expiresMs: nowMs - 1 }), row("b", 1, { expiresMs: nowMs - 1 }), row("c", 1));
  assert.deepEqual(lapsedIn(of, nowMs, "a"), ["b"]);
});

test("a ledger has a thousand lines", () => {
  const of = ledger(...Array.from({ length: 1_000 }, (_, index) => row(`r${index}`, 0)));
  assert.equal(isFull(of, "new"), true);
  assert.equal(isFull(of, "r5"), false);
});
