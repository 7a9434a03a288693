import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Line, LineCutter } from "../src/publish/lines.ts";

function cut(chunks: readonly Uint8Array[], lineBytesMax = 1_000): Line[] {
  const cutter = new LineCutter(lineBytesMax);
  const lines = chunks.flatMap((chunk) => [...cutter.push(chunk)]);
  const last = cutter.end();
  return last === null ? lines : [...lines, last];
}
const shown = (lines: Line[]) =>
  lines.map((line) => ("bytes" in line ? `${line.number}:${Buffer.from(line.bytes).toString("latin1")}` : `${line.number}!${line.overlongBytes}`));

test("lines end at \\n alone; \\r stays; the last needs no end", () => {
  assert.deepEqual(shown(cut([Buffer.from("a\r\n\nb\0c")])), ["1:a\r", "2:", "3:b\0c"]);
});

test("an end of line at the end of the input adds no empty line", () => {
  assert.deepEqual(shown(cut([Buffer.from("a\n")])), ["1:a"]);
  assert.deepEqual(shown(cut([Buffer.from("")])), []);
  assert.deepEqual(shown(cut([Buffer.from("\n")])), ["1:"]);
});

test("a line that is too long is reported with its length, and the next is good", () => {
  assert.deepEqual(shown(cut([Buffer.from("12345\n123456\nok\n1234567")], 5)), ["1:12345", "2!6", "3:ok", "4!7"]);
});

test("an overlong line is not held in memory", () => {
  const cutter = new LineCutter(1_000);
  const chunk = Buffer.alloc(1_048_576, "x");
  const beforeBytes = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 100; i++) assert.deepEqual([...cutter.push(chunk)], []);
  assert.ok(process.memoryUsage().arrayBuffers - beforeBytes < 10 * chunk.length);
  assert.deepEqual(cutter.end(), { number: 1, overlongBytes: 100 * chunk.length });
});

test("lines are copies: the chunk may be reused", () => {
  const chunk = Buffer.from("ab\n");
  const lines = cut([chunk]);
  chunk.fill("z");
  assert.deepEqual(shown(lines), ["1:ab"]);
});

test("however the bytes are split into chunks, the lines are the same", () => {
  const text = fc.array(fc.constantFrom("a", "bc", "\n", "\r", "é", "\0", "123456789"), { maxLength: 40 });
  fc.assert(
    fc.property(text, fc.array(fc.nat(40), { maxLength: 8 }), (parts, cuts) => {
      const bytes = Buffer.from(parts.join(""));
      const places = [...new Set([0, ...cuts.map((at) => Math.min(at, bytes.length)), bytes.length])].sort((a, b) => a - b);
      const chunks = places.slice(1).map((place, i) => bytes.subarray(places[i], place));
      assert.deepEqual(shown(cut(chunks, 12)), shown(cut([bytes], 12)));
    }),
  );
});
