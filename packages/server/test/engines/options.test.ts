/** The engine options: defaults, checks, documentation. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { engineOptionDocs, resolveEngineOptions } from "../../src/engines/index.ts";

describe("engine options", () => {
  it("all have a default that is valid, and are frozen", () => {
    const options = resolveEngineOptions();
    assert.deepEqual(Object.keys(options), Object.keys(engineOptionDocs));
    assert.ok(Object.isFrozen(options));
    for (const [name, doc] of Object.entries(engineOptionDocs)) {
      assert.equal(options[name as keyof typeof options], doc.default);
      assert.ok(doc.what.length > 20 && doc.unit.length > 0, name);
    }
  });

  it("keep what is given and fill the rest", () => {
    const options = resolveEngineOptions({ streamsMax: 7 });
    assert.equal(options.streamsMax, 7);
    assert.equal(options.retentionEntriesMax, 100_000);
  });

  it("refuse what is unknown or no whole number of at least 1, and name it", () => {
    assert.throws(() => resolveEngineOptions({ nope: 1 } as object), /TypeError|nope/);
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "5", null, 2 ** 60]) {
      assert.throws(
        () => resolveEngineOptions({ streamsMax: value as number }),
        { name: "TypeError", message: /`streamsMax`.*whole number of streams/ },
        String(value),
      );
    }
  });

  it("remember producers for more than twice the 10 minutes that a client retries", () => {
    assert.ok(engineOptionDocs.producerExpiryMs.default > 2 * 600_000);
  });
});
