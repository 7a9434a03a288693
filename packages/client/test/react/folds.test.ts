/** Windows and reduced values: bounded, in order, and never changed after they were given out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Gap, StreamEntry } from "../../src/index.ts";
import { checkKeep, keepMax, ReduceFold, WindowFold } from "../../src/react/folds.ts";

const entry = (n: number): StreamEntry => ({ position: `e.${n}`, data: n }) as unknown as StreamEntry;
const gap: Gap = { stream: "s", reason: "trimmed", from: "e.1", after: "e.5", head: "e.9" };
const dataOf = (fold: WindowFold): unknown[] => fold.part().entries.map(({ data }) => data);

test("a window is the newest entries, whatever is read and resized in between", () => {
  const steps = fc.array(fc.oneof(fc.constant("entry" as const), fc.constant("read" as const), fc.constant("clear" as const), fc.nat({ max: 12 })), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(fc.nat({ max: 12 }), steps, (keep, all) => {
      const fold = new WindowFold(keep);
      let model: number[] = [];
      let size = keep;
      let n = 0;
      for (const step of all) {
        if (step === "entry") {
          fold.entry(entry(++n));
          model.push(n);
        } else if (step === "clear") {
          fold.clear();
          model = [];
        } else if (step === "read") {
          // Only what was kept until now can be shown by a larger window later.
          model = model.slice(Math.max(0, model.length - size));
          assert.deepEqual(dataOf(fold), model);
        } else if (step <= size) {
          fold.resize(step);
          size = step;
        }
      }
      assert.deepEqual(dataOf(fold), model.slice(Math.max(0, model.length - size)));
    }),
  );
});

test("a window that was given out stays as it was", () => {
  const fold = new WindowFold(2);
  fold.entry(entry(1));
  const { entries } = fold.part();
  for (let n = 2; n <= 9; n++) fold.entry(entry(n));
  assert.deepEqual(
    entries.map(({ data }) => data),
    [1],
  );
  assert.ok(Object.isFrozen(entries));
  assert.deepEqual(dataOf(fold), [8, 9]);
});

test("a size of a window that is none is refused", () => {
  for (const keep of [-1, 0.5, Number.NaN, keepMax + 1]) {
    assert.throws(() => checkKeep(keep), { name: "TypeError", message: `Expected \`keep\` to be a whole number from 0 to 10000, got ${keep}` });
  }
  assert.deepEqual([checkKeep(0), checkKeep(keepMax)], [0, 10_000]);
});

test("a reducer sees entries and gaps in order, by the functions of the newest render, and begins again after clear", () => {
  const sum = { reduce: (value: string, { data }: StreamEntry) => `${value}${data}` };
  const fold = new ReduceFold("", sum);
  fold.entry(entry(1));
  fold.gap(gap);
  assert.deepEqual(fold.part(), { value: "1" }, "a gap changes nothing unless asked");
  fold.replace({ ...sum, reduceGap: (value, { after }) => `${value}[${after}]` });
  fold.gap(gap);
  fold.entry(entry(6));
  assert.deepEqual(fold.part(), { value: "1[e.5]6" });
  fold.clear();
  assert.deepEqual(fold.part(), { value: "" });
});
