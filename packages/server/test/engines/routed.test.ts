/** An engine per stream pattern: routing, merging, and the contract as a whole. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Engine, LiveEvent } from "../../src/engine.ts";
import { MemoryStore, memoryEngine, routedEngine, weakEngine } from "../../src/engines/index.ts";
import { engineSuite, virtualEnv } from "../../src/testing/index.ts";
import { memorySubjects } from "./subjects.ts";

const request = (stream: string, text = "1") => ({ stream, entries: [{ format: "json" as const, payload: Buffer.from(text) }] });

function parts(): {
  readonly engines: { readonly log: Engine; readonly brief: Engine };
  readonly stores: { readonly log: MemoryStore; readonly brief: MemoryStore };
} {
  const env = virtualEnv(1);
  const stores = { log: new MemoryStore(), brief: new MemoryStore() };
  return { stores, engines: { log: memoryEngine({ env, store: stores.log }), brief: weakEngine({ env, store: stores.brief }) } };
}

describe("routed engine", () => {
  it("keeps each stream in the engine of the first policy that matches, and the rest in the fallback", async () => {
    const { engines, stores } = parts();
    const engine = routedEngine({
      engines,
      fallback: "log",
      policies: [{ pattern: "cursors/kept" }, { pattern: "cursors/**", engine: "brief" }, { pattern: "brief", engine: "brief" }],
    });
    await engine.start();
    await engine.append(["a", "cursors/1", "cursors/kept", "brief", "cursors/2/x"].map((stream) => request(stream)));
    assert.deepEqual([...stores.log.logs.keys()], ["a", "cursors/kept"]);
    assert.deepEqual([...stores.brief.logs.keys()], ["cursors/1", "brief", "cursors/2/x"]);
    for (const stream of ["a", "cursors/1", "cursors/kept"]) {
      assert.equal((await engine.head(stream))?.entries, 1);
      assert.equal((await engine.read(stream, { from: { last: 1 }, entriesMax: 1, bytesMax: 1 })).entries.length, 1);
    }
    await engine.stop();
    assert.equal(engines.log.health().state, "down");
    assert.equal(engines.brief.health().state, "down");
  });

  it("puts results at the index of their request, whichever part answers", async () => {
    const { engines } = parts();
    const engine = routedEngine({ engines, fallback: "log", policies: [{ pattern: "b/*", engine: "brief" }] });
    await engine.start();
    const results = await engine.append([
      request("a"),
      { ...request("b/1"), producer: { id: "p", epoch: 0, seq: 4 } },
      request("c"),
      request("b/2"),
      { ...request("a"), producer: { id: "p", epoch: 0, seq: 5 } },
    ]);
    assert.deepEqual(
      results.map((result) => (result.ok ? "ok" : result.code)),
      ["ok", "out_of_order", "ok", "ok", "out_of_order"],
    );
    await engine.stop();
  });

  it("lists one order over all parts, page by page, without what is routed elsewhere", async () => {
    const { engines } = parts();
    await engines.log.start();
    for (const stream of ["b/1", "b/2", "b/3", "b/4", "b/5"]) await engines.log.append([request(stream, "left over from an older policy")]);
    const stores = engines.log;
    const engine = routedEngine({ engines: { log: started(stores), brief: engines.brief }, fallback: "log", policies: [{ pattern: "b/*", engine: "brief" }] });
    await engine.start();
    for (const stream of ["c", "b/2", "a", "b/1", "d"]) await engine.append([request(stream)]);
    const found: string[] = [];
    for (;;) {
      const page = await engine.list({ limit: 2, ...(found.length === 0 ? undefined : { after: found.at(-1) as string }) });
      found.push(...page.map(({ stream }) => stream));
      if (page.length < 2) break;
    }
    assert.deepEqual(found, ["a", "b/1", "b/2", "c", "d"]);
    assert.equal((await engine.list({ limit: 9, prefix: "b/" })).length, 2);
    await engine.stop();
  });

  it("promises what the least of its parts promises, and feels as bad as the worst", async () => {
    const { engines, stores } = parts();
    const engine = routedEngine({ engines, fallback: "log", policies: [] });
    assert.deepEqual(engine.caps, { contiguousSeq: false, durability: "none", staleMsMax: 200 });
    await engine.start();
    assert.equal(engine.health().state, "ok");
    stores.brief.crash();
    assert.equal(engine.health().state, "down");
    assert.match(engine.health().detail, /memory ok.*weak down/);
    await engine.stop();
  });

  it("brings the live events of all parts to one sink", async () => {
    const { engines } = parts();
    const engine = routedEngine({ engines, fallback: "log", policies: [{ pattern: "b", engine: "brief" }] });
    const events: LiveEvent[] = [];
    engine.attach((event) => events.push(event));
    await engine.start();
    for (const stream of ["a", "b"]) await engine.listen(stream);
    for (let i = 0; i < 20; i++) await engine.append([request("a"), request("b")]);
    await engine.stop();
    assert.ok(events.some((event) => event.stream === "a") && events.some((event) => event.stream === "b"));
  });

  it("stops what it has started when one part cannot start", async () => {
    const { engines, stores } = parts();
    stores.brief.claim({});
    const engine = routedEngine({ engines, fallback: "log", policies: [] });
    await assert.rejects(engine.start(), { code: "storage_failed" });
    assert.equal(engines.log.health().state, "down");
  });

  it("refuses a policy, or a fallback, that names an engine which is not there", () => {
    const { engines } = parts();
    assert.throws(() => routedEngine({ engines, fallback: "log", policies: [{ pattern: "a", engine: "redis" }] }), {
      name: "TypeError",
      message: /policies\[0\]\.engine.*log, brief.*redis/,
    });
    assert.throws(() => routedEngine({ engines, fallback: "toString", policies: [] }), TypeError);
  });
});

/** An engine that runs already, so that starting it again is none of the router's business. */
function started(engine: Engine): Engine {
  return Object.assign(Object.create(engine) as Engine, {
    start: async () => {},
    append: engine.append.bind(engine),
    list: engine.list.bind(engine),
    attach: engine.attach.bind(engine),
    stop: engine.stop.bind(engine),
    health: engine.health.bind(engine),
  });
}

engineSuite("routed", {
  ...memorySubjects.memory,
  site: async (setup) => {
    const [left, right] = [await memorySubjects.memory.site(setup), await memorySubjects.memory.site(setup)];
    return {
      open: () =>
        routedEngine({
          engines: { left: left.open(), right: right.open() },
          fallback: "left",
          policies: [
            { pattern: "b/**", engine: "right" },
            { pattern: "s/*", engine: "right" },
          ],
        }),
      crash: async () => void (await Promise.all([left.crash?.(), right.crash?.()])),
      save: async () => void (await Promise.all([left.save?.(), right.save?.()])),
      restore: async () => void (await Promise.all([left.restore?.(), right.restore?.()])),
      advance: async (ms) => void (await Promise.all([left.advance?.(ms), right.advance?.(ms)])),
      jumpWall: (ms) => {
        left.jumpWall?.(ms);
        right.jumpWall?.(ms);
      },
      pendingTimers: () => (left.pendingTimers?.() ?? 0) + (right.pendingTimers?.() ?? 0),
      close: async () => {},
    };
  },
});
