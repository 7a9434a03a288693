/** Verdicts on publishes: what is asked, and that no answer is left alone. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { anybody } from "../../src/auth/authorizer.ts";
import { openGate } from "../../src/auth/gate.ts";
import { judgePublish } from "../../src/auth/publish-verdict.ts";

it("a plain no to one question leaves the failure of the other to nobody", async () => {
  const unheard: unknown[] = [];
  const hear = (thrown: unknown): void => void unheard.push(thrown);
  process.on("unhandledRejection", hear);
  const entry = { format: "json", payload: Buffer.from("1") } as const;
  for (const no of ["publish", "close"]) {
    const gate = { ...openGate, isGuarded: true, may: (_: unknown, action: string) => (action === no ? false : Promise.reject(new Error("down"))) };
    const verdict = await judgePublish(gate, null, anybody, { stream: "a", entries: [entry], close: true });
    assert.equal(verdict?.code, "forbidden");
  }
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", hear);
  assert.deepEqual(unheard, []);
});
