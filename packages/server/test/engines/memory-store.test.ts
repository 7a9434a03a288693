/** The memory engines' own limits, and the store that outlives them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HoldfastError } from "@holdfast/protocol";
import { MemoryStore, memoryEngine } from "../../src/engines/index.ts";
import { virtualEnv } from "../../src/testing/index.ts";

const request = (stream: string, bytes: number) => ({ stream, entries: [{ format: "bytes" as const, payload: new Uint8Array(bytes) }] });

describe("memory engine", () => {
  it("refuses what passes `memoryBytesMax` as storage_full, and takes appends again when retention has made room", async () => {
    const env = virtualEnv(1);
    const engine = memoryEngine({ env, options: { memoryBytesMax: 1_000 }, policies: [{ pattern: "**", ageMs: 5_000 }] });
    await engine.start();
    const codes = (await engine.append([request("a", 600), request("b", 600), request("b", 400), request("c", 1)])).map((result) =>
      result.ok ? "ok" : result.code,
    );
    assert.deepEqual(codes, ["ok", "storage_full", "ok", "storage_full"]);
    assert.equal(await engine.head("c"), null);
    await env.advance(7_000);
    assert.deepEqual(
      (await engine.append([request("c", 1_000)])).map(({ ok }) => ok),
      [true],
    );
    await engine.stop();
  });

  it("is dead once its store has crashed: it adds nothing, and tells nothing", async () => {
    const env = virtualEnv(1);
    const store = new MemoryStore();
    const engine = memoryEngine({ env, store });
    let events = 0;
    engine.attach(() => events++);
    await engine.start();
    await engine.listen("a");
    await engine.append([request("a", 1)]);
    store.crash();
    const [result] = await engine.append([request("a", 1)]);
    assert.ok(result?.ok === false && result.code === "storage_failed");
    await assert.rejects(engine.head("a"), (error: unknown) => error instanceof HoldfastError && error.code === "storage_failed");
    assert.equal(engine.health().state, "down");
    assert.equal(events, 1);
    const next = memoryEngine({ env, store });
    await next.start();
    assert.equal((await next.head("a"))?.entries, 1);
    await engine.stop();
    assert.deepEqual(
      (await next.append([request("a", 1)])).map(({ ok }) => ok),
      [true],
      "the dead one's stop takes nothing away",
    );
    await next.stop();
  });

  it("copies of a store go their own ways", async () => {
    const env = virtualEnv(1);
    const store = new MemoryStore();
    const first = memoryEngine({ env, store });
    await first.start();
    await first.append([request("a", 1)]);
    const second = memoryEngine({ env, store: store.copy() });
    await second.start();
    await first.append([request("a", 1)]);
    await second.append([request("a", 1), request("a", 1)]);
    assert.deepEqual([(await first.head("a"))?.entries, (await second.head("a"))?.entries], [2, 3]);
    assert.equal((await first.head("a"))?.epochs.length, 1);
    assert.equal((await second.head("a"))?.epochs.length, 2);
    await first.stop();
    await second.stop();
  });

  it("has no timer while nothing is held", async () => {
    const env = virtualEnv(1);
    const engine = memoryEngine({
      env,
      policies: [{ pattern: "**", ageMs: 5_000 }],
      options: { forgetMs: 1_000, producerExpiryMs: 1_000, dedupeWindowMs: 1_000 },
    });
    await engine.start();
    assert.equal(env.pendingTimers, 0);
    await engine.append([request("a", 1)]);
    assert.equal(env.pendingTimers, 1);
    await env.advance(60_000);
    assert.equal(await engine.head("a"), null);
    assert.equal(env.pendingTimers, 0);
    await engine.stop();
  });
});
