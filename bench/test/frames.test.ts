/** The load generators' frame reader: whatever the cuts between reads, every frame comes once and whole. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameReader, maskedText, serverFrame } from "../lib/frames.ts";

const payloads = ["", "a", "x".repeat(125), "y".repeat(126), "z".repeat(3_000)].map((text) => Buffer.from(text));
const wire = Buffer.concat(payloads.map(serverFrame));

function read(cuts: readonly number[]): string[] {
  const reader = new FrameReader();
  const seen: string[] = [];
  let from = 0;
  for (const to of [...cuts, wire.length]) {
    const chunk = wire.subarray(from, to);
    reader.push(chunk, chunk.length, (_, bytes, start, end) => seen.push(Buffer.from(bytes.subarray(start, end)).toString()));
    from = to;
  }
  return seen;
}

const expected = payloads.map(String);

test("frames come whole from one read", () => {
  assert.deepEqual(read([]), expected);
});

test("frames come whole when reads are cut at any byte", () => {
  for (let at = 1; at < wire.length; at++) assert.deepEqual(read([at]), expected, `cut at ${at}`);
});

test("frames come whole byte by byte", () => {
  assert.deepEqual(read(Array.from({ length: wire.length - 1 }, (_, i) => i + 1)), expected);
});

test("bytes beyond the given length are not read", () => {
  const reader = new FrameReader();
  const frame = serverFrame(Buffer.from("hello"));
  const shared = Buffer.concat([frame, serverFrame(Buffer.from("stale"))]);
  const seen: number[] = [];
  reader.push(shared, frame.length, (_, __, start, end) => seen.push(end - start));
  assert.deepEqual(seen, [5]);
});

test("a masked frame has the mask bit, the key 0 and its text as it is", () => {
  for (const text of ["hi", "x".repeat(126)]) {
    const frame = maskedText(text);
    assert.equal((frame[1] as number) & 0x80, 0x80);
    assert.equal(frame.subarray(-text.length).toString(), text);
    assert.deepEqual([...frame.subarray(-text.length - 4, -text.length)], [0, 0, 0, 0]);
  }
});
