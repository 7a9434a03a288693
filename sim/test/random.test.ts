import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../random.ts";

const draw = (random: Random, count = 20): number[] => Array.from({ length: count }, () => random.u32());

describe("seeded randomness", () => {
  it("repeats for a seed and differs between seeds, also beyond 32 bits", () => {
    assert.deepEqual(draw(Random.ofSeed(7)), draw(Random.ofSeed(7)));
    const firsts = [1, 2, 3, 2 ** 32 + 1, 2 ** 40].map((seed) => draw(Random.ofSeed(seed), 2).join());
    assert.equal(new Set(firsts).size, firsts.length);
  });

  it("gives a named stream that does not depend on what was drawn before", () => {
    const random = Random.ofSeed(7);
    const early = draw(random.fork("a"));
    draw(random, 100);
    assert.deepEqual(draw(random.fork("a")), early);
    assert.notDeepEqual(draw(random.fork("b")), early);
  });

  it("stays within bounds and reaches both ends", () => {
    const random = Random.ofSeed(3);
    const drawn = new Set(Array.from({ length: 500 }, () => random.int(2, 5)));
    assert.deepEqual([...drawn].toSorted(), [2, 3, 4, 5]);
    assert.ok(Array.from({ length: 500 }, () => random.wait(10)).every((ms) => ms >= 0 && ms <= 80));
  });
});
