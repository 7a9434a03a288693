import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStreamPage, type StreamRow, streamTable } from "../src/streams/table.ts";

const row: StreamRow = { stream: "rooms/42", head: "e.212", first: "0", entries: 12_345, bytes: 1_536, closed: false, readers: 2 };

test("a page is read with the name after which the next one begins", () => {
  assert.deepEqual(parseStreamPage(JSON.stringify({ streams: [row], next: "rooms/42" })), { rows: [row], next: "rooms/42" });
  assert.deepEqual(parseStreamPage('{"streams":[],"next":null}'), { rows: [], next: null });
});

for (const body of ["", "null", "[]", "{}", '{"streams":[{}],"next":null}', '{"streams":[],"next":1}', "<html>"]) {
  test(`another server's answer is not taken for one: ${body}`, () => assert.equal(parseStreamPage(body), null));
}

test("the table lines up and shows which streams have ended", () => {
  assert.equal(
    streamTable([row, { ...row, stream: "a", entries: 0, bytes: 0, readers: 0, closed: true }]),
    [
      "stream    head   first  entries    bytes  readers\n",
      "rooms/42  e.212  0       12,345  1.5 KiB        2\n",
      "a         e.212  0            0      0 B        0  ended\n",
    ].join(""),
  );
  assert.equal(streamTable([]), "no streams\n");
});

test("names from elsewhere cannot act on a terminal", () => {
  assert.ok(!streamTable([{ ...row, stream: "a\x1b[2J" }]).includes("\x1b"));
});
