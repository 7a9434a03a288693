/**
 * An application that takes 10 ms per entry reads a stream that gets 5,000 entries a second: its memory stays flat, nothing is lost,
 * and another stream of the same client is not held up.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@holdfast/client";
import { createServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";

const entries = 15_000;
const perTick = 50;
const tickMs = 10;
const slowMs = 10;
const encoder = new TextEncoder();
const entry = (n: number) => ({ format: "json" as const, payload: encoder.encode(JSON.stringify({ n, x: "x".repeat(200) })) });

describe("a slow iterator", () => {
  it("holds a bounded queue, loses nothing and leaves other streams alone", async (t) => {
    const server = createServer({ engine: memoryEngine({ env: nodeEnv }), options: { port: 0, drainMs: 1 } });
    const { url } = await server.listen();
    const client = connect(url);
    const slow = client.stream("slow", { from: "first" });
    const taken: number[] = [];
    const delays: number[] = [];
    const other = client.stream("other", { from: "first" });
    const watching = (async () => {
      for await (const { data } of other) {
        delays.push(performance.now() - (data as { at: number }).at);
        if (delays.length === entries / perTick) return;
      }
    })();
    let fast = false;
    const reading = (async () => {
      for await (const { data } of slow) {
        taken.push((data as { n: number }).n);
        if (taken.length === entries) return;
        if (!fast) await sleep(slowMs);
      }
    })();
    const startMs = performance.now();
    for (let n = 0; n < entries; n += perTick) {
      await server.hub.append({ stream: "slow", entries: Array.from({ length: perTick }, (_, i) => entry(n + i)) });
      await server.hub.append({ stream: "other", entries: [{ format: "json", payload: encoder.encode(JSON.stringify({ at: performance.now() })) }] });
      await sleep(Math.max(0, startMs + ((n + perTick) / perTick) * tickMs - performance.now()));
    }
    await watching;
    const seconds = (performance.now() - startMs) / 1_000;
    delays.sort((a, b) => a - b);
    t.diagnostic(
      `${Math.round(entries / seconds)} entries/s for ${seconds.toFixed(1)} s; taken meanwhile ${taken.length}; cutbacks ${client.counters.cutbacks}; the other stream's delay p50 ${delays[Math.floor(delays.length / 2)]?.toFixed(1)} ms, p99 ${delays[Math.floor(delays.length * 0.99)]?.toFixed(1)} ms`,
    );
    assert.ok(taken.length < entries / 2, "the iterator was not slow");
    assert.ok(client.counters.cutbacks >= 1, "the queue never reached its limit");
    // What the server has sent and the application has not taken is bounded, whatever was published.
    const sent = server.hub.counters.deliveries - delays.length;
    assert.ok(sent - taken.length < 3_000, `${sent - taken.length} entries between server and application`);
    fast = true;
    await reading;
    assert.deepEqual(
      taken,
      Array.from({ length: entries }, (_, n) => n),
    );
    assert.equal(slow.counters.gaps, 0);
    await client.close();
    await server.close();
  });
});
