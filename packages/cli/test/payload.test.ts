import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holdfast/protocol";
import { type LineFormat, linePayload } from "../src/publish/payload.ts";

const make = (text: string | Uint8Array, format: LineFormat) => linePayload(typeof text === "string" ? Buffer.from(text) : text, format);
const json = (text: string, format: LineFormat): string => {
  const payload = make(text, format);
  assert.equal(payload.kind, "json");
  return (payload as { text: string }).text;
};
const invalidUtf8 = Uint8Array.of(0x61, 0xff, 0x62);

test("a line of text is a JSON string of exactly that line", () => {
  for (const line of ["", " a ", '"quoted"', "{}", "\ufeffmark", "a\u2028b\0c\r", "👍"]) assert.equal(JSON.parse(json(line, "text")), line);
});

test("a line of JSON is passed on as written, white space around it aside", () => {
  const text = '{"a":123456789012345678901234567890,"a":1.0,"b":[ 1 ]}';
  assert.equal(json(` ${text}\r`, "json"), text);
});

test("a blank line of JSON is no entry", () => {
  for (const line of ["", " ", "\t\r"]) assert.equal(make(line, "json").kind, "skip");
});

test("what is not JSON is refused, never repaired", () => {
  for (const line of ["{", "'a'", "NaN", "\u00a01", "\ufeff1", "1 2", "undefined"]) assert.equal(make(line, "json").kind, "fault", line);
});

test("depth is bounded", () => {
  const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
  assert.equal(make(nested(64), "json").kind, "json");
  assert.equal(make(nested(65), "json").kind, "fault");
  assert.equal(make("[".repeat(200_000), "json").kind, "fault");
});

test("bytes are taken as they are; the other formats want UTF-8", () => {
  assert.deepEqual(make(invalidUtf8, "bytes"), { kind: "bytes", payload: invalidUtf8, bytes: 3 });
  assert.equal(make(invalidUtf8, "text").kind, "fault");
  assert.equal(make(invalidUtf8, "json").kind, "fault");
});

test("the payload is measured, not the line", () => {
  const most = limits.entryBytesMax.value;
  assert.equal(make("x".repeat(most - 2), "text").kind, "json");
  assert.equal(make("x".repeat(most - 1), "text").kind, "fault");
  assert.equal(make("\u0001".repeat(most / 2), "text").kind, "fault");
  assert.equal(make("x".repeat(most), "bytes").kind, "bytes");
  assert.equal(make("x".repeat(most + 1), "bytes").kind, "fault");
});
