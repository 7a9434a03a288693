/** What a server makes of a client's messages: the vectors, round trips, and messages that are nearly right. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import {
  type ClientFrame,
  codes,
  type Decoded,
  decodeClientFrame,
  encodeClientFrame,
  encodePublish,
  encodeServerFrame,
  fromBase64,
  isKey,
  limits,
} from "../src/index.ts";
import { clientFrame, nearly, publish } from "./support/frames.ts";
import { type Case, expand, expandAll, neutralClientFrame, type Runs, readVectors } from "./support/vectors.ts";

interface MessageCase extends Case {
  readonly text: Runs;
  readonly expect: { readonly frame?: unknown; readonly fault?: Readonly<Record<string, unknown>> };
}
const { cases } = readVectors<{ cases: readonly MessageCase[] }>("client-messages.json");

suite("vectors", () => {
  for (const { id, description, text, expect } of cases) {
    test(`${id}: ${description}`, () => {
      const decoded = decodeClientFrame(expand(text));
      if (expect.frame !== undefined) {
        assert.ok(decoded.ok, decoded.ok ? "" : `refused with ${decoded.code}: ${decoded.message}`);
        assert.deepEqual(neutralClientFrame(decoded.frame), expandAll(expect.frame));
        return;
      }
      assert.ok(!decoded.ok, "accepted");
      const { ok: _ok, message, ...rest } = decoded;
      assert.deepEqual(rest, expandAll(expect.fault));
      assert.ok(message.length > 0 && message.length < 200);
    });
  }
});

/** What holds for any answer to any text. */
function checkAnswer(text: string, decoded: Decoded<ClientFrame>): void {
  if (!decoded.ok) {
    assert.ok(Object.hasOwn(codes, decoded.code));
    assert.equal(decoded.of === "message", decoded.id === undefined);
    assert.equal(decoded.of === "subscribe", decoded.stream !== undefined);
    if (decoded.of === "message" || text.length > limits.wireBytesMax.value) return;
    const { id = 0, code, message, stream = "" } = decoded;
    const answer =
      decoded.of === "publish"
        ? encodeServerFrame({ type: "refused", id, code, message })
        : encodeServerFrame({ type: "unsubscribed", id, stream, code, message });
    assert.ok(Buffer.byteLength(answer) <= limits.wireBytesMax.value, "an answer larger than a message may be");
    return;
  }
  const { frame } = decoded;
  if (frame.type !== "publish" || frame.format !== "json" || frame.payload.length === 0) return;
  const payload = Buffer.from(frame.payload).toString();
  assert.ok(text.includes(payload), "a payload that was not in the message");
  JSON.parse(payload);
}

suite("properties", () => {
  const valid = fc.oneof(
    clientFrame.map((frame) => encodeClientFrame(frame)),
    publish.filter(({ payload }) => payload === null || payload.length < 1000).map((message) => encodePublish(message)[0] as string),
  );

  test("any text is answered, never thrown at", () => {
    const anyText = fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.json(), { weight: 4, arbitrary: nearly(valid) });
    let accepted = 0;
    fc.assert(
      fc.property(anyText, (text) => {
        // What arrives has been decoded from UTF-8, so no mutation can leave half a surrogate pair in it.
        const arrived = text.toWellFormed();
        const decoded = decodeClientFrame(arrived);
        if (decoded.ok) accepted++;
        checkAnswer(arrived, decoded);
      }),
      { numRuns: 4000 },
    );
    assert.ok(accepted > 100, `only ${accepted} of the mutated messages were still valid: the mutations are too coarse to test much`);
  });

  test("what is written is read as it was", () => {
    fc.assert(
      fc.property(clientFrame, (frame) => {
        assert.deepEqual(decodeClientFrame(encodeClientFrame(frame)), { ok: true, frame });
      }),
      { numRuns: 500 },
    );
  });

  test("a publish comes back with its payload byte for byte, in parts or not", () => {
    fc.assert(
      fc.property(publish, (message) => {
        const frames = encodePublish(message).map((text) => {
          const decoded = decodeClientFrame(text);
          assert.ok(decoded.ok, decoded.ok ? "" : decoded.message);
          return decoded.frame;
        });
        const last = frames.pop();
        assert.ok(last?.type === "publish");
        const parts = frames.map((part, index) => {
          assert.ok(part.type === "part" && part.id === message.id && part.index === index);
          return fromBase64(part.base64) as Uint8Array;
        });
        assert.equal(last.parts, parts.length);
        const { payload: wanted, key, producer, dedupeKey, close } = message;
        const got = Buffer.from(parts.length > 0 ? Buffer.concat(parts) : last.payload);
        assert.ok(got.equals(Buffer.from(wanted ?? "")));
        assert.equal(last.hasEntry, wanted !== null);
        if (wanted !== null) assert.equal(last.format, typeof wanted === "string" ? "json" : "bytes");
        assert.deepEqual(
          [last.id, last.stream, last.key, last.producer, last.dedupeKey, last.close],
          [message.id, message.stream, key, producer, dedupeKey, close],
        );
      }),
      { numRuns: 300 },
    );
  });

  test("a key is accepted when it has 1 to 255 bytes and a UTF-8 form", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), fc.constantFrom("", "\ud800", "\udfff"), (text, end) => {
        const given = text + end;
        const bytes = Buffer.from(given);
        assert.equal(isKey(given), bytes.length >= 1 && bytes.length <= 255 && bytes.toString() === given);
      }),
      { numRuns: 1000 },
    );
  });
});
