/** The rule of idempotent producers, as a table. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judgeProducer } from "../../src/engines/producers.ts";

describe("judgeProducer", () => {
  const cases: readonly (readonly [known: readonly [number, number] | null, tuple: readonly [number, number], verdict: string])[] = [
    [null, [0, 0], "fresh"],
    [null, [9, 0], "fresh"],
    [null, [0, 1], "out_of_order 0"],
    [[3, 5], [3, 6], "fresh"],
    [[3, 5], [3, 5], "duplicate"],
    [[3, 5], [3, 0], "duplicate"],
    [[3, 5], [3, 7], "out_of_order 6"],
    [[3, 5], [4, 0], "fresh"],
    [[3, 5], [4, 1], "out_of_order 0"],
    [[3, 5], [2, 6], "fenced"],
    [[3, 5], [2, 0], "fenced"],
  ];
  for (const [known, [epoch, seq], expected] of cases) {
    it(`knowing ${known?.join(".") ?? "nothing"}, ${epoch}.${seq} is ${expected}`, () => {
      const verdict = judgeProducer(known === null ? undefined : { epoch: known[0], seq: known[1] }, { id: "p", epoch, seq });
      assert.equal(verdict.type === "out_of_order" ? `${verdict.type} ${verdict.expectedSeq}` : verdict.type, expected);
    });
  }
});
