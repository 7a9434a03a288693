/** Options: defaults, bounds, documentation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClientOptions, clientOptionDocs, resolveOptions } from "../src/index.ts";

test("every option has a default, and a row of documentation that agrees with it", () => {
  const resolved = resolveOptions() as unknown as Record<string, unknown>;
  assert.deepEqual(Object.keys(clientOptionDocs).sort(), Object.keys(resolved).sort());
  for (const [name, { default: byDefault, unit, what }] of Object.entries(clientOptionDocs)) {
    assert.ok(unit.length > 0 && what.length > 10, name);
    // Drawn by the client, chosen by the platform, and given by nobody.
    if (!["producerId", "transports", "token"].includes(name)) assert.equal(byDefault, resolved[name], name);
  }
});

test("undefined means the default, and what is given counts", () => {
  const resolved = resolveOptions({ queueEntriesMax: 10, producerEpoch: 0, name: undefined, transports: ["poll"] } as unknown as ClientOptions);
  assert.deepEqual([resolved.queueEntriesMax, resolved.producerEpoch, resolved.name, resolved.transports], [10, 0, "holdfast-js", ["poll"]]);
  assert.equal(resolveOptions().queueEntriesMax, 1_000);
});

test("a token may be given as it is", () => {
  assert.equal(resolveOptions({ token: "a.b.c" }).token(), "a.b.c");
  assert.equal(resolveOptions().token(), "");
});

test("an entry is given up before a server has forgotten its producer, whatever was asked for", () => {
  assert.equal(resolveOptions({ outboxAgeMs: 3_600_000 }).outboxAgeMs, 720_000);
});

for (const [options, message] of [
  [{ probeTimeoutMs: 5.5 }, "Invalid option probeTimeoutMs: 5.5"],
  [{ dialTimeoutMs: "10" }, "Invalid option dialTimeoutMs: 10"],
  [{ producerEpoch: -1 }, "Invalid option producerEpoch: -1"],
  [{ queueEntriesMax: Number.NaN }, "Invalid option queueEntriesMax: NaN"],
  [{ producerId: 5 }, "Invalid option producerId: 5"],
  [{ transports: "poll" }, "Invalid option transports: poll"],
  [{ heartbeatMs: 1_000 }, "Invalid option heartbeatMs: 1000"],
  [{ constructor: 1 }, "Invalid option constructor: 1"],
] as const) {
  test(`refuses ${JSON.stringify(options).slice(0, 60)}`, () => {
    assert.throws(() => resolveOptions(options as unknown as ClientOptions), { name: "TypeError", message });
  });
}
