import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeMessage, encodeMessage, type Schema } from "../../src/grpc/protobuf.ts";

const Inner = { text: { no: 1, kind: "string" }, more: { no: 2, kind: "string" } } as const satisfies Schema;
const Outer = {
  id: { no: 1, kind: "number" },
  inner: { no: 2, kind: Inner },
  list: { no: 3, kind: "string", repeated: true },
  a: { no: 4, kind: "bytes", presence: "either" },
  b: { no: 5, kind: "bytes", presence: "either" },
  yes: { no: 6, kind: "bool" },
  maybe: { no: 7, kind: "number", presence: "optional" },
  far: { no: 2_000, kind: "number" },
} as const satisfies Schema;

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const read = (value: object): unknown => decodeMessage(Outer, encodeMessage(Outer, value as Record<string, unknown>));

describe("the protobuf codec", () => {
  it("reads what it wrote", () => {
    const message = { id: 300, inner: { text: "ä\u0000" }, list: ["", "x"], b: bytes(), yes: true, maybe: 0, far: Number.MAX_SAFE_INTEGER };
    assert.deepEqual(read(message), message);
  });

  it("leaves out what equals its default, unless its presence says something", () => {
    assert.equal(encodeMessage(Outer, { id: 0, yes: false, inner: undefined }).length, 0);
    assert.deepEqual(read({ maybe: 0, a: bytes() }), { maybe: 0, a: bytes() });
  });

  it("takes the last of a oneof, and the last of a field that comes twice; messages become one", () => {
    assert.deepEqual(decodeMessage(Outer, bytes(0x22, 1, 7, 0x2a, 1, 8)), { b: bytes(8) });
    assert.deepEqual(decodeMessage(Outer, bytes(0x08, 1, 0x08, 2)), { id: 2 });
    assert.deepEqual(decodeMessage(Outer, bytes(0x12, 3, 0x0a, 1, 0x61, 0x12, 3, 0x12, 1, 0x62)), { inner: { text: "a", more: "b" } });
  });

  it("refuses what says the same over and over, in whatever field", () => {
    const again = (count: number, ...field: number[]): Uint8Array => Uint8Array.from(Array.from({ length: count }, () => field).flat());
    for (const field of [
      [0x08, 1],
      [0x12, 0],
      [0x1a, 0],
      [0x22, 0],
      [0x22, 0, 0x2a, 0],
    ]) {
      assert.notEqual(decodeMessage(Outer, again(500, ...field)), null);
      assert.equal(decodeMessage(Outer, again(1_002, ...field)), null);
    }
  });

  it("skips fields that it does not know, of every wire type, and known ones of another type", () => {
    const unknown = bytes(0x78, 0xff, 1, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7a, 2, 9, 9, 0x7d, 1, 2, 3, 4, 0x0a, 1, 0x61, 0x08, 5);
    assert.deepEqual(decodeMessage(Outer, unknown), { id: 5 });
  });

  it("refuses what is cut off anywhere", () => {
    const whole = encodeMessage(Outer, { id: 300, inner: { text: "text" }, list: ["x"] });
    const wholes = new Set([0, 3, whole.length - 3, whole.length]); // Where a field ends.
    for (let length = 0; length <= whole.length; length++)
      assert.equal(decodeMessage(Outer, whole.subarray(0, length)) !== null, wholes.has(length), String(length));
  });

  it("refuses groups, field 0, varints without end, lengths beyond the end, and text that is not UTF-8", () => {
    const wrong = [
      bytes(0x0b, 0x0c),
      bytes(0x00, 0x01),
      bytes(0x08, ...Array<number>(11).fill(0x80)),
      bytes(0x12, 0xff, 0xff, 0xff, 0xff, 0x0f),
      bytes(0x12, ...Array<number>(9).fill(0xff), 0x01),
      bytes(0x1a, 1, 0xff),
      bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
      bytes(0x0e),
    ];
    for (const each of wrong) assert.equal(decodeMessage(Outer, each), null, Buffer.from(each).toString("hex"));
  });

  it("reads a number that it cannot hold as one that fits nowhere", () => {
    assert.deepEqual(decodeMessage(Outer, bytes(0x08, ...Array<number>(9).fill(0xff), 0x01)), { id: Number.POSITIVE_INFINITY });
  });

  it("takes a thousand elements of a message, and not one more", () => {
    const list = Array<string>(1_000).fill("");
    assert.deepEqual(read({ list }), { list });
    assert.equal(read({ list: [...list, ""] }), null);
  });

  it("never throws, whatever the bytes", () => {
    let seed = 1;
    const next = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 0x8000_0000;
      return seed >> 16;
    };
    for (let run = 0; run < 20_000; run++) {
      const random = Uint8Array.from({ length: next() % 24 }, () => next() & (run % 2 === 0 ? 0xff : 0x3f));
      decodeMessage(Outer, random);
    }
  });
});
