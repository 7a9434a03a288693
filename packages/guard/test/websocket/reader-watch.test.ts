import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptyReader, type QueueSizes, type ReaderState, type ReaderVerdict, stepReader } from "../../src/websocket/reader-watch.ts";

const rules = { stallMs: 10_000, queuedBytesMax: 1_048_576, queuedMs: 2_000 };

/** Looks every 500 ms; returns the first verdict that is not `reads`, and when. */
function run(untilMs: number, sizes: (nowMs: number) => QueueSizes, blind: (nowMs: number) => boolean = () => false): [number, ReaderVerdict] | null {
  let state: ReaderState = emptyReader;
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 500) {
    const step = stepReader(state, sizes(nowMs), blind(nowMs), rules, nowMs);
    state = step.state;
    if (step.verdict !== "reads") return [nowMs, step.verdict];
  }
  return null;
}

describe("the watch of readers", () => {
  it("has nothing against an empty queue, however long", () => {
    assert.equal(
      run(60_000, () => ({ queuedBytes: 0, inFlightBytes: 0 })),
      null,
    );
  });

  it("finds a reader that takes nothing for ten seconds", () => {
    assert.deepEqual(
      run(60_000, () => ({ queuedBytes: 5_000, inFlightBytes: 5_000 })),
      [10_000, "stalled"],
    );
  });

  it("is not deceived by more that is sent behind what does not move", () => {
    assert.deepEqual(
      run(60_000, (nowMs) => ({ queuedBytes: 5_000 + nowMs, inFlightBytes: 5_000 })),
      [10_000, "stalled"],
    );
  });

  it("sees one large message move by the part that is in flight", () => {
    assert.equal(
      run(60_000, (nowMs) => ({ queuedBytes: 900_000, inFlightBytes: 900_000 - nowMs })),
      null,
    );
  });

  it("counts a write that is not under way as moving: the host compresses, or the kernel has it all", () => {
    assert.equal(
      run(60_000, () => ({ queuedBytes: 900_000, inFlightBytes: 0 })),
      null,
    );
  });

  it("lets a queue be above its maximum for a while, and ends one that does not fall", () => {
    assert.deepEqual(
      run(60_000, (nowMs) => ({ queuedBytes: 2_000_000, inFlightBytes: nowMs })),
      [2_000, "overfull"],
    );
    assert.deepEqual(
      run(60_000, (nowMs) => ({ queuedBytes: 1_500_000 + nowMs * 100, inFlightBytes: 900_000 - nowMs * 50 })),
      [2_000, "overfull"],
    );
  });

  it("lets a queue that falls be, however large", () => {
    assert.equal(
      run(10_000, (nowMs) => ({ queuedBytes: 50_000_000 - nowMs * 100, inFlightBytes: 50_000_000 - nowMs * 100 })),
      null,
    );
  });

  it("sees a queue of one large message fall by the part that is in flight", () => {
    assert.equal(
      run(10_000, (nowMs) => ({ queuedBytes: 50_000_000, inFlightBytes: 50_000_000 - nowMs * 100 })),
      null,
    );
  });

  it("does not take a dribble for falling", () => {
    assert.deepEqual(
      run(10_000, (nowMs) => ({ queuedBytes: 50_000_000 - nowMs, inFlightBytes: 50_000_000 - nowMs })),
      [2_000, "overfull"],
    );
  });

  it("begins anew after a time without looks", () => {
    assert.deepEqual(
      run(
        60_000,
        () => ({ queuedBytes: 5_000, inFlightBytes: 5_000 }),
        (nowMs) => nowMs === 9_500,
      ),
      [19_500, "stalled"],
    );
  });
});
