/** Replays the vectors of the reader's rule against a literal reading of PROTOCOL.md. The client replays them in its own tests. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ReaderModel } from "./support/reader-model.ts";
import { type Case, readVectors } from "./support/vectors.ts";

interface Step {
  readonly then: readonly unknown[];
  readonly [member: string]: unknown;
}
const { cases } = readVectors<{ cases: readonly (Case & { readonly steps: readonly Step[] })[] }>("reader-rule.json");

for (const { id, description, steps } of cases) {
  test(`${id}: ${description}`, () => {
    const model = new ReaderModel("a");
    for (const [i, step] of steps.entries()) assert.deepEqual(model.step(step), step.then, `step ${i}: ${JSON.stringify(step)}`);
  });
}
