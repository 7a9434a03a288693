/** The seeded generator: replayable, independent forks, honest ranges. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRandom, type Random } from "../src/index.ts";

const draw = (random: Random, count = 8): number[] => Array.from({ length: count }, () => random.u32());

test("the same seed gives the same numbers, another seed others", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (one, other) => {
      assert.deepEqual(draw(createRandom(one)), draw(createRandom(one)));
      if (one !== other) assert.notDeepEqual(draw(createRandom(one)), draw(createRandom(other)));
    }),
  );
});

test("the numbers of a seed never change between versions", () => {
  assert.deepEqual(draw(createRandom(1), 4), [1723749453, 1099888259, 47413806, 827479790]);
});

test("a fork depends on the seed and the labels alone", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(), fc.nat(), fc.nat(50), (seed, a, b, drawn) => {
      const used = createRandom(seed);
      draw(used, drawn);
      assert.deepEqual(draw(used.fork(a, b)), draw(createRandom(seed).fork(a, b)));
      if (a !== b) assert.notDeepEqual(draw(used.fork(a, b)), draw(used.fork(b, a)));
      assert.notDeepEqual(draw(used.fork(a)), draw(used.fork(a, 0)));
    }),
  );
});

test("integers stay in their range and reach both ends", () => {
  const random = createRandom(7);
  const seen = new Set(Array.from({ length: 400 }, () => random.integer(-2, 3)));
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [-2, -1, 0, 1, 2, 3],
  );
});

test("fractions are even: each tenth gets its share", () => {
  const random = createRandom(11);
  const tenths = new Array<number>(10).fill(0);
  for (let i = 0; i < 20_000; i++) {
    const tenth = Math.floor(random.float() * 10);
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  for (const count of tenths) assert.ok(Math.abs(count - 2000) < 200, `counts ${tenths}`);
});

test("a seed that is no whole number in range is refused", () => {
  for (const seed of [-1, 0.5, 2 ** 53, Number.NaN]) assert.throws(() => createRandom(seed), RangeError);
});
