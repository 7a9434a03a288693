import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { withoutAmbient } from "../adapters/ambient.ts";
import { root } from "../adapters/child.ts";

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

  // In a process of its own: the test runner would take the rejection for the test's.
  it("reports a rejection that nobody handles", () => {
    const script = `
      import { withoutAmbient } from "./sim/adapters/ambient.ts";
      const turn = setImmediate;
      await withoutAmbient((fault) => console.log(fault), async () => {
        void Promise.reject(new Error("lost"));
        await new Promise((resolve) => turn(() => turn(resolve)));
      });
    `;
    const output = execFileSync(process.execPath, ["--conditions=source", "--input-type=module", "-e", script], { cwd: root, encoding: "utf8" });
    assert.match(output, /nobody handles: Error: lost/);
  });
});
