/** Messages as text: exactly as the vectors have them, valid whatever is put in, and never larger than a message may be. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suite, test } from "node:test";
import fc from "fast-check";
import {
  decodeServerFrame,
  type EntryHeader,
  encodeClientFrame,
  encodePublish,
  encodeServerFrame,
  entryOfParts,
  entryPart,
  entryPrefix,
  fromBase64,
  limits,
  type PublishMessage,
  partBase64,
  partCount,
  toBase64,
} from "../src/index.ts";
import { clientFrame, count, jsonOfBytes, key, position, publish, serverFrame, sizes, streamName } from "./support/frames.ts";
import { jsonText } from "./support/json-text.ts";
import { type Case, expand, type Runs, readVectors } from "./support/vectors.ts";

type Payload = { readonly json: string } | { readonly base64: string };
interface PayloadFile {
  readonly entries: readonly (Case & { readonly entry: EntryHeader; readonly payload: Payload; readonly text: string })[];
  readonly publishes: readonly (Case & {
    readonly request: Omit<PublishMessage, "payload"> & { readonly payload: Payload | null };
    readonly texts: readonly string[];
  })[];
}
interface PartCase extends Case {
  readonly payload: { readonly json: Runs } | { readonly bytes: { readonly length: number; readonly start: number; readonly step: number } };
  readonly bytes: number;
  readonly inline: boolean;
  readonly slices: readonly { readonly bytes: number; readonly sha256: string }[];
}
const payloads = readVectors<PayloadFile>("payloads.json");
const parts = readVectors<{ cases: readonly PartCase[] }>("parts.json");

const complete = (prefix: string, payload: Payload): string =>
  "json" in payload ? `${prefix}"data":${payload.json}}` : `${prefix}"base64":"${payload.base64}"}`;
const bytesOf = (text: string): number => Buffer.byteLength(text);

suite("vectors", () => {
  for (const { id, description, entry, payload, text } of payloads.entries) {
    test(`${id}: ${description}`, () => {
      assert.equal(complete(entryPrefix(entry), payload), text);
      JSON.parse(text);
    });
  }
  for (const { id, description, request, texts } of payloads.publishes) {
    test(`${id}: ${description}`, () => {
      const { payload } = request;
      const given = payload === null ? null : "json" in payload ? payload.json : (fromBase64(payload.base64) as Uint8Array);
      assert.deepEqual(encodePublish({ ...request, payload: given }), texts);
    });
  }
  for (const { id, description, payload, bytes, inline, slices } of parts.cases) {
    test(`${id}: ${description}`, () => {
      const format = "json" in payload ? "json" : "bytes";
      const whole =
        "json" in payload
          ? Buffer.from(expand(payload.json))
          : Uint8Array.from({ length: payload.bytes.length }, (_, i) => (payload.bytes.start + payload.bytes.step * i) % 256);
      assert.equal(whole.length, bytes);
      assert.equal(partCount(format, bytes), inline ? 0 : slices.length);
      const cut = slices.map((_, index) => fromBase64(partBase64(whole, index)) as Uint8Array);
      assert.deepEqual(
        cut.map((slice) => ({ bytes: slice.length, sha256: createHash("sha256").update(slice).digest("hex") })),
        slices,
      );
      const given = format === "json" ? Buffer.from(whole).toString() : whole;
      assert.equal(encodePublish({ id: 1, stream: "a", payload: given }).length, slices.length + 1);
    });
  }
});

const header = fc.record({ stream: streamName, position, prev: position, timeMs: count, key: fc.option(key, { nil: undefined }) });

suite("entries", () => {
  test("a completed prefix is JSON with the header's members and the payload last", () => {
    fc.assert(
      fc.property(header, jsonText, (entry, { text }) => {
        const written = complete(entryPrefix(entry), { json: text });
        const parsed = JSON.parse(written) as Record<string, unknown>;
        assert.deepEqual(
          [parsed["type"], parsed["stream"], parsed["position"], parsed["prev"], parsed["timeMs"], parsed["key"]],
          ["entry", entry.stream, entry.position, entry.prev, entry.timeMs, entry.key],
        );
        assert.ok(written.endsWith(`"data":${text}}`));
      }),
      { numRuns: 500 },
    );
  });

  test("parts are messages that put together the payload", () => {
    fc.assert(
      fc.property(header, fc.constantFrom(...sizes), fc.constantFrom("json" as const, "bytes" as const), (entry, size, format) => {
        const payload = format === "json" ? Buffer.from(jsonOfBytes(size, "é")) : Buffer.alloc(size, 7);
        const n = partCount(format, size);
        const got: Uint8Array[] = [];
        for (let index = 0; index < n; index++) {
          const part = decodeServerFrame(entryPart(entry.stream, entry.position, payload, index));
          assert.ok(part !== null && part !== "fault" && part.type === "part");
          assert.deepEqual([part.stream, part.position, part.index], [entry.stream, entry.position, index]);
          got.push(fromBase64(part.base64) as Uint8Array);
        }
        if (n === 0) return;
        assert.ok(Buffer.concat(got).equals(payload));
        const last = decodeServerFrame(entryOfParts(entry, n, format));
        assert.ok(last !== null && last !== "fault" && last.type === "entry");
        assert.deepEqual([last.parts, last.format, last.position, last.prev, last.key], [n, format, entry.position, entry.prev, entry.key]);
      }),
      { numRuns: 60 },
    );
  });
});

suite("no message is larger than wireBytesMax:", () => {
  const within = (text: string): void => assert.ok(bytesOf(text) <= limits.wireBytesMax.value, `${bytesOf(text)} bytes: ${text.slice(0, 100)}`);

  test("entries, in parts or not", () => {
    fc.assert(
      fc.property(header, fc.constantFrom(...sizes), fc.constantFrom("json" as const, "bytes" as const), (entry, size, format) => {
        const payload = format === "json" ? Buffer.from(jsonOfBytes(size)) : Buffer.alloc(size, 255);
        const n = partCount(format, size);
        if (n === 0) within(complete(entryPrefix(entry), format === "json" ? { json: payload.toString() } : { base64: toBase64(payload) }));
        else within(entryOfParts(entry, n, format));
        for (let index = 0; index < n; index++) within(entryPart(entry.stream, entry.position, payload, index));
      }),
      { numRuns: 200 },
    );
  });

  test("publishes, with every member at its worst", () => {
    const worst = {
      id: Number.MAX_SAFE_INTEGER,
      stream: "~".repeat(255),
      key: "\0".repeat(255),
      producer: { id: "\0".repeat(255), epoch: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER },
      close: true,
    };
    for (const size of sizes) {
      for (const payload of [jsonOfBytes(size), jsonOfBytes(size, "四"), Buffer.alloc(size, 255)])
        for (const text of encodePublish({ ...worst, payload })) within(text);
    }
    fc.assert(
      fc.property(publish, (message) => encodePublish(message).forEach(within)),
      { numRuns: 200 },
    );
  });

  test("all others", () => {
    fc.assert(
      fc.property(clientFrame, (frame) => within(encodeClientFrame(frame))),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(serverFrame, (frame) => within(encodeServerFrame(frame))),
      { numRuns: 300 },
    );
  });
});
