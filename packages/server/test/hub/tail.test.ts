import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { WireFormat } from "../../src/carrier.ts";
import type { Entry } from "../../src/engine.ts";
import { flushBytesMax, Tail, TailBudget } from "../../src/hub/tail.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Each entry becomes `seq:payload;`, so that joined bytes can be read back. */
const format: WireFormat = { name: "test", encode: (entry) => encoder.encode(`${entry.position}:${decoder.decode(entry.payload)};`) };
const entryAt = (seq: number, prev: number, payload = "x"): Entry => ({ epoch: "e", seq, prev, timeMs: 0, format: "json", payload: encoder.encode(payload) });
const seqsIn = (bytes: Uint8Array): number[] =>
  decoder
    .decode(bytes)
    .split(";")
    .filter((part) => part !== "")
    .map((part) => Number.parseInt((part.split(":")[0] as string).slice(3), 36));

describe("a tail", () => {
  it("gives exactly the entries after a cursor, whatever the holes between seqs", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 40 }), fc.nat(200), (steps, cursorAt) => {
        const tail = new Tail("s", 0);
        const seqs: number[] = [];
        for (const step of steps) {
          const prev = seqs.at(-1) ?? 0;
          seqs.push(prev + step);
          tail.append(entryAt(prev + step, prev), "e");
        }
        const cursor = cursorAt % (tail.last + 1);
        const wanted = seqs.filter((seq) => seq > cursor);
        const range = tail.range(format, cursor);
        assert.deepEqual(range === null ? [] : seqsIn(range.bytes), wanted);
        if (range !== null) assert.equal(range.prev, seqs.filter((seq) => seq <= cursor).at(-1) ?? 0);
      }),
    );
  });

  it("gives everyone at the same place the same buffer, and a longer one after an append", () => {
    const tail = new Tail("s", 0);
    tail.append(entryAt(1, 0), "e");
    tail.append(entryAt(2, 1), "e");
    const first = tail.range(format, 0);
    assert.equal(tail.range(format, 0)?.bytes, first?.bytes);
    tail.append(entryAt(3, 2), "e");
    assert.deepEqual(seqsIn(tail.range(format, 0)?.bytes as Uint8Array), [1, 2, 3]);
  });

  it("cuts a range at 64 KiB, but never below one entry", () => {
    const tail = new Tail("s", 0);
    const size = 30_000;
    for (let seq = 1; seq <= 5; seq++) tail.append(entryAt(seq, seq - 1, "y".repeat(seq === 4 ? 100_000 : size)), "e");
    const lengths: number[][] = [];
    for (let cursor = 0; cursor < 5; ) {
      const range = tail.range(format, cursor);
      assert.ok(range !== null && (range.bytes.length <= flushBytesMax || range.count === 1));
      lengths.push(seqsIn(range.bytes));
      cursor = range.to;
    }
    assert.deepEqual(lengths, [[1, 2], [3], [4], [5]]);
  });

  it("drops its oldest entries beyond its share, and says where it begins", () => {
    const tail = new Tail("s", 0);
    for (let seq = 1; seq <= 100; seq++) tail.append(entryAt(seq, seq - 1, "z".repeat(20_000)), "e");
    assert.ok(tail.start > 0 && tail.size < 100);
    assert.equal(tail.last, 100);
    const seqs: number[] = [];
    for (let cursor = tail.start; cursor < 100; ) {
      const range = tail.range(format, cursor);
      assert.ok(range);
      seqs.push(...seqsIn(range.bytes));
      cursor = range.to;
    }
    assert.deepEqual(
      seqs,
      Array.from({ length: tail.size }, (_, i) => tail.start + 1 + i),
    );
  });

  it("encodes an entry once per format however often it is asked for", () => {
    let encoded = 0;
    const counting: WireFormat = {
      name: "counting",
      encode: (entry) => {
        encoded++;
        return format.encode(entry);
      },
    };
    const tail = new Tail("s", 0);
    for (let seq = 1; seq <= 10; seq++) {
      tail.append(entryAt(seq, seq - 1), "e");
      for (let cursor = 0; cursor < seq; cursor++) tail.range(counting, cursor);
    }
    assert.equal(encoded, 10);
  });

  it("finds the place before its newest n entries, as far as it reaches", () => {
    const tail = new Tail("s", 7);
    tail.append(entryAt(9, 7), "e");
    tail.append(entryAt(12, 9), "e");
    assert.equal(tail.prevOfLast(1), 9);
    assert.equal(tail.prevOfLast(2), 7);
    assert.equal(tail.prevOfLast(3), null);
  });
});

describe("the tail budget", () => {
  it("empties the tail that got nothing for longest, never the one that just grew", () => {
    let evictions = 0;
    const budget = new TailBudget(3_000, () => {
      evictions++;
    });
    const tails = ["a", "b", "c"].map((name) => new Tail(name, 0));
    for (const tail of tails) {
      tail.append(entryAt(1, 0, "q".repeat(300)), "e");
      budget.touched(tail);
    }
    assert.deepEqual(
      tails.map((tail) => tail.size),
      [0, 1, 1],
    );
    assert.equal(evictions, 1);
    assert.equal(
      budget.usedBytes,
      tails.reduce((sum, tail) => sum + tail.bytes, 0),
    );
    assert.equal(tails[0]?.start, 1);
  });
});
