/** Positions by the vectors, and as properties: one text for one cursor, and text order is number order. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { comparePositions, formatPosition, origin, parsePosition } from "../src/position.ts";
import { type Case, readVectors } from "./support/vectors.ts";

interface File {
  readonly valid: readonly (Case & { readonly token: string; readonly epoch: string; readonly seq: number })[];
  readonly invalid: readonly (Case & { readonly token: string })[];
  readonly compare: readonly (Case & { readonly a: string; readonly b: string; readonly result: "before" | "same" | "after" | "unknown" })[];
}
const vectors = readVectors<File>("positions.json");
const word = (order: number | null): string => (order === null ? "unknown" : order === 0 ? "same" : order < 0 ? "before" : "after");

suite("vectors", () => {
  for (const { id, token, epoch, seq } of vectors.valid) {
    test(`${id}: ${token} is written and read`, () => {
      assert.equal(formatPosition(epoch, seq), token);
      assert.deepEqual(parsePosition(token), { epoch, seq });
    });
  }
  for (const { id, token, description } of vectors.invalid) {
    test(`${id}: is no position: ${description}`, () => assert.equal(parsePosition(token), null));
  }
  for (const { id, a, b, result, description } of vectors.compare) {
    test(`${id}: ${description}`, () => assert.equal(word(comparePositions(a, b)), result));
  }
});

const epoch = fc.string({ unit: fc.constantFrom(..."0123456789abcdefghijklmnopqrstuvwxyz"), minLength: 1, maxLength: 32 });
const seq = fc.oneof(
  fc.maxSafeNat(),
  fc.nat({ max: 2000 }),
  fc.tuple(fc.integer({ min: 1, max: 10 }), fc.integer({ min: -2, max: 2 })).map(([power, offset]) => 36 ** power + offset),
);

suite("properties", () => {
  test("what is written is read as it was", () => {
    fc.assert(
      fc.property(epoch, seq, (e, n) => {
        assert.deepEqual(parsePosition(formatPosition(e, n)), n === 0 ? { epoch: "", seq: 0 } : { epoch: e, seq: n });
      }),
      { numRuns: 2000 },
    );
  });

  test("within an epoch, text order is number order", () => {
    fc.assert(
      fc.property(epoch, seq, seq, (e, a, b) => {
        assert.equal(Math.sign(comparePositions(formatPosition(e, a), formatPosition(e, b)) as number), Math.sign(a - b));
      }),
      { numRuns: 2000 },
    );
  });

  test("positions of two epochs cannot be compared, the origin with any", () => {
    fc.assert(
      fc.property(epoch, epoch, seq, seq, (e, f, a, b) => {
        fc.pre(e !== f && a > 0 && b > 0);
        assert.equal(comparePositions(formatPosition(e, a), formatPosition(f, b)), null);
        assert.equal(comparePositions(origin, formatPosition(e, a)), -1);
      }),
    );
  });

  test("a text that is read is the only text for what it means", () => {
    const nearly = fc.oneof(
      fc.string({ unit: fc.constantFrom(..."0123456789abz.A -\n"), maxLength: 14 }),
      fc.tuple(epoch, seq, fc.nat(40), fc.constantFrom("", "0", ".", "z", "\n")).map(([e, n, at, sign]) => {
        const token = formatPosition(e, n);
        return token.slice(0, at) + sign + token.slice(at + 1);
      }),
    );
    fc.assert(
      fc.property(nearly, (text) => {
        const cursor = parsePosition(text);
        if (cursor !== null) assert.equal(formatPosition(cursor.epoch, cursor.seq), text);
      }),
      { numRuns: 3000 },
    );
  });

  test("comparing any two texts never throws, and turns around", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const [there, back] = [comparePositions(a, b), comparePositions(b, a)];
        if (there === null) assert.equal(back, null);
        else assert.equal(there, 0 - (back as number));
      }),
    );
  });
});
