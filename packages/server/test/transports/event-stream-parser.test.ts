import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventStreamParser } from "../../../../scripts/test-support/event-stream.ts";

function parse(text: string): EventStreamParser {
  const parser = new EventStreamParser();
  for (const byte of Buffer.from(text)) parser.push(Uint8Array.of(byte));
  return parser;
}
const data = (text: string): string[] => parse(text).events.map((event) => event.data);

/** The examples of the standard, and its corners: an oracle that is wrong proves nothing. */
describe("the parser that tests judge event streams by", () => {
  it("joins data lines, ends events at blank lines only, and knows all three ends of a line", () => {
    assert.deepEqual(data("data: YHOO\ndata: +2\ndata: 10\n\n"), ["YHOO\n+2\n10"]);
    assert.deepEqual(data("data: a\r\n\r\ndata: b\r\rdata: c\n\n"), ["a", "b", "c"]);
    assert.deepEqual(data("data\n\ndata\ndata\n\ndata:"), ["", "\n"]);
  });

  it("takes away one space after the colon, and one byte order mark", () => {
    assert.deepEqual(data("data:test\n\ndata: test\n\ndata:  test\n\n"), ["test", "test", " test"]);
    assert.deepEqual(data("\ufeffdata: \ufeffx\n\n"), ["\ufeffx"]);
  });

  it("ignores comments, unknown fields, ids with NUL and retry times that are none", () => {
    const parser = parse(": hi\nid: 1\nx: y\ndata: 1\n\nid: a\0b\nretry: 1x\nretry: 250\ndata: 2\n\n");
    assert.deepEqual(
      parser.events.map((event) => [event.data, event.lastEventId]),
      [
        ["1", "1"],
        ["2", "1"],
      ],
    );
    assert.equal(parser.retryMs, 250);
  });

  it("discards an event that is not ended, with its id, and keeps the id of one without data", () => {
    assert.equal(parse("data: 1\nid: 1\n\ndata: 2\nid: 2\n").lastEventId, "1");
    assert.equal(parse("data: 1\nid: 1\n\nid\n\n").lastEventId, "");
    assert.equal(parse("data: 1\nid: 1\n\ndata: 2\n\n").events[1]?.lastEventId, "1");
  });
});
