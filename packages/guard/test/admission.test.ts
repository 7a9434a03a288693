import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Admission } from "../src/admission.ts";

/** When each of those who ask at `atMs` is taken: now, or at the slots that they are told. */
function whenTaken(admission: Admission, atMs: readonly number[], roundsMax: number): number[] {
  const taken: number[] = [];
  let asking = [...atMs];
  for (let round = 0; asking.length > 0; round++) {
    assert.ok(round < roundsMax, "a slot was not kept");
    asking.sort((a, b) => a - b);
    const later: number[] = [];
    for (const nowMs of asking) {
      const answer = admission.ask(nowMs);
      if (answer.ok) taken.push(nowMs);
      else later.push(nowMs + answer.afterMs);
    }
    asking = later;
  }
  return taken;
}

describe("admission", () => {
  it("takes a second's worth at once, and no more in that second", () => {
    const admission = new Admission(5, 0);
    assert.deepEqual(
      Array.from({ length: 7 }, () => admission.ask(10).ok),
      [true, true, true, true, true, false, false],
    );
    assert.equal(admission.ask(1_000).ok, false);
    assert.equal(admission.ask(1_050).ok, true);
  });

  it("gives each refused one a slot of its own, a rate's step apart", () => {
    const admission = new Admission(10, 0);
    for (let i = 0; i < 10; i++) admission.ask(0);
    const slots = Array.from({ length: 4 }, () => {
      const answer = admission.ask(0);
      return answer.ok ? 0 : answer.afterMs;
    });
    assert.deepEqual(slots, [1_050, 1_150, 1_250, 1_350]);
  });

  it("takes whoever comes back at the slot, when nobody else comes", () => {
    const taken = whenTaken(new Admission(100, 0), new Array<number>(500).fill(0), 3);
    assert.ok(Math.max(...taken) <= 5_500, `the last was taken at ${Math.max(...taken)} ms`);
  });

  it("goes on after a long silence", () => {
    const admission = new Admission(1, 0);
    assert.equal(admission.ask(0).ok, true);
    assert.equal(admission.ask(10).ok, false);
    assert.equal(admission.ask(1_000_000).ok, true);
  });

  it("never takes more than the rate in any second, whatever comes when", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 1e6 }),
        (gaps, rate, startMs) => {
          const admission = new Admission(rate, startMs);
          let nowMs = startMs;
          const taken: number[] = [];
          for (const gap of gaps) {
            nowMs += gap;
            if (admission.ask(nowMs).ok) taken.push(nowMs);
          }
          for (const from of taken) assert.ok(taken.filter((at) => at >= from && at < from + 1_000).length <= rate);
        },
      ),
    );
  });
});
