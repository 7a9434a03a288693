/** Base64 by the vectors, with and without the platform's own conversion, and against Buffer's. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { fromBase64, toBase64 } from "../src/base64.ts";
import { type Case, readVectors } from "./support/vectors.ts";

interface File {
  readonly valid: readonly (Case & { readonly hex: string; readonly text: string })[];
  readonly invalid: readonly (Case & { readonly text: string })[];
}
const vectors = readVectors<File>("base64.json");

/** Runs `body` as on a platform that cannot convert by itself. */
function withoutNative(body: () => void): void {
  const places = [
    [Uint8Array, "fromBase64"],
    [Uint8Array.prototype, "toBase64"],
  ] as const;
  const saved = places.map(([owner, name]) => [owner, name, Object.getOwnPropertyDescriptor(owner, name)] as const);
  for (const [owner, name] of places) Reflect.deleteProperty(owner, name);
  try {
    body();
  } finally {
    for (const [owner, name, descriptor] of saved) if (descriptor !== undefined) Object.defineProperty(owner, name, descriptor);
  }
}

const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString("hex"));

for (const [platform, run] of [
  ["the platform's conversion", (body: () => void) => body()],
  ["none of the platform's", withoutNative],
] as const) {
  suite(`with ${platform}`, () => {
    for (const { id, text, hex: wanted } of vectors.valid) {
      test(`${id}: converts both ways`, () =>
        run(() => {
          assert.equal(toBase64(Buffer.from(wanted, "hex")), text);
          assert.equal(hex(fromBase64(text)), wanted);
        }));
    }
    for (const { id, text, description } of vectors.invalid) {
      test(`${id}: refuses: ${description}`, () => run(() => assert.equal(fromBase64(text), null)));
    }

    test("bytes of any length come back, and the text is Buffer's", () =>
      run(() =>
        fc.assert(
          fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
            const text = toBase64(bytes);
            assert.equal(text, Buffer.from(bytes).toString("base64"));
            assert.equal(hex(fromBase64(text)), hex(bytes));
          }),
        ),
      ));

    test("a text is accepted only when it is the one text for its bytes", () =>
      run(() =>
        fc.assert(
          fc.property(fc.array(fc.constantFrom("A", "z", "9", "+", "/", "=", "-", "\n"), { maxLength: 12 }), (signs) => {
            const text = signs.join("");
            const canonical = Buffer.from(text, "base64").toString("base64") === text;
            assert.equal(fromBase64(text) !== null, canonical, text);
          }),
          { numRuns: 2000 },
        ),
      ));

    test("a full part and a whole entry convert", () =>
      run(() => {
        for (const length of [45_000, 262_144]) {
          const bytes = new Uint8Array(length).map((_, i) => (i * 31) % 256);
          assert.equal(hex(fromBase64(toBase64(bytes))), hex(bytes));
        }
      }));
  });
}
