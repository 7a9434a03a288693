/** Stream names and patterns by the vectors, and what every accepted name can be trusted with. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { matchesPattern, streamNameFault } from "../src/stream-name.ts";
import { type Case, expand, type Runs, readVectors } from "./support/vectors.ts";

type Name = Case & { readonly name: Runs };
const names = readVectors<{ good: readonly Name[]; bad: readonly Name[] }>("stream-names.json");
const patterns = readVectors<{ cases: readonly (Case & { readonly pattern: string; readonly name: string; readonly matches: boolean })[] }>("patterns.json");

suite("names", () => {
  for (const { id, name, description } of names.good) {
    test(`${id}: is good: ${description}`, () => assert.equal(streamNameFault(expand(name)), null));
  }
  for (const { id, name, description } of names.bad) {
    test(`${id}: is refused: ${description}`, () => assert.equal(typeof streamNameFault(expand(name)), "string"));
  }
  test("what is not text is refused", () => {
    for (const value of [undefined, null, 1, [], ["a"], { length: 1 }]) assert.equal(typeof streamNameFault(value), "string");
  });

  const anyName = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ unit: fc.constantFrom(..."ab/.*é四\u0301"), maxLength: 300 }),
    fc.string({ unit: "grapheme", maxLength: 20 }),
  );

  test("an accepted name needs no escape in JSON, survives an address, and has its bytes", () => {
    let accepted = 0;
    fc.assert(
      fc.property(anyName, (name) => {
        if (streamNameFault(name) !== null) return;
        accepted++;
        assert.equal(JSON.stringify(name), `"${name}"`);
        const address = new URL(`http://h/v1/streams/${name.split("/").map(encodeURIComponent).join("/")}`).pathname;
        assert.equal(address.slice("/v1/streams/".length).split("/").map(decodeURIComponent).join("/"), name);
        assert.ok(Buffer.byteLength(name) <= 255 && Buffer.from(name).toString() === name);
      }),
      { numRuns: 2000 },
    );
    assert.ok(accepted > 100, `only ${accepted} names were accepted`);
  });

  test("a refusal never repeats the name", () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const fault = streamNameFault(`\u001b[31m<${name}>`);
        assert.ok(fault !== null && !fault.includes("\u001b"));
      }),
    );
  });
});

suite("patterns", () => {
  for (const { id, pattern, name, matches, description } of patterns.cases) {
    test(`${id}: ${description}`, () => assert.equal(matchesPattern(pattern, name), matches));
  }
  const name = fc.array(fc.constantFrom("a", "b", "rooms", "42"), { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));

  test("a pattern without stars matches itself alone", () => {
    fc.assert(fc.property(name, name, (a, b) => assert.equal(matchesPattern(a, b), a === b)));
  });
  test("** matches every name, and p/** what lies below p", () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        assert.equal(matchesPattern("**", a), true);
        assert.equal(matchesPattern(`${a}/**`, b), b.startsWith(`${a}/`));
      }),
    );
  });
  test("a star in any place matches whatever segment is there", () => {
    fc.assert(
      fc.property(name, fc.nat(), (given, at) => {
        const parts = given.split("/");
        parts[at % parts.length] = "*";
        assert.equal(matchesPattern(parts.join("/"), given), true);
      }),
    );
  });
});
