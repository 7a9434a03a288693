// How the command lines of `publish` and `tail` become requests.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Checked, readArgs } from "../src/args.ts";
import { parsePublish, publish } from "../src/commands/publish.ts";
import { parseTail, tail } from "../src/commands/tail.ts";

const tailOf = (...words: string[]) => {
  const given = readArgs(tail.spec, words);
  return given.ok ? parseTail(given.value, {}) : given;
};
const publishOf = (...words: string[]) => {
  const given = readArgs(publish.spec, words);
  return given.ok ? parsePublish(given.value, {}) : given;
};
const fault = (checked: Checked<unknown>): string => (checked.ok ? "no fault" : checked.message);

test("tail has defaults: from now, raw JSON, no end", () => {
  const request = tailOf("a");
  assert.ok(request.ok);
  const { url, streams, from, print, count, save } = request.value;
  assert.deepEqual(
    { url, streams, from, print, count, save },
    {
      url: "http://127.0.0.1:4150",
      streams: ["a"],
      from: "now",
      print: { mode: "lines", format: "json", names: false },
      count: Number.POSITIVE_INFINITY,
      save: undefined,
    },
  );
});

test("tail shows names when there are several streams, and takes each once", () => {
  const request = tailOf("a", "b", "a", "--json", "--count", "5", "--until-closed", "--fail-on-gap", "--save", "f");
  assert.ok(request.ok);
  assert.deepEqual(request.value.streams, ["a", "b"]);
  assert.deepEqual(request.value.print, { mode: "objects", format: "json", names: true });
  assert.deepEqual([request.value.count, request.value.untilClosed, request.value.failOnGap, request.value.save], [5, true, true, "f"]);
});

for (const [words, message] of [
  [[], /^expected STREAM/],
  [["a//b"], /empty segment/],
  [["a", "--from", "yesterday"], /^expected --from/],
  [["a", "b", "--from", "e1.11"], /one stream/],
  [["a", "--format", "xml"], /^expected --format to be json or text/],
  [["a", "--json", "--format", "text"], /--json has its own format/],
  [["a", "--count", "0"], /^expected --count/],
  [["a", "--url", "nonsense"], /^expected --url/],
  [["a", "--connect-ms", "x"], /^expected --connect-ms/],
] as const) {
  test(`tail refuses ${words.join(" ")}`, () => assert.match(fault(tailOf(...words)), message));
}

test("publish takes data from arguments, else from stdin", () => {
  const request = publishOf("a", "one", "two", "--format", "json", "--key", "k", "--producer", "p", "--close", "--json", "-q");
  assert.ok(request.ok);
  const { stream, data, format, key, producer, close, json, quiet, dedupeKey } = request.value;
  assert.deepEqual(
    { stream, data, format, key, producer, close, json, quiet, dedupeKey },
    { stream: "a", data: ["one", "two"], format: "json", key: "k", producer: "p", close: true, json: true, quiet: true, dedupeKey: undefined },
  );
  const piped = publishOf("a");
  assert.deepEqual(piped.ok && [piped.value.data, piped.value.format], [[], "text"]);
});

for (const [words, message] of [
  [[], /^expected STREAM/],
  [["/a"], /empty segment/],
  [["a", "--format", "xml"], /^expected --format to be text or json or bytes/],
  [["a", "--key="], /^expected --key to be 1 to 255 bytes/],
  [["a", "x", "--producer", "p".repeat(256)], /^expected --producer/],
  [["a", "--dedupe-key", "k"], /one entry/],
  [["a", "x", "y", "--dedupe-key", "k"], /one entry/],
  [["a", "--give-up-ms", "1"], /^expected --give-up-ms/],
  [["a", "--quite"], /did you mean --quiet/],
] as const) {
  test(`publish refuses ${words.join(" ").slice(0, 60)}`, () => assert.match(fault(publishOf(...words)), message));
}
