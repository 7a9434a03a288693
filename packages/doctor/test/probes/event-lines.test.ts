/** Ticks out of streams of every type, however they are cut; and what no agent sends is not read on. */
import assert from "node:assert/strict";
import test from "node:test";
import { EventLines, lineBytesMax, streamBytesMax } from "../../src/probes/event-lines.ts";

test("ticks are found in events and in lines, with the bytes that had come, however they are cut", () => {
  const text = 'event: hello\ndata: {"agent":1}\n\nid: 1\ndata: {"seq":1,"at":1000}\n\n{"seq":2,"at":1100}\n: {"seq":3,"at":1200}\n';
  for (const step of [1, 3, 1_000]) {
    const seen: [number, number][] = [];
    const lines = new EventLines(10, (sentMs, bytes) => seen.push([sentMs, bytes]));
    for (let i = 0; i < text.length; i += step) assert.ok(lines.take(Buffer.from(text.slice(i, i + step))));
    assert.deepEqual(seen, [
      [1_000, text.indexOf("1000}") + 6],
      [1_100, text.indexOf("1100}") + 6],
    ]);
  }
});

test("it says when it has all, and hears of no more than it asked for", () => {
  let events = 0;
  const lines = new EventLines(3, () => events++);
  assert.equal(lines.take(Buffer.from('data: {"seq":1,"at":1}\n'.repeat(2))), true);
  assert.equal(lines.take(Buffer.from('data: {"seq":1,"at":1}\n'.repeat(1_000))), false);
  assert.equal(events, 3);
});

test("a line without an end, and lines without one, are given up", () => {
  for (const chunk of [Buffer.alloc(4_096, "a"), Buffer.alloc(4_096, "\n")]) {
    const lines = new EventLines(100, () => assert.fail());
    let bytes = 0;
    while (lines.take(chunk)) {
      bytes += chunk.length;
      assert.ok(bytes <= Math.max(lineBytesMax, streamBytesMax), "it is bounded");
    }
  }
});
