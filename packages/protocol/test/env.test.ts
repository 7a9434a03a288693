/** What is derived from randomness stays within its bounds and depends on nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Rng, randomFraction, randomId } from "../src/index.ts";

const always = (value: number): Rng => ({ u32: () => value });
const u32 = fc.oneof(fc.nat({ max: 2 ** 32 - 1 }), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1));

test("a fraction is at least 0 and below 1", () => {
  fc.assert(fc.property(u32, (value) => randomFraction(always(value)) >= 0 && randomFraction(always(value)) < 1));
  assert.equal(randomFraction(always(0)), 0);
  assert.equal(randomFraction(always(2 ** 31)), 0.5);
});

test("an id has the length asked for, lower-case letters and digits only, and is the same for the same randomness", () => {
  fc.assert(
    fc.property(fc.array(u32, { minLength: 1 }), fc.nat({ max: 40 }), (values, length) => {
      const make = (): string => {
        let i = 0;
        return randomId({ u32: () => values[i++ % values.length] as number }, length);
      };
      assert.match(make(), new RegExp(`^[0-9a-v]{${length}}$`));
      assert.equal(make(), make());
    }),
  );
});

test("every sign of an id is as likely as the others", () => {
  const signs = new Set(Array.from({ length: 32 }, (_, i) => randomId(always(i), 1)));
  assert.equal(signs.size, 32);
  assert.equal(randomId(always(32), 1), randomId(always(0), 1));
});
