/** What `holdfast time` was asked to do, out of words. Pure. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readArgs } from "../../src/args.ts";
import { time } from "../../src/commands/time.ts";
import { type Ask, askOf, duration } from "../../src/time/ask.ts";

function read(words: readonly string[]): Ask | string {
  const given = readArgs(time.spec, words);
  if (!given.ok) return given.message;
  const ask = askOf(given.value);
  return ask.ok ? ask.value : ask.message;
}

test("an address alone is twenty requests, one after the other, for a minute at most", () => {
  const ask = read(["https://example.com/a?b=c"]) as Ask;
  assert.deepEqual(
    { ...ask, url: String(ask.url) },
    {
      url: "https://example.com/a?b=c",
      method: "GET",
      headers: [],
      requests: 20,
      concurrency: 1,
      pauseMs: 0,
      maxMs: 60_000,
      http2: "auto",
      insecure: false,
      caFile: null,
    },
  );
});

test("every flag is taken as it is given", () => {
  const words = [
    "-n",
    "8",
    "-c",
    "3",
    "--pause",
    "1.5s",
    "--max",
    "2m",
    "--method",
    "HEAD",
    "-H",
    "A: 1",
    "-H",
    "b:2 ",
    "--http2",
    "never",
    "--ca",
    "x.pem",
    "http://h/",
  ];
  const { url: _, ...rest } = read(words) as Ask;
  assert.deepEqual(rest, {
    method: "HEAD",
    headers: [
      ["A", "1"],
      ["b", "2"],
    ],
    requests: 8,
    concurrency: 3,
    pauseMs: 1_500,
    maxMs: 120_000,
    http2: "never",
    insecure: false,
    caFile: "x.pem",
  });
});

test("times have units, and an hour is the longest", () => {
  assert.deepEqual(["0", "250", "250ms", "1.5s", "60m"].map(duration), [0, 250, 250, 1_500, 3_600_000]);
  for (const text of ["", "s", "-1s", "1h", "61m", "1e3", "1 s", "١s"]) assert.equal(duration(text), null, text);
});

test("what can not be is refused with the reason", () => {
  for (const [words, reason] of [
    [["example.com"], /an address like https/],
    [["ftp://example.com/"], /an address like https/],
    [["http://user:pw@h/"], /password/],
    [["-n", "1", "http://h/"], /--requests/],
    [["-n", "2", "-c", "2", "http://h/"], /less than --requests/],
    [["--pause", "1h", "http://h/"], /--pause/],
    [["--max", "0", "http://h/"], /--max/],
    [["--method", "CONNECT", "http://h/"], /--method/],
    [["--http2", "yes", "http://h/"], /--http2/],
    [["-H", "Connection: close", "http://h/"], /can not set Connection/],
    [["-H", "no colon", "http://h/"], /Name: value/],
    [["-H", "a: b\r\nc: d", "http://h/"], /Name: value/],
    [["--insecure", "--ca", "x", "http://h/"], /do not go together/],
  ] as const) {
    assert.match(String(read(words)), reason, words.join(" "));
  }
});
