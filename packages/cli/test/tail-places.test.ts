import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFrom } from "../src/tail/from.ts";
import { formatPlaces, parsePlaces } from "../src/tail/places.ts";

test("places are read back as written, also for odd names", () => {
  const places = new Map([
    ["rooms/42", "e1.11"],
    ["__proto__", "0"],
    ["räume/ö", "abc.212"],
  ]);
  const read = parsePlaces(formatPlaces(places));
  assert.deepEqual(read.ok && [...read.value], [...places]);
});

test("no file means no places", () => {
  const read = parsePlaces(null);
  assert.deepEqual(read.ok && read.value.size, 0);
});

for (const text of [
  "",
  "{",
  "null",
  "[]",
  "{}",
  '{"holdfastPlaces":2,"after":{}}',
  '{"holdfastPlaces":1,"after":[]}',
  '{"holdfastPlaces":1,"after":{"a":1}}',
  '{"holdfastPlaces":1,"after":{"a":"nowhere"}}',
  '{"holdfastPlaces":1,"after":{"a//b":"0"}}',
]) {
  test(`a damaged file is refused: ${JSON.stringify(text)}`, () => assert.equal(parsePlaces(text).ok, false));
}

test("--from reads its words", () => {
  assert.deepEqual(parseFrom("start", 2), { ok: true, value: "first" });
  assert.deepEqual(parseFrom("now", 2), { ok: true, value: "now" });
  assert.deepEqual(parseFrom("last:0", 2), { ok: true, value: { last: 0 } });
  assert.deepEqual(parseFrom("last:10000", 2), { ok: true, value: { last: 10_000 } });
  assert.deepEqual(parseFrom("e1.11", 1), { ok: true, value: { after: "e1.11" } });
  assert.deepEqual(parseFrom("0", 1), { ok: true, value: { after: "0" } });
});

for (const text of ["", "first", "last", "last:", "last:-1", "last:10001", "last:x", "e1.2", "E1.11"]) {
  test(`--from refuses ${JSON.stringify(text)}`, () => assert.equal(parseFrom(text, 1).ok, false));
}

test("a position is for one stream", () => {
  assert.match((parseFrom("e1.11", 2) as { message: string }).message, /one stream/);
});
