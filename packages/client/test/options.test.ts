/** Options: defaults, bounds, documentation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClientOptions, clientOptionDocs, resolveOptions } from "../src/index.ts";

test("every option has a default, and a row of documentation that agrees with it", () => {
  const resolved = resolveOptions() as unknown as Record<string, unknown>;
  assert.deepEqual(Object.keys(clientOptionDocs).sort(), Object.keys(resolved).sort());
  for (const [name, { default: byDefault, unit, what }] of Object.entries(clientOptionDocs)) {
    assert.ok(unit.length > 0 && what.length > 10, name);
    // Drawn by the client, and chosen by the platform.
    if (name !== "producerId" && name !== "transports") assert.equal(byDefault, resolved[name], name);
  }
});

test("the result is frozen and complete; undefined means the default", () => {
  const resolved = resolveOptions({ queueEntriesMax: 10, name: undefined } as unknown as ClientOptions);
  assert.ok(Object.isFrozen(resolved));
  assert.equal(resolved.queueEntriesMax, 10);
  assert.equal(resolved.name, "holdfast-js");
});

for (const [options, message] of [
  [{ probeTimeoutMs: 5.5 }, "Expected `probeTimeoutMs` to be a whole number from 100 to 60000, got 5.5"],
  [{ dialTimeoutMs: "10" }, 'Expected `dialTimeoutMs` to be a whole number from 100 to 300000, got "10"'],
  [{ inFlightMax: 129 }, "Expected `inFlightMax` to be a whole number from 1 to 128, got 129"],
  [{ queueEntriesMax: Number.NaN }, "Expected `queueEntriesMax` to be a whole number from 2 to 1000000, got NaN"],
  [{ producerId: "" }, 'Expected `producerId` to be 1 to 255 bytes of text, got ""'],
  [{ producerId: "é".repeat(200) }, `Expected \`producerId\` to be 1 to 255 bytes of text, got "${"é".repeat(200)}"`],
  [{ name: 7 }, "Expected `name` to be text of at most 128 bytes, got 7"],
  [{ heartbeatMs: 1_000 }, "Expected `heartbeatMs` to be an option of this client, got 1000"],
  [{ constructor: 1 }, "Expected `constructor` to be an option of this client, got 1"],
] as const) {
  test(`refuses ${JSON.stringify(options).slice(0, 60)}`, () => {
    assert.throws(() => resolveOptions(options as unknown as ClientOptions), { name: "TypeError", message });
  });
}
