/**
 * What a stream makes of heads that the engine gives: whose place stands, and whose does not.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatPosition } from "@holdfast/protocol";
import type { Engine, Head } from "../../src/engine.ts";
import { Counters } from "../../src/hub/counters.ts";
import { LiveStream, type Placed } from "../../src/hub/live-stream.ts";
import { TailBudget } from "../../src/hub/tail.ts";
import { nodeEnv } from "../../src/index.ts";

const headOf = (last: number, ...epochs: readonly [epoch: string, firstSeq: number][]): Head => ({
  epochs: epochs.map(([epoch, firstSeq]) => ({ epoch, firstSeq, prev: firstSeq - 1 })),
  last,
  firstPrev: 0,
  entries: last,
  bytes: last,
  closed: false,
});

/** A stream whose head is known, with readers at these places; then another head is there. Returns who was moved, and where to. */
async function moves(before: Head, places: readonly [epoch: string, seq: number][], after: Head): Promise<string[]> {
  let head = before;
  const engine = { caps: { staleMsMax: 1_000 }, listen: async () => ({ close: () => {} }), head: async () => head } as unknown as Engine;
  const told: string[] = [];
  const stream = new LiveStream<Placed>("s", {
    env: nodeEnv,
    engine,
    counters: new Counters(),
    budget: new TailBudget(1_000_000, () => {}),
    dirty: () => {},
    rewritten: (_stream, moved) => {
      for (const { reader, reason, after } of moved) told.push(`${reader.position} ${reason} ${after}`);
    },
  });
  await stream.load();
  for (const [epoch, seq] of places) stream.addReader({ cursor: seq, scan: seq, position: formatPosition(epoch, seq), index: -1 });
  head = after;
  await stream.refreshAnew();
  return told;
}

const [a12, b12] = [formatPosition("a", 12), formatPosition("b", 12)];

describe("a stream whose log went on under another epoch", () => {
  it("moves those who had more of the former one, by a page, than was known of its head", async () => {
    const told = await moves(
      headOf(11, ["a", 1]),
      [
        ["a", 11],
        ["a", 12],
      ],
      headOf(13, ["a", 1], ["b", 12]),
    );
    assert.deepEqual(told, [`${a12} epoch 11`]);
  });

  it("lets those be who have more of the new one than the head that was read", async () => {
    assert.deepEqual(
      await moves(
        headOf(11, ["a", 1]),
        [
          ["b", 12],
          ["b", 14],
        ],
        headOf(13, ["a", 1], ["b", 12]),
      ),
      [],
    );
  });

  it("lets those be who have more of the same one than the head that was read", async () => {
    assert.deepEqual(await moves(headOf(11, ["a", 1]), [["a", 14]], headOf(13, ["a", 1])), []);
  });

  it("moves those beyond a log that was cut back, whatever their epoch", async () => {
    assert.deepEqual(
      await moves(
        headOf(12, ["a", 1], ["b", 12]),
        [
          ["b", 12],
          ["a", 10],
        ],
        headOf(10, ["a", 1]),
      ),
      [`${b12} epoch 0`],
    );
  });
});
