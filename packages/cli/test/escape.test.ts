import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { escapeJson, escapeLine, escapePayload, oneLine } from "../src/escape.ts";

const acting = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;

test("controls, bidirectional marks and separators become escapes, everything else stays", () => {
  assert.equal(escapeLine("a\x1b[2Jb\rc\td\x9be\u202ef\u2028g\x7f"), "a\\u001b[2Jb\\u000dc\\u0009d\\u009be\\u202ef\\u2028g\\u007f");
  assert.equal(escapeLine("räksmörgås 東京 👍 é"), "räksmörgås 東京 👍 é");
  assert.equal(escapeLine("\ud800"), "\\ud800");
});

test("a payload keeps its tabs", () => {
  assert.equal(escapePayload("a\tb\x07c\nd"), "a\tb\\u0007c\\u000ad");
});

test("nothing that a terminal acts on comes through", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.doesNotMatch(escapeLine(text), acting);
      assert.doesNotMatch(escapePayload(text).replaceAll("\t", ""), acting);
    }),
  );
});

test("JSON keeps its value when it is made safe or put in one line", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom("", "\t", "\n", " \r\n"), (value, space) => {
      const json = `${space}${JSON.stringify(value, null, space)}${space}`;
      assert.doesNotMatch(escapeJson(json), acting);
      assert.deepEqual(JSON.parse(escapeJson(json)), JSON.parse(json));
      assert.doesNotMatch(oneLine(json), /[\r\n]/);
      assert.deepEqual(JSON.parse(oneLine(json)), JSON.parse(json));
    }),
  );
});

test("JSON without line ends is returned as it is", () => {
  const json = '{"a":1.0000000000000000001,"a":2,"b":"\\n"}';
  assert.equal(oneLine(json), json);
});
