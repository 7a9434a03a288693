import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamLog } from "../../checker/log-tree.ts";
import { type AskedFrom, ReaderCheck } from "../../checker/reader-check.ts";
import { Violations } from "../../checker/violations.ts";

/** A log with entries a.1 to a.4, of which nothing is trimmed, and a reader of it. */
function scene(from: AskedFrom = "first"): { log: StreamLog; reader: ReaderCheck; kinds: () => string[] } {
  const violations = new Violations(() => 0);
  const log = new StreamLog("s", "0");
  for (const n of [1, 2, 3, 4]) log.commit(`a.${n}`, `t${n}`, n);
  const reader = new ReaderCheck("r", log, from, { nowMs: 5, hasSibling: false }, violations);
  return { log, reader, kinds: () => violations.first.map(({ kind }) => kind) };
}

/** The log goes on from a.2, with entries of a new epoch. */
function forkAfterTwo(log: StreamLog): void {
  const second = log.at("a.2")[0];
  assert.ok(second !== undefined);
  log.fork(second, log.root, false, 6);
  log.commit("b.3", "t5", 7);
}

describe("the judge of a reader", () => {
  it("finds nothing wrong with every entry in order", () => {
    const { reader, kinds } = scene();
    for (const n of [1, 2, 3, 4]) reader.deliver(`a.${n}`, `t${n}`);
    assert.deepEqual(kinds(), []);
    assert.ok(reader.isAtTip);
  });

  it("sees a skipped entry, a repeated one, one out of order, an invented one and a changed one", () => {
    const cases: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
      [
        "lost",
        [
          ["a.1", "t1"],
          ["a.3", "t3"],
        ],
      ],
      [
        "duplicated",
        [
          ["a.1", "t1"],
          ["a.2", "t2"],
          ["a.1", "t1"],
        ],
      ],
      [
        "phantom",
        [
          ["a.1", "t1"],
          ["a.9", "t9"],
        ],
      ],
      [
        "changed",
        [
          ["a.1", "t1"],
          ["a.2", "t3"],
        ],
      ],
    ];
    for (const [kind, deliveries] of cases) {
      const { reader, kinds } = scene();
      for (const [position, token] of deliveries) reader.deliver(position, token);
      assert.equal(kinds()[0], kind);
    }
    const { reader, kinds } = scene({ after: "a.3" });
    reader.deliver("a.2", "t2");
    assert.deepEqual(kinds(), ["reordered"]);
  });

  it("takes a gap over trimmed entries, and no other one on a log that goes on", () => {
    const trimmed = scene();
    trimmed.reader.deliver("a.1", "t1");
    const third = trimmed.log.at("a.3")[0];
    assert.ok(third !== undefined);
    trimmed.log.trim(third);
    trimmed.reader.gap({ reason: "trimmed", from: "a.1", after: "a.3" });
    trimmed.reader.deliver("a.4", "t4");
    assert.deepEqual(trimmed.kinds(), []);
    for (const gap of [
      { reason: "trimmed", from: "a.1", after: "a.3" },
      { reason: "epoch", from: "a.1", after: "0" },
      { reason: "ahead", from: "a.1", after: "a.1" },
      { reason: "trimmed", from: "a.2", after: "a.3" },
      { reason: "trimmed", from: "a.1", after: "z.1" },
    ]) {
      const { reader, kinds } = scene();
      reader.deliver("a.1", "t1");
      reader.gap(gap);
      assert.deepEqual(kinds(), ["wrong-gap"], JSON.stringify(gap));
    }
  });

  it("wants a gap from exactly the readers past a fork", () => {
    const past = scene({ after: "a.4" });
    forkAfterTwo(past.log);
    past.reader.gap({ reason: "epoch", from: "a.4", after: "a.2" });
    past.reader.deliver("b.3", "t5");
    assert.deepEqual(past.kinds(), []);
    const silent = scene({ after: "a.4" });
    forkAfterTwo(silent.log);
    silent.reader.deliver("b.3", "t5");
    assert.deepEqual(silent.kinds(), ["lost"]);
    const before = scene({ after: "a.2" });
    forkAfterTwo(before.log);
    before.reader.deliver("b.3", "t5");
    assert.deepEqual(before.kinds(), []);
    const skipping = scene({ after: "a.4" });
    forkAfterTwo(skipping.log);
    skipping.reader.gap({ reason: "epoch", from: "a.4", after: "b.3" });
    assert.deepEqual(skipping.kinds(), ["wrong-gap"]);
  });

  it("holds a subscription to where it was asked to begin", () => {
    const cases: readonly (readonly [AskedFrom, string, boolean])[] = [
      ["first", "0", true],
      ["first", "a.1", false],
      ["now", "a.4", true],
      ["now", "a.3", false],
      [{ last: 1 }, "a.3", true],
      [{ last: 1 }, "a.2", false],
      [{ last: 3 }, "a.2", false],
      [{ last: 9 }, "0", true],
    ];
    for (const [from, begins, isRight] of cases) {
      const { reader, kinds } = scene(from);
      reader.began(begins);
      assert.deepEqual(kinds(), isRight ? [] : ["wrong-start"], `${JSON.stringify(from)} at ${begins}`);
    }
  });

  it("believes an end only where the log has ended", () => {
    const { log, reader, kinds } = scene({ after: "a.4" });
    log.close();
    reader.end();
    assert.deepEqual(kinds(), []);
    const open = scene({ after: "a.4" });
    open.reader.end();
    const early = scene({ after: "a.3" });
    early.log.close();
    early.reader.end();
    assert.deepEqual([...open.kinds(), ...early.kinds()], ["wrong-end", "wrong-end"]);
  });
});
