/** The compact memory of a producer's requests, against a plain list. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RequestRing } from "../../src/engines/request-ring.ts";

describe("RequestRing", () => {
  it("remembers the newest requests and nothing older, also after it was written and read", () => {
    const steps = fc.array(
      fc.tuple(
        fc.oneof(
          fc.nat(300),
          fc.maxSafeNat().map((n) => Math.floor(n / 1_000)),
        ),
        fc.nat(1_000),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 9 }), fc.nat(39), (given, max, codedAt) => {
        let ring = new RequestRing(max);
        const list: { first: number; count: number }[] = [];
        let first = 0;
        for (const [i, [step, count]] of given.entries()) {
          first += step;
          ring.add(first, count);
          list.push({ first, count });
          if (i === codedAt) ring = RequestRing.decode(ring.encode(), max);
        }
        for (let back = 0; back < list.length + 2; back++) {
          assert.deepEqual(ring.at(back), back < max ? (list.at(-1 - back) ?? null) : null);
        }
      }),
    );
  });

  it("takes few bytes for requests that follow each other", () => {
    const ring = new RequestRing(256);
    for (let i = 0; i < 10_000; i++) ring.add(1_000_000 + i * 3, 1);
    assert.ok(ring.encode().byteLength < 600);
  });
});
