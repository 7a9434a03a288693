/** Policies per stream pattern. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveEngineOptions, resolvePolicies, retentionFor } from "../../src/engines/index.ts";

const options = resolveEngineOptions({ retentionEntriesMax: 10, retentionBytesMax: 20, retentionAgeMs: 30 });

describe("retention policies", () => {
  it("the first match decides alone; the options fill what it leaves out", () => {
    const retention = retentionFor(
      resolvePolicies([
        { pattern: "a/b", entriesMax: 1 },
        { pattern: "a/*", bytesMax: 2 },
        { pattern: "**", ageMs: 3 },
      ]),
      options,
    );
    assert.deepEqual(retention("a/b"), { entriesMax: 1, bytesMax: 20, ageMs: 30 });
    assert.deepEqual(retention("a/c"), { entriesMax: 10, bytesMax: 2, ageMs: 30 });
    assert.deepEqual(retention("a/c/d"), { entriesMax: 10, bytesMax: 20, ageMs: 3 });
  });

  it("a stream without a policy has the options' limits", () => {
    assert.deepEqual(retentionFor([], options)("x"), { entriesMax: 10, bytesMax: 20, ageMs: 30 });
  });

  it("are checked, copied and frozen", () => {
    const given = { pattern: "cursors/**", engine: "memory", ageMs: 5_000 };
    const policies = resolvePolicies([given]);
    given.ageMs = 1;
    assert.equal(policies[0]?.ageMs, 5_000);
    assert.ok(Object.isFrozen(policies) && Object.isFrozen(policies[0]));
  });

  it("are refused by name when they make no sense", () => {
    const refused = (policy: unknown, message: RegExp): void =>
      assert.throws(() => resolvePolicies([{ pattern: "ok" }, policy as { pattern: string }]), { name: "TypeError", message });
    refused({ pattern: "" }, /policies\[1\]\.pattern/);
    refused({ pattern: "a//b" }, /policies\[1\]\.pattern/);
    refused({ pattern: 5 }, /policies\[1\]\.pattern/);
    refused({ pattern: "a", entriesMax: 0 }, /policies\[1\]\.entriesMax/);
    refused({ pattern: "a", ageMs: "1h" }, /policies\[1\]\.ageMs/);
    refused({ pattern: "a", engine: 1 }, /policies\[1\]\.engine/);
    refused({ pattern: "a", maxEntries: 1 }, /maxEntries/);
  });
});
