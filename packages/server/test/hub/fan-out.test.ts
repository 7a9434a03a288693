import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatPosition, parsePosition } from "@holdfast/protocol";
import fc from "fast-check";
import type { Engine } from "../../src/engine.ts";
import { memoryEngine } from "../../src/engines/memory.ts";
import { Hub, nodeEnv, resolveServerOptions, type ServerOptions } from "../../src/index.ts";
import { TestCarrier } from "../support/carrier.ts";

const encoder = new TextEncoder();

async function open(
  options: Partial<ServerOptions> = {},
  wrap: (engine: Engine) => Engine = (engine) => engine,
): Promise<{ hub: Hub; engine: Engine; stop: () => Promise<void> }> {
  const engine = wrap(memoryEngine({ env: nodeEnv }));
  const hub = new Hub(engine, resolveServerOptions({ admissionPerSecond: 1_000_000, ...options }), nodeEnv);
  await engine.start();
  return {
    hub,
    engine,
    stop: async () => {
      hub.stop();
      await engine.stop();
    },
  };
}

async function publish(hub: Hub, stream: string, ...payloads: (number | string)[]): Promise<void> {
  const result = await hub.append({ stream, entries: payloads.map((payload) => ({ format: "json" as const, payload: encoder.encode(String(payload)) })) });
  assert.ok(result.ok);
}

async function until(fact: () => boolean, withinMs = 5_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!fact()) {
    assert.ok(performance.now() < deadline, `not within ${withinMs} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What a reader was given is a contiguous run: each `prev` is the position before it. */
function assertChain(carrier: TestCarrier, from = "0"): void {
  let at = from;
  for (const entry of carrier.entries) {
    assert.equal(entry.prev, at);
    at = entry.position;
  }
}

describe("the fan-out", () => {
  it("gives a burst to all caught-up readers as one shared buffer", async () => {
    const { hub, stop } = await open();
    const readers = Array.from({ length: 300 }, () => TestCarrier.join(hub));
    for (const reader of readers) reader.say({ type: "subscribe", id: 1, stream: "s", from: "now" });
    await until(() => readers.every((reader) => reader.of("subscribed").length === 1));
    await publish(hub, "s", ...Array.from({ length: 16 }, (_, i) => i));
    await until(() => readers.every((reader) => reader.entries.length === 16));
    assert.ok(readers.every((reader) => reader.writes.length === 1 && reader.writes[0] === readers[0]?.writes[0]));
    for (const reader of readers) assertChain(reader);
    await stop();
  });

  it("lets a slow reader wait with one flush in its hands, and gives it everything later", async () => {
    const { hub, stop } = await open();
    const slow = TestCarrier.join(hub);
    const fast = TestCarrier.join(hub);
    slow.slow = true;
    for (const reader of [slow, fast]) reader.say({ type: "subscribe", id: 1, stream: "s", from: "first" });
    for (let i = 0; i < 400; i++) await publish(hub, "s", `"${"x".repeat(10_000)}${i}"`);
    await until(() => fast.entries.length === 400);
    assert.ok(slow.writes.length === 1 && slow.queuedBytes <= 65_536, `${slow.writes.length} writes, ${slow.queuedBytes} bytes`);
    while (slow.entries.length < 400) {
      const before = slow.entries.length;
      slow.take();
      await until(() => slow.entries.length > before);
    }
    assertChain(slow);
    assertChain(fast);
    await stop();
  });

  it("reads the engine once per page for 10,000 readers at 10,000 places", async () => {
    let reads = 0;
    const { hub, stop } = await open({ tailBytesMax: 1, linksMax: 20_000 }, (engine) => {
      const read = engine.read.bind(engine);
      engine.read = (...given) => {
        reads++;
        return read(...given);
      };
      return engine;
    });
    const total = 10_000;
    for (let i = 0; i < total; i += 100) await publish(hub, "s", ...Array.from({ length: 100 }, (_, k) => i + k));
    const head = TestCarrier.join(hub);
    head.say({ type: "subscribe", id: 1, stream: "s", from: { last: 1 } });
    await until(() => head.entries.length === 1);
    const epoch = parsePosition((head.entries[0] as { position: string }).position)?.epoch as string;
    reads = 0;
    // Every hundredth looks at what it is given; the others count.
    const readers = Array.from({ length: total }, (_, i) => TestCarrier.join(hub, i % 100 === 0));
    for (const [i, reader] of readers.entries()) reader.say({ type: "subscribe", id: 1, stream: "s", from: { after: formatPosition(epoch, i) } });
    const has = (reader: TestCarrier): number => (reader.looks ? reader.entries.length : reader.given);
    await until(() => readers.every((reader, i) => has(reader) === total - i), 30_000);
    const pages = Math.ceil(total / 256);
    assert.ok(reads <= pages * 2, `${reads} reads for ${pages} pages`);
    for (const [i, reader] of readers.entries()) assertChain(reader, formatPosition(epoch, i));
    await stop();
  });

  it("goes on although no page fits into the cache", async () => {
    const { hub, stop } = await open({ tailBytesMax: 1, pageCacheBytesMax: 1, pageEntriesMax: 32 });
    for (let i = 0; i < 20; i++) await publish(hub, "s", `"${"x".repeat(40_000)}"`);
    const all = TestCarrier.join(hub);
    all.say({ type: "subscribe", id: 1, stream: "s", from: "first" });
    await until(() => all.entries.length === 20);
    // Two readers far apart in one aligned window, each of whose pages pushes the other's out.
    const near = TestCarrier.join(hub);
    const far = TestCarrier.join(hub);
    near.say({ type: "subscribe", id: 1, stream: "s", from: { after: all.entries[1]?.position } });
    far.say({ type: "subscribe", id: 1, stream: "s", from: { after: all.entries[15]?.position } });
    await until(() => near.entries.length === 18 && far.entries.length === 4);
    assert.equal(hub.counters.tailDoubts, 0);
    await stop();
  });

  it("keeps every reader's run whole under any interleaving of appends, stalls, evictions, re-subscriptions and departures", async () => {
    const action = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ do: fc.constant("publish" as const), count: fc.integer({ min: 1, max: 40 }), size: fc.constantFrom(1, 500, 20_000) }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("slow", "fast", "take", "leave", "again"), reader: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("turn" as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), fc.constantFrom(1, 50_000, 67_108_864), async (actions, tailBytesMax) => {
        const { hub, stop } = await open({ tailBytesMax, pageEntriesMax: 7 });
        let published = 0;
        const readers = Array.from({ length: 6 }, (_, i) => {
          const reader = TestCarrier.join(hub);
          reader.say({ type: "subscribe", id: 1, stream: "s", from: i % 2 === 0 ? "first" : { after: "0" } });
          return reader;
        });
        for (const next of actions) {
          if (next.do === "publish") {
            await publish(hub, "s", ...Array.from({ length: next.count }, () => `"${"x".repeat(next.size)}"`));
            published += next.count;
          } else if (next.do === "turn") await new Promise((resolve) => setImmediate(resolve));
          else {
            const reader = readers[next.reader] as TestCarrier;
            if (next.do === "slow") reader.slow = true;
            else if (next.do === "fast") reader.slow = false;
            else if (next.do === "take") reader.take();
            else if (next.do === "leave") reader.leave();
            else reader.say({ type: "subscribe", id: 2, stream: "s", from: { after: reader.entries.at(-1)?.position ?? "0" } });
          }
        }
        const staying = readers.filter((reader) => reader.events !== null);
        for (const reader of staying) reader.slow = false;
        await until(() => {
          for (const reader of staying) reader.take();
          return staying.every((reader) => new Set(reader.entries.map((entry) => entry.position)).size === published);
        });
        for (const reader of staying) assert.equal(reader.entries.at(-1)?.position ?? "0", staying[0]?.entries.at(-1)?.position ?? "0");
        for (const reader of staying) assert.equal(reader.of("gap").length, 0);
        await stop();
      }),
      { numRuns: 150 },
    );
  });

  it("says closed after the last entry, to those who have it and to those who come later", async () => {
    const { hub, stop } = await open();
    const early = TestCarrier.join(hub);
    early.say({ type: "subscribe", id: 1, stream: "s", from: "now" });
    await until(() => early.of("subscribed").length === 1);
    await publish(hub, "s", 1, 2);
    const ended = await hub.append({ stream: "s", entries: [], close: true });
    assert.ok(ended.ok);
    const late = TestCarrier.join(hub);
    late.say({ type: "subscribe", id: 1, stream: "s", from: "first" });
    await until(() => early.of("closed").length === 1 && late.of("closed").length === 1);
    for (const reader of [early, late]) {
      assert.equal(reader.entries.length, 2);
      assert.equal((reader.of("closed")[0] as { position: string }).position, reader.entries[1]?.position);
    }
    await stop();
  });

  it("leaves no subscription behind when a subscribe is refused", async () => {
    const { hub, stop } = await open();
    const link = TestCarrier.join(hub);
    link.say({ type: "subscribe", id: 1, stream: "s", from: "now" });
    await until(() => link.of("subscribed").length === 1);
    link.say({ type: "subscribe", id: 2, stream: "s", from: { after: "not a position" } });
    assert.deepEqual(
      link.of("unsubscribed").map((frame) => "code" in frame && frame.code),
      ["bad_position"],
    );
    assert.equal(hub.readersOf("s"), 0);
    await stop();
  });

  it("holds a link's input while too many of its publishes are unanswered", async () => {
    const { hub, stop } = await open({ publishesInFlightMax: 8 });
    const link = TestCarrier.join(hub);
    for (let id = 1; id <= 8; id++) link.say({ type: "publish", id, stream: "s", data: id });
    assert.equal(link.held, true);
    await until(() => link.of("published").length === 8);
    assert.equal(link.held, false);
    await stop();
  });

  it("sends what changed with a beat, and nothing that did not", async () => {
    const { hub, stop } = await open({ heartbeatMs: 50 });
    const link = TestCarrier.join(hub);
    const alive = setInterval(() => link.events?.bytes(), 20);
    // A valid name that a plain object would swallow.
    const name = "__proto__";
    link.say({ type: "subscribe", id: 1, stream: name, from: "now" });
    await until(() => link.of("beat").length >= 1);
    await publish(hub, name, 1);
    await until(() => link.frames.some((frame) => frame.type === "beat" && "streams" in frame));
    const told = link.frames.find((frame) => frame.type === "beat" && "streams" in frame) as { streams: Record<string, { sent: string; head: string }> };
    const position = link.entries[0]?.position as string;
    assert.deepEqual(Object.entries(told.streams), [[name, { sent: position, head: position }]]);
    const before = link.of("beat").length;
    await until(() => link.of("beat").length >= before + 3);
    assert.ok(
      link
        .of("beat")
        .slice(before + 1)
        .every((frame) => !("streams" in frame)),
    );
    clearInterval(alive);
    await stop();
  });
});
