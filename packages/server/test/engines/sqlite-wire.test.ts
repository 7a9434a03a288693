/** What crosses to the writer thread arrives as it left. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { AppendRequest } from "../../src/engine.ts";
import { decodeBatch, decodeOutcomes, encodeBatch, encodeOutcomes, type Outcome } from "../../src/engines/sqlite-wire.ts";

const text = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" });
const count = fc.maxSafeNat();
const entry = fc.record(
  { format: fc.constantFrom("json" as const, "bytes" as const), payload: fc.uint8Array({ maxLength: 40 }), key: text },
  { requiredKeys: ["format", "payload"], noNullPrototype: true },
);
const request = fc.record(
  {
    stream: text,
    entries: fc.array(entry, { maxLength: 4 }),
    close: fc.boolean(),
    producer: fc.record({ id: text, epoch: count, seq: count }, { noNullPrototype: true }),
    dedupeKey: text,
  },
  { requiredKeys: ["stream", "entries", "close"], noNullPrototype: true },
);

/** Payloads by content: a view of the block is not the array that was sent. */
const plain = (requests: readonly AppendRequest[]): unknown =>
  requests.map((each) => ({ ...each, entries: each.entries.map((item) => ({ ...item, payload: [...item.payload] })) }));

describe("the writer's wire", () => {
  it("carries any batch", () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 6 }), (requests) => {
        assert.deepEqual(plain(decodeBatch(encodeBatch(requests as AppendRequest[]))), plain(requests as AppendRequest[]));
      }),
    );
  });

  it("copies payloads, so that the sender keeps his", () => {
    const payload = Uint8Array.of(1, 2, 3);
    const block = encodeBatch([{ stream: "a", entries: [{ format: "bytes", payload }] }]);
    new Uint8Array(block).fill(0);
    assert.deepEqual([...payload], [1, 2, 3]);
  });

  it("carries every outcome", () => {
    const outcomes: Outcome[] = [
      { kind: "appended", epoch: "e1", first: 5, count: 2, head: 6 },
      { kind: "duplicate", epoch: "e0", first: 1, count: 1, head: 6 },
      { kind: "appended", epoch: "", first: 6, count: 0, head: 6 },
      { kind: "forgotten", head: 6 },
      { kind: "refused", code: "out_of_order", expectedSeq: 0 },
      { kind: "refused", code: "engine_busy", message: "why", afterMs: 500 },
    ];
    const [first, second, third, fourth, fifth, sixth] = decodeOutcomes(encodeOutcomes(outcomes));
    assert.deepEqual(first, {
      ok: true,
      cursors: [
        { epoch: "e1", seq: 5 },
        { epoch: "e1", seq: 6 },
      ],
      duplicate: false,
      head: 6,
    });
    assert.deepEqual(second, { ok: true, cursors: [{ epoch: "e0", seq: 1 }], duplicate: true, head: 6 });
    assert.deepEqual(third, { ok: true, cursors: [], duplicate: false, head: 6 });
    assert.deepEqual(fourth, { ok: true, cursors: null, duplicate: true, head: 6 });
    assert.ok(fifth?.ok === false && fifth.code === "out_of_order" && fifth.expectedSeq === 0 && !("afterMs" in fifth) && fifth.message.length > 0);
    assert.deepEqual(sixth, { ok: false, code: "engine_busy", message: "why", afterMs: 500 });
  });
});
