import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withoutAmbient } from "../adapters/ambient.ts";

describe("a run without the ambient world", () => {
  it("reports each use of it, and gives it back afterwards", async () => {
    const uses: readonly (() => unknown)[] = [
      () => Date.now(),
      () => Math.random(),
      () => performance.now(),
      () => setTimeout(() => {}, 0),
      () => crypto.randomUUID(),
    ];
    for (const use of uses) {
      const faults: string[] = [];
      await withoutAmbient(
        (fault) => faults.push(fault),
        async () => void use(),
      );
      assert.match(faults[0] ?? "", /^uses /);
      assert.match(faults[1] ?? "", /^exception: /);
    }
    for (const use of uses) assert.doesNotThrow(use);
  });

  it("reports a rejection that nobody handles", async () => {
    const faults: string[] = [];
    const turn = setImmediate;
    await withoutAmbient(
      (fault) => faults.push(fault),
      async () => {
        void Promise.reject(new Error("lost"));
        await new Promise((resolve) => turn(() => turn(resolve)));
      },
    );
    assert.match(faults[0] ?? "", /nobody handles: Error: lost/);
  });
});
