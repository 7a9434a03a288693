/**
 * A server in a process of its own, with what a test may ask of it: publish, measure its timers, tell its memory.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer, type HoldfastServer, nodeEnv, type ServerOptions } from "@holdfast/server";
import { memoryEngine, sqliteEngine } from "@holdfast/server/engines";
import { answerCalls } from "../../bench/lib/child.ts";

const encoder = new TextEncoder();
let server: HoldfastServer | null = null;

function running(): HoldfastServer {
  if (server === null) throw new Error("open first");
  return server;
}

async function append(stream: string, payload: Uint8Array): Promise<void> {
  const result = await running().hub.append({ stream, entries: [{ format: "json", payload }] });
  if (!result.ok) throw new Error(`append refused: ${result.code}`);
}

/** How late a timer of 5 ms is, while `work` runs. */
async function latenessDuring(work: () => Promise<void>): Promise<number[]> {
  const late: number[] = [];
  let dueMs = performance.now() + 5;
  let timer = setTimeout(function tick() {
    late.push(performance.now() - dueMs);
    dueMs = performance.now() + 5;
    timer = setTimeout(tick, 5);
  }, 5);
  await work();
  clearTimeout(timer);
  return late.sort((a, b) => a - b);
}

const calls = {
  open: async (given: { readonly options?: Partial<ServerOptions>; readonly directory?: string }) => {
    const engine =
      given.directory === undefined
        ? memoryEngine({ env: nodeEnv })
        : sqliteEngine({ env: nodeEnv, path: join(given.directory, "holdfast.db"), options: { retentionBytesMax: 1_073_741_824 } });
    server = createServer({ engine, options: { port: 0, drainMs: 1, admissionPerSecond: 100_000, ...given.options } });
    return (await server.listen()).port;
  },
  /** Publishes `count` entries of about `bytes` bytes, one each `everyMs`; 0 publishes without a pause. */
  publish: async ({ stream, count, bytes, everyMs }: { readonly stream: string; readonly count: number; readonly bytes: number; readonly everyMs: number }) => {
    const startMs = performance.now();
    const payload = (n: number): Uint8Array => encoder.encode(JSON.stringify({ n, x: "x".repeat(bytes) }));
    if (everyMs === 0) {
      for (let i = 0; i < count; i += 64) await Promise.all(Array.from({ length: Math.min(64, count - i) }, (_, k) => append(stream, payload(i + k))));
      return;
    }
    for (let i = 0; i < count; i++) {
      await append(stream, payload(i));
      await sleep(Math.max(0, startMs + (i + 1) * everyMs - performance.now()));
    }
  },
  publishTimed: async (given: { readonly stream: string; readonly count: number; readonly everyMs: number }) =>
    latenessDuring(() => calls.publish({ ...given, bytes: 100 })),
  links: () => running().stats().links,
  deliveries: () => running().hub.counters.deliveries,
  memory: () => {
    globalThis.gc?.();
    return { rssBytes: process.memoryUsage.rss(), heapBytes: process.memoryUsage().heapUsed };
  },
};

export type ServerCalls = typeof calls;
answerCalls(calls, () => server?.close());
