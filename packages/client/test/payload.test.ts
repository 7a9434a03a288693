/** Payloads: what goes on the wire is what was given, and nothing that a server could not answer leaves this side. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { rawJson } from "../src/index.ts";
import { toPayload } from "../src/payload.ts";

const code = (expected: string) => (error: unknown) => (error as { code?: string }).code === expected;

test("JSON values become JSON text, bytes stay bytes and are copied", () => {
  assert.deepEqual(toPayload({ a: [1, null, "é\n"] }), { payload: '{"a":[1,null,"é\\n"]}', bytes: 21 });
  assert.equal(toPayload(null).payload, "null");
  const bytes = new Uint8Array([1, 2, 3]);
  const { payload } = toPayload(bytes);
  bytes[0] = 9;
  assert.deepEqual(payload, new Uint8Array([1, 2, 3]));
});

test("raw JSON is passed on character by character", () => {
  for (const text of ['{"a":1,"a":2}', "12345678901234567890", "1e400", '"\\u2028\\u0000"', '{"__proto__":[]}']) {
    assert.equal(toPayload(rawJson(text)).payload, text);
  }
  assert.equal(toPayload(rawJson("  [1, 2]\r\n")).payload, "[1, 2]");
});

test("raw JSON that is none is refused", () => {
  for (const text of ["", "{", "01", "\ufeff1", "NaN", '"\ud800"', "[1],"]) assert.throws(() => rawJson(text), code("bad_payload"), JSON.stringify(text));
});

test("values that JSON cannot express are refused", () => {
  const loop: unknown[] = [];
  loop.push(loop);
  for (const value of [undefined, () => 1, Symbol("s"), 1n, loop]) assert.throws(() => toPayload(value), code("bad_payload"));
});

test("a lone surrogate of a value is escaped, so that it survives", () => {
  assert.equal(toPayload("\ud800").payload, '"\\ud800"');
});

test("size is refused at the limit's far side only", () => {
  assert.equal(toPayload(new Uint8Array(262_144)).bytes, 262_144);
  assert.throws(() => toPayload(new Uint8Array(262_145)), code("entry_too_large"));
  assert.equal(toPayload("é".repeat(131_071)).bytes, 262_144);
  assert.throws(() => toPayload("é".repeat(131_072)), code("entry_too_large"));
});
