import assert from "node:assert/strict";
import { test } from "node:test";
import { humanLine, jsonLine } from "../src/serve/log-line.ts";

const wallMs = Date.parse("2026-01-02T03:04:05.067Z");

test("a line for people has the time, the event and its facts", () => {
  assert.equal(
    humanLine({ event: "listening", url: "http://127.0.0.1:4150", links: 0, detail: "two words", none: undefined }, wallMs),
    '03:04:05.067 listening url=http://127.0.0.1:4150 links=0 detail="two words"\n',
  );
});

test("a line for programs is one JSON object", () => {
  assert.deepEqual(JSON.parse(jsonLine({ event: "x", nested: { a: 1 }, error: new Error("no") }, wallMs)), {
    timeMs: wallMs,
    event: "x",
    nested: { a: 1 },
    error: "no",
  });
});

test("bytes are never shown, and text is cut", () => {
  for (const line of [humanLine, jsonLine]) {
    const text = line({ event: "x", payload: Buffer.from("secret"), more: "y".repeat(10_000) }, wallMs);
    assert.ok(!text.includes("secret") && !text.includes("115,101"), text);
    assert.ok(text.includes("<6 bytes>"));
    assert.ok(text.length < 500);
  }
});

test("names and messages cannot act on a terminal or make a second line", () => {
  for (const line of [humanLine, jsonLine]) {
    const text = line({ event: "x", stream: "a\x1b[2J\n00:00:00.000 forged\u202e\u009b" }, wallMs);
    assert.doesNotMatch(text.slice(0, -1), /[\p{Cc}\u202e]/u);
  }
});
