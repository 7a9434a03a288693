import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyTally, exitOf, faultLine, progressLine, summaryJson, summaryLine, type Tally } from "../src/publish/tally.ts";

const tally = (changes: Partial<Tally>): Tally => ({ ...emptyTally(), ...changes });

test("the exit says the worst that happened", () => {
  assert.equal(exitOf(tally({ published: 5, duplicates: 2 })), "ok");
  assert.equal(exitOf(tally({ skipped: 1 })), "input");
  assert.equal(exitOf(tally({ skipped: 1, refused: 1 })), "refused");
  assert.equal(exitOf(tally({ skipped: 1, refused: 1, unknown: 1 })), "unreachable");
});

test("the summary names only what happened", () => {
  assert.equal(summaryLine("logs/app", tally({ read: 1, published: 1 }), 12), "1 entry published to logs/app in 12 ms");
  assert.equal(
    summaryLine("s", tally({ published: 12_345, duplicates: 1, refused: 2, skipped: 3, unknown: 4, closed: true }), 61_500),
    "12,345 entries published to s in 1 min 2 s, 1 of them were there already, 2 refused, 3 skipped, 4 without an answer (may or may not be there), stream ended",
  );
});

test("the summary for programs has every count", () => {
  assert.deepEqual(JSON.parse(summaryJson("s", tally({ read: 3, published: 2, skipped: 1 }), 10.4)), {
    stream: "s",
    read: 3,
    published: 2,
    duplicates: 0,
    refused: 0,
    skipped: 1,
    unknown: 0,
    unsent: 0,
    closed: false,
    position: null,
    elapsedMs: 10,
  });
});

test("messages from elsewhere cannot act on a terminal", () => {
  assert.equal(faultLine("line 17", "bad\x1b[2J"), "holdfast publish: line 17: bad\\u001b[2J");
});

test("progress is one short line", () => {
  assert.equal(progressLine(tally({ published: 1_000 }), 24, 1_500, "live"), "1,000 published, 24 under way, 1.5 s, live");
});
