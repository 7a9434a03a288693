import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeServerFrame, fromBase64, limits, type PayloadFormat, rawData } from "@holdfast/protocol";
import fc from "fast-check";
import { EventStreamParser } from "../../../../scripts/test-support/event-stream.ts";
import type { WireFormat } from "../../src/carrier.ts";
import { eventStreamFormat, linesFormat } from "../../src/transports/line-format.ts";

const encoder = new TextEncoder();

function encode(wire: WireFormat, format: PayloadFormat, payload: Uint8Array): Uint8Array {
  return wire.encode({ stream: "s/\u2028ü", position: "e.11", prev: "0", timeMs: 1, key: "k\r\n", format, payload });
}

/** What a receiver makes of encoded entries: their payloads, put together again. */
function payloadsOf(lines: readonly string[]): Uint8Array[] {
  let parts: Uint8Array[] = [];
  const found: Uint8Array[] = [];
  for (const line of lines) {
    assert.ok(Buffer.byteLength(line) <= limits.wireBytesMax.value, "a message above the wire's limit");
    const decoded = decodeServerFrame(line);
    assert.ok(typeof decoded === "object" && decoded !== null, line.slice(0, 200));
    const message = JSON.parse(line) as { type: string; base64?: string; parts?: number; key?: string };
    if (message.type === "part") parts.push(fromBase64(message.base64 as string) as Uint8Array);
    else {
      assert.equal(message.key, "k\r\n");
      assert.equal(message.parts ?? 0, parts.length);
      if (parts.length > 0) found.push(Buffer.concat(parts));
      else found.push(message.base64 === undefined ? encoder.encode(rawData(line)) : (fromBase64(message.base64) as Uint8Array));
      parts = [];
    }
  }
  return found;
}

const lineTexts = (encoded: Uint8Array): string[] => {
  const text = Buffer.from(encoded).toString("utf8");
  assert.ok(text.endsWith("\n") && !text.includes("\r"));
  return text.slice(0, -1).split("\n");
};

function eventLines(encoded: readonly Uint8Array[]): string[] {
  const parser = new EventStreamParser();
  for (const bytes of encoded) parser.push(bytes);
  parser.push(encoder.encode("\n"));
  assert.equal(parser.events.length, 1, "one flush, one event");
  return parser.events[0]?.data.split("\n") ?? [];
}

const jsonText = fc
  .tuple(
    fc.constantFrom("", " ", "\n", "\r\n", "\t\r"),
    fc.json({ maxDepth: 4 }),
    fc.constantFrom("", "\n", "\r", " \r\n\n"),
    fc.constantFrom(",\r\n", ",", ",\n", ",\r"),
  )
  .map(([before, json, after, comma]) => `${before}${json.replaceAll(",", comma)}${after}`)
  .filter((text) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  });

describe("entries as lines", () => {
  it("bring every JSON payload as it was published, but for the space around it, whatever line breaks are in it", () => {
    fc.assert(
      fc.property(fc.array(jsonText, { minLength: 1, maxLength: 5 }), (texts) => {
        const payloads = texts.map((text) => encoder.encode(text));
        const wanted = texts.map((text) => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ""));
        const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
        assert.deepEqual(payloadsOf(payloads.flatMap((payload) => lineTexts(encode(linesFormat, "json", payload)))).map(text), wanted);
        assert.deepEqual(payloadsOf(eventLines(payloads.map((payload) => encode(eventStreamFormat, "json", payload)))).map(text), wanted);
      }),
      { numRuns: 300 },
    );
  });

  it("bring bytes of every kind and number", () => {
    const sizes = [0, 1, 2, 3, 36_863, 36_864, 36_865, 45_000, 45_001, limits.entryBytesMax.value];
    for (const size of sizes) {
      const payload = Uint8Array.from({ length: size }, (_, i) => (i * 31) & 255);
      for (const found of [
        payloadsOf(lineTexts(encode(linesFormat, "bytes", payload))),
        payloadsOf(eventLines([encode(eventStreamFormat, "bytes", payload)])),
      ]) {
        assert.equal(Buffer.compare(found[0] as Uint8Array, payload), 0);
      }
    }
  });

  it("bring what a receiver of lines might trip over: U+2028, U+0085, byte order marks, escaped NULs, colons, the largest entry", () => {
    const most = limits.entryBytesMax.value;
    const texts = [
      '"\u2028\u2029\u0085\ufeff"',
      '"\\u0000\\r\\n"',
      '": data: id: 1\\n\\nevent: x"',
      '{"\ufeff":"\ufeff"}',
      `"${"x".repeat(most - 2)}"`,
      `[1,\n"${"ü".repeat(9_000)}"]`,
    ];
    for (const text of texts) {
      const found = payloadsOf(eventLines([encode(eventStreamFormat, "json", encoder.encode(text))]));
      assert.equal(Buffer.from(found[0] as Uint8Array).toString("utf8"), text);
    }
  });
});
