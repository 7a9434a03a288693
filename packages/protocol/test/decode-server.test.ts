/** What a client makes of a server's messages: the vectors, round trips, and messages that are nearly right. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { decodeServerFrame, encodeServerFrame, entryPrefix, rawData } from "../src/index.ts";
import { nearly, position, serverFrame, streamName } from "./support/frames.ts";
import { jsonText } from "./support/json-text.ts";
import { type Case, expand, expandAll, neutralServerFrame, type Runs, readVectors } from "./support/vectors.ts";

interface MessageCase extends Case {
  readonly text: Runs;
  readonly expect: "unknown" | "fault" | { readonly frame: unknown };
}
const { cases } = readVectors<{ cases: readonly MessageCase[] }>("server-messages.json");

suite("vectors", () => {
  for (const { id, description, text, expect } of cases) {
    test(`${id}: ${description}`, () => {
      const decoded = decodeServerFrame(expand(text));
      if (typeof expect === "string") {
        assert.deepEqual(decoded, expect === "fault" ? "fault" : null);
        return;
      }
      assert.ok(decoded !== null && decoded !== "fault", String(decoded));
      assert.deepEqual(neutralServerFrame(decoded, JSON.stringify(expect).includes("streamPairs")), expandAll(expect.frame));
    });
  }
});

suite("properties", () => {
  const entry = fc
    .tuple(streamName, position, position, jsonText)
    .map(([stream, at, prev, { text }]) => `${entryPrefix({ stream, position: at, prev, timeMs: 5 })}"data":${text}}`);

  test("what is written is read as it was", () => {
    fc.assert(
      fc.property(serverFrame, (frame) => {
        assert.deepEqual(decodeServerFrame(encodeServerFrame(frame)), frame);
      }),
      { numRuns: 500 },
    );
  });

  test("an entry's payload is the text that was put in", () => {
    fc.assert(
      fc.property(jsonText, ({ text }) => {
        const decoded = decodeServerFrame(`${entryPrefix({ stream: "a", position: "e.12", prev: "e.11", timeMs: 5, key: '\\"}' })}"data":${text}}`);
        assert.ok(decoded !== null && decoded !== "fault" && decoded.type === "entry");
        assert.equal(rawData(decoded.text), text);
        assert.equal(decoded.key, '\\"}');
      }),
      { numRuns: 1000 },
    );
  });

  test("any text is read, ignored or a fault, never thrown", () => {
    let read = 0;
    const valid = fc.oneof(
      serverFrame.map((frame) => encodeServerFrame(frame)),
      entry,
    );
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.json(), { weight: 4, arbitrary: nearly(valid) }), (text) => {
        const decoded = decodeServerFrame(text);
        if (decoded === null || decoded === "fault") return;
        read++;
        if (decoded.type === "entry") JSON.parse(rawData(decoded.text));
      }),
      { numRuns: 4000 },
    );
    assert.ok(read > 100, `only ${read} of the mutated messages were still valid: the mutations are too coarse to test much`);
  });
});

test("a payload whose member is written twice is the one that the frame shows", () => {
  const text = '{"type":"entry","stream":"a","position":"e.12","prev":"e.11","timeMs":5,"data":1,"data":[2]}';
  const decoded = decodeServerFrame(text);
  assert.ok(decoded !== null && decoded !== "fault" && decoded.type === "entry");
  assert.deepEqual(JSON.parse(rawData(text)), decoded.data);
});
