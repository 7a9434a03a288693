/** The limits fit each other: what one allows, the others leave room for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isCode, type Limit, limits } from "../src/index.ts";

const rows = Object.entries(limits) as [string, Limit][];
const base64Chars = (bytes: number): number => Math.ceil(bytes / 3) * 4;

test("every limit is a whole number, named for what it is, and answered with a code of the table", () => {
  for (const [name, { value, unit, what, code }] of rows) {
    assert.ok(Number.isSafeInteger(value) && value > 0, name);
    assert.match(name, /^[a-z][A-Za-z]*Max$/);
    assert.ok(unit.length > 0 && what.length > 10);
    assert.ok(code === null || isCode(code), name);
    if (unit === "bytes") assert.match(name, /Bytes/);
    if (unit === "ms") assert.match(name, /Ms/);
  }
});

test("a full part leaves room in a message for the longest name", () => {
  assert.ok(base64Chars(limits.partBytesMax.value) + limits.streamNameBytesMax.value + 300 <= limits.wireBytesMax.value);
});

test("a full inline payload leaves room in a message for a name and two keys in which every byte is escaped", () => {
  assert.ok(limits.inlineBytesMax.value + limits.streamNameBytesMax.value + 2 * 6 * limits.keyBytesMax.value + 300 <= limits.wireBytesMax.value);
});

test("parts are cut where base64 needs no padding, and hold more than what travels inside as bytes", () => {
  assert.equal(limits.partBytesMax.value % 3, 0);
  assert.ok(base64Chars(limits.partBytesMax.value) > limits.inlineBytesMax.value);
});

test("a duration fits the timers of every platform", () => {
  assert.ok(limits.durationMsMax.value < 2 ** 31);
});
