import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { origin, parsePosition } from "@holdfast/protocol";
import fc from "fast-check";
import type { Head } from "../src/engine.ts";
import { epochOf, locate, positionOf } from "../src/epochs.ts";

const head = (epochs: [epoch: string, firstSeq: number, prev?: number][], last: number, firstPrev = 0): Head => ({
  epochs: epochs.map(([epoch, firstSeq, prev = firstSeq - 1]) => ({ epoch, firstSeq, prev })),
  last,
  firstPrev,
  entries: last - firstPrev,
  bytes: 0,
  closed: false,
});

describe("locate", () => {
  it("takes the origin as the place before everything, under whatever epoch", () => {
    assert.deepEqual(locate(head([["e1", 1]], 5), { epoch: "", seq: 0 }), { ok: true, seq: 0 });
    assert.deepEqual(locate(null, { epoch: "", seq: 0 }), { ok: true, seq: 0 });
  });

  it("costs nobody a gap when the engine merely restarted", () => {
    const restarted = head(
      [
        ["e1", 1],
        ["e2", 6],
      ],
      9,
    );
    for (let seq = 1; seq <= 5; seq++) assert.deepEqual(locate(restarted, { epoch: "e1", seq }), { ok: true, seq });
    for (let seq = 6; seq <= 9; seq++) assert.deepEqual(locate(restarted, { epoch: "e2", seq }), { ok: true, seq });
  });

  it("gives a gap to exactly the readers past a restore, before and after new entries", () => {
    assert.deepEqual(locate(head([["e1", 1]], 5), { epoch: "e1", seq: 8 }), { ok: false, reason: "ahead", continueAfter: 5 });
    const forked = head(
      [
        ["e1", 1],
        ["e2", 6],
      ],
      20,
    );
    assert.deepEqual(locate(forked, { epoch: "e1", seq: 8 }), { ok: false, reason: "epoch", continueAfter: 5 });
    assert.deepEqual(locate(forked, { epoch: "e1", seq: 5 }), { ok: true, seq: 5 });
  });

  it("knows where an epoch ended although seqs have holes", () => {
    const forked = head(
      [
        ["e1", 1],
        ["e2", 73, 68],
      ],
      75,
    );
    assert.deepEqual(locate(forked, { epoch: "e1", seq: 71 }), { ok: false, reason: "epoch", continueAfter: 68 });
    assert.deepEqual(locate(forked, { epoch: "e1", seq: 68 }), { ok: true, seq: 68 });
  });

  it("says trimmed below the oldest entry held, and not at its edge", () => {
    const trimmed = head([["e1", 1]], 9, 4);
    assert.deepEqual(locate(trimmed, { epoch: "e1", seq: 3 }), { ok: false, reason: "trimmed", continueAfter: 4 });
    assert.deepEqual(locate(trimmed, { epoch: "e1", seq: 4 }), { ok: true, seq: 4 });
    assert.deepEqual(locate(trimmed, { epoch: "", seq: 0 }), { ok: false, reason: "trimmed", continueAfter: 4 });
  });

  it("says missing when there is no such log any more", () => {
    assert.deepEqual(locate(null, { epoch: "e1", seq: 3 }), { ok: false, reason: "missing", continueAfter: 0 });
  });

  it("says epoch for an epoch it does not know, and for a number that its epoch never issued", () => {
    assert.deepEqual(locate(head([["e1", 1]], 5), { epoch: "zz", seq: 2 }), { ok: false, reason: "epoch", continueAfter: 0 });
    assert.deepEqual(
      locate(
        head(
          [
            ["e1", 1],
            ["e2", 6],
          ],
          9,
        ),
        { epoch: "e2", seq: 3 },
      ),
      { ok: false, reason: "epoch", continueAfter: 0 },
    );
  });

  it("never continues beyond the log or before what is held", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }), fc.nat(30), fc.nat(40), fc.nat(6), (runs, trim, seq, epoch) => {
        let next = 1;
        const epochs = runs.map((run, i): [string, number] => {
          const start: [string, number] = [`e${i}`, next];
          next += run;
          return start;
        });
        const last = next - 1;
        const log = head(epochs, last, Math.min(trim, last));
        const located = locate(log, seq === 0 ? { epoch: "", seq: 0 } : { epoch: `e${epoch}`, seq });
        const at = located.ok ? located.seq : located.continueAfter;
        assert.ok(at >= log.firstPrev && at <= last);
        if (located.ok && seq > 0) assert.equal(epochOf(log.epochs, seq), `e${epoch}`);
      }),
    );
  });

  it("names positions that it honours", () => {
    const log = head(
      [
        ["e1", 1],
        ["e2", 6],
      ],
      9,
    );
    assert.equal(positionOf(log.epochs, 0), origin);
    for (let seq = 1; seq <= 9; seq++) {
      const cursor = parsePosition(positionOf(log.epochs, seq));
      assert.ok(cursor);
      assert.deepEqual(locate(log, cursor), { ok: true, seq });
    }
  });
});
