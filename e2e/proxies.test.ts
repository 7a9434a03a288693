/**
 * Through real nginx, HAProxy and Caddy with the configurations that ship (docs/proxies): every transport, the proxy reloaded under load,
 * nothing lost, doubled or put out of order. And a proxy that holds event streams back: the client says so and polls within 10 s.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Client, connect } from "@holdfast/client";
import { createServer, type Engine, type HoldfastServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { needs } from "../scripts/test-support/needs.ts";
import { until } from "./support/processes.ts";
import { openProxyServer, proxyNames, proxyVersion } from "./support/proxies.ts";

const transports = ["websocket", "sse", "poll"] as const;
const encoder = new TextEncoder();

async function listening(heartbeatMs = 1_000): Promise<{ server: HoldfastServer; engine: Engine; port: number }> {
  const engine = memoryEngine({ env: nodeEnv });
  const server = createServer({ engine, options: { port: 0, drainMs: 1, heartbeatMs } });
  return { server, engine, port: (await server.listen()).port };
}

/** A client of one transport that follows `s`, with what it saw. */
function follow(url: string, transport: string): { client: Client; seen: number[]; done: Promise<void> } {
  const client = connect(url, { transports: [transport] });
  const seen: number[] = [];
  const done = (async () => {
    for await (const entry of client.stream("s", { from: "first", onGap: (gap) => assert.fail(`gap ${gap.reason}`) })) seen.push(entry.data as number);
  })().catch((error: { code?: string }) => assert.equal(error.code, "closed_by_user"));
  return { client, seen, done };
}

describe("through the proxies that people run, as configured in docs/proxies", () => {
  for (const name of proxyNames) {
    it(`${name}: every transport reads and publishes, also while it is reloaded`, { skip: needs(name) }, async (t) => {
      const { server, engine, port } = await listening();
      await using proxy = await openProxyServer(name, { port });
      const readers = transports.map((transport) => follow(proxy.url, transport));
      const publishers = transports.map((transport) => connect(proxy.url, { transports: [transport] }));
      try {
        for (const [i, { client }] of readers.entries()) {
          await until(`${transports[i]} is live`, async () => client.status.getSnapshot().state === "live", 8_000);
          assert.equal(client.status.getSnapshot().transport, transports[i]);
        }
        let count = 0;
        const publish = (): void => {
          for (const client of publishers) void client.publish("p", count++).catch((error: unknown) => assert.fail(String(error)));
        };
        let entries = 0;
        const beganMs = performance.now();
        const reloads = [800, 2_000];
        while (performance.now() - beganMs < 3_500) {
          const appended = await server.hub.append({ stream: "s", entries: [{ format: "json", payload: encoder.encode(String(entries++)) }] });
          assert.ok(appended.ok);
          if (entries % 5 === 0) publish();
          if (performance.now() - beganMs > (reloads[0] ?? Infinity)) {
            reloads.shift();
            await proxy.reload();
          }
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        assert.equal(reloads.length, 0);
        await Promise.all(publishers.map((client) => client.flush()));
        const expected = Array.from({ length: entries }, (_, i) => i);
        for (const [i, { seen }] of readers.entries()) {
          await until(`${transports[i]} has everything`, async () => seen.length >= entries, 15_000);
          assert.deepEqual(seen, expected, `${transports[i]} through ${name}`);
        }
        const log = await engine.read("p", { from: { afterSeq: 0 }, entriesMax: 10_000, bytesMax: 1e7 });
        const published = log.entries.map(({ payload }) => Number(new TextDecoder().decode(payload)));
        assert.equal(published.length, count, "each publish is in the log once");
        assert.equal(new Set(published).size, count);
        const links = readers.map(({ client }, i) => `${transports[i]} ${client.counters.links}`).join(", ");
        t.diagnostic(`${proxyVersion(name)}: ${entries} entries to each, ${count} published; links: ${links}`);
      } finally {
        for (const { client } of readers) await client.close({ drainMs: 0 });
        for (const client of publishers) await client.close({ drainMs: 0 });
        for (const { done } of readers) await done;
        await server.close();
      }
    });
  }

  for (const name of proxyNames) {
    it(`${name}: who leaves in the middle of a response has left Holdfast at once, not when the next beat finds nobody`, { skip: needs(name) }, async () => {
      const { server, port } = await listening(60_000);
      await using proxy = await openProxyServer(name, { port });
      const lines = ['{"type":"hello","protocol":1}', '{"type":"subscribe","id":1,"stream":"s","from":"now"}'].join("\n");
      const posted = { method: "POST", body: lines };
      try {
        for (const [path, request] of [["sse?stream=s"], ["sse", posted], ["poll", posted]] as const) {
          const leave = new AbortController();
          const response = await fetch(`${proxy.url}/v1/${path}`, { ...request, signal: leave.signal });
          await response.body?.getReader().read();
          assert.equal(server.stats().links, 1, path);
          leave.abort();
          await until(`${path} has left`, async () => server.stats().links === 0, 3_000);
        }
      } finally {
        await server.close();
      }
    });
  }

  it("nginx that buffers event streams and knows no upgrade: named, and polled around, within 10 s", { skip: needs("nginx") }, async (t) => {
    const { server, port } = await listening();
    const edit = (text: string): string =>
      text
        .replaceAll("proxy_buffering off;", "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;")
        .replaceAll("proxy_http_version 1.1;", "") // Its default, 1.0: what is not chunked waits for a full buffer.
        .replaceAll("proxy_set_header Upgrade $http_upgrade;", "")
        .replaceAll("proxy_set_header Connection $holdfast_connection;", 'proxy_set_header Connection "";');
    await using proxy = await openProxyServer("nginx", { port, edit });
    const client = connect(proxy.url);
    const seen: number[] = [];
    const beganMs = performance.now();
    const done = (async () => {
      for await (const entry of client.stream("s", { from: "first" })) seen.push(entry.data as number);
    })().catch((error: { code?: string }) => assert.equal(error.code, "closed_by_user"));
    try {
      await server.hub.append({ stream: "s", entries: [{ format: "json", payload: encoder.encode("1") }] });
      await until("the entry arrives", async () => seen.length === 1, 12_000);
      const tookMs = performance.now() - beganMs;
      const { state, transport, code, reason } = client.status.getSnapshot();
      t.diagnostic(`after ${(tookMs / 1000).toFixed(1)} s: ${state} over ${transport} (${code}: ${reason})`);
      assert.deepEqual([state, transport, code], ["live", "poll", "response_buffered"]);
      assert.ok(tookMs < 10_000, `took ${tookMs} ms`);
    } finally {
      await client.close({ drainMs: 0 });
      await done;
      await server.close();
    }
  });
});
