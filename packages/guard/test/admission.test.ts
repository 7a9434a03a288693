import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Admission } from "../src/admission.ts";

describe("admission", () => {
  it("takes a burst at once, and then as many as the rate says", () => {
    const admission = new Admission(10, 5, 0);
    const taken = Array.from({ length: 8 }, () => admission.ask(0).ok);
    assert.deepEqual(taken, [true, true, true, true, true, false, false, false]);
    assert.equal(admission.ask(100).ok, true);
    assert.equal(admission.ask(100).ok, false);
  });

  it("gives each refused one a slot of its own, a rate's step apart", () => {
    const admission = new Admission(10, 1, 0);
    admission.ask(0);
    const slots = Array.from({ length: 4 }, () => {
      const answer = admission.ask(0);
      return answer.ok ? 0 : answer.afterMs;
    });
    assert.deepEqual(slots, [100, 200, 300, 400]);
  });

  it("takes whoever comes back at the slot, when nobody else comes", () => {
    const admission = new Admission(100, 1, 0);
    let waiting = Array.from({ length: 50 }, () => 0);
    let last = 0;
    for (let rounds = 0; waiting.length > 0; rounds++) {
      assert.ok(rounds < 3, "a slot was not kept");
      waiting.sort((a, b) => a - b);
      const next: number[] = [];
      for (const atMs of waiting) {
        const answer = admission.ask(atMs);
        last = Math.max(last, atMs);
        if (!answer.ok) next.push(atMs + answer.afterMs);
      }
      waiting = next;
    }
    assert.ok(last <= 520, `the last was taken at ${last} ms`);
  });

  it("never takes more than burst and rate allow, whatever comes when", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 20 }),
        (steps, rate, burst) => {
          const admission = new Admission(rate, burst, 0);
          let nowMs = 0;
          let taken = 0;
          for (const step of steps) {
            nowMs += step;
            if (admission.ask(nowMs).ok) taken++;
          }
          assert.ok(taken <= burst + (nowMs * rate) / 1_000 + 1e-6);
        },
      ),
    );
  });
});
