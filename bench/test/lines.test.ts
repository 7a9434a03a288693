/** The load generators' line reader: whatever the cuts between reads, every line with the prefix comes once and whole. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LineReader, lineRequest } from "../lib/lines.ts";
import { scriptFor } from "../lib/scripts.ts";

const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const events = [": comment\n\n", 'retry: 5\nevent: welcome\ndata: {"type":"welcome"}\nid: 1\n\n', "data:one\ndata: two\n\n", `data: ${"x".repeat(3_000)}\n\n`];
const wire = Buffer.from(events.map(chunk).join(""));
const expected = ['{"type":"welcome"}', "one", "two", "x".repeat(3_000)];

function read(bytes: Buffer, prefix: string, cuts: readonly number[]): string[] {
  const reader = new LineReader(prefix);
  const seen: string[] = [];
  // All reads share one buffer, as links do: what one read left in it must not be read again.
  const shared = Buffer.alloc(bytes.length, "\n");
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    bytes.copy(shared, 0, from, to);
    reader.push(shared, to - from, (_, line, start, end) => seen.push(Buffer.from(line.subarray(start, end)).toString()));
    from = to;
  }
  return seen;
}

test("data lines come whole from one read, without chunks, names and ids", () => {
  assert.deepEqual(read(wire, "data:", []), expected);
});

test("data lines come whole when reads are cut at any byte", () => {
  for (let at = 1; at < wire.length; at++) assert.deepEqual(read(wire, "data:", [at]), expected, `cut at ${at}`);
});

test("without a prefix every line comes as it is", () => {
  assert.deepEqual(read(Buffer.from("a\r\n\r\n b\n"), "", [2]), ["a\r", "\r", " b"]);
});

test("a request is a GET without a body and a POST with one, whose bytes are counted", () => {
  assert.match(lineRequest("/a?b", "host:1", ""), /^GET \/a\?b HTTP\/1\.1\r\nHost: host:1\r\n[\s\S]*\r\n\r\n$/);
  assert.match(lineRequest("/a", "host:1", "ü\nü"), /^POST \/a HTTP\/1\.1\r\n[\s\S]*Content-Length: 5\r\n\r\nü\nü$/);
});

test("a poll goes on after its own last entry, and heads of responses are no entries", () => {
  const lines = [
    "HTTP/1.1 200 OK\r",
    "Keep-Alive: timeout=5\r",
    '{"type":"welcome"}',
    '{"type":"entry","stream":"s","position":"p2","prev":"p1","data":1}',
    "0\r",
  ];
  const [one, other] = [scriptFor("holdfast poll"), scriptFor("holdfast poll")];
  for (const script of [one, other]) assert.equal(script.greet('{"type":"subscribed","id":1,"stream":"s","position":"p1"}'), "ready");
  const answers = lines.map((line) => {
    const bytes = Buffer.from(line);
    if (!one.isEntry(bytes, 0)) return one.answer(bytes, 0, bytes.length);
    one.took?.(bytes, 0, bytes.length);
    return "entry";
  });
  assert.deepEqual(answers.slice(0, 4), [null, null, null, "entry"]);
  assert.match(answers[4] ?? "", /"from":\{"after":"p2"\}/);
  assert.match(other.answer(Buffer.from("0\r"), 0, 2) ?? "", /"from":\{"after":"p1"\}/);
});
