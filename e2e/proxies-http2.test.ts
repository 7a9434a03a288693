/**
 * Links over HTTP/2 through real nginx and HAProxy with the configurations that ship: TLS and ALPN in front, HTTP/2 without TLS to Holdfast.
 * Both ways at once, while the proxy is reloaded, beside WebSockets on the same port; and a proxy that keeps request bodies back is named
 * by another transport that takes over.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import type { Client } from "@holdfast/client";
import { connect, Sessions } from "@holdfast/client/node";
import { createServer, type Engine, type HoldfastServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { certificates } from "../scripts/test-support/certificates.ts";
import { needs } from "../scripts/test-support/needs.ts";
import { until } from "./support/processes.ts";
import { openProxyServer, proxyVersion } from "./support/proxies.ts";

const encoder = new TextEncoder();
const needed = (name: "nginx" | "haproxy"): string | false => needs(name) || needs("openssl");

/** nginx tells a server nothing of a client that is gone until it has something to write to it. */
const vanished = {
  nginx: { when: "at the next beat", heartbeatMs: 1_000 },
  haproxy: { when: "as well", heartbeatMs: 60_000 },
} as const;

interface Following {
  readonly client: Client;
  readonly seen: number[];
  readonly done: Promise<void>;
}

describe("links over HTTP/2 through the proxies that people run", { skip: needs("openssl") }, () => {
  const folder = certificates();
  after(() => folder[Symbol.dispose]());
  const certificate = folder.make("proxy");
  const newSessions = (): Sessions => new Sessions({}, { ca: readFileSync(certificate.certFile) });

  async function listening(heartbeatMs = 1_000): Promise<{ server: HoldfastServer; engine: Engine; port: number }> {
    const engine = memoryEngine({ env: nodeEnv });
    const server = createServer({ engine, options: { port: 0, drainMs: 1, heartbeatMs } });
    return { server, engine, port: (await server.listen()).port };
  }

  function follow(url: string, sessions: Sessions, transports = ["h2"]): Following {
    const client = connect(url, { transports, sessions });
    const seen: number[] = [];
    const done = (async () => {
      for await (const entry of client.stream("s", { from: "first", onGap: (gap) => assert.fail(`gap ${gap.reason}`) })) seen.push(entry.data as number);
    })().catch((error: { code?: string }) => assert.equal(error.code, "closed_by_user"));
    return { client, seen, done };
  }

  for (const name of ["nginx", "haproxy"] as const) {
    it(`${name}: reads and publishes both ways, also while it is reloaded`, { skip: needed(name) }, async (t) => {
      const { server, engine, port } = await listening();
      await using proxy = await openProxyServer(name, { port, certificate });
      const sessions = newSessions();
      const readers = Array.from({ length: 4 }, () => follow(proxy.url, sessions));
      const publisher = connect(proxy.url, { transports: ["h2"], sessions });
      try {
        for (const { client } of readers) await until("is live", async () => client.status.getSnapshot().state === "live", 8_000);
        assert.equal(sessions.size, 1);
        assert.deepEqual(server.stats().linksByTransport, { h2: 4 });
        let count = 0;
        let entries = 0;
        const beganMs = performance.now();
        const reloads = [600, 1_500];
        while (performance.now() - beganMs < 3_000) {
          const payload = encoder.encode(String(entries++));
          assert.ok((await server.hub.append({ stream: "s", entries: [{ format: "json", payload }] })).ok);
          if (entries % 5 === 0) void publisher.publish("p", count++).catch((error: unknown) => assert.fail(String(error)));
          if (performance.now() - beganMs > (reloads[0] ?? Infinity)) {
            reloads.shift();
            await proxy.reload();
          }
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        assert.equal(reloads.length, 0);
        await publisher.flush();
        const expected = Array.from({ length: entries }, (_, i) => i);
        for (const { seen } of readers) {
          await until("has everything", async () => seen.length >= entries, 15_000);
          assert.deepEqual(seen, expected);
        }
        const log = await engine.read("p", { from: { afterSeq: 0 }, entriesMax: 10_000, bytesMax: 1e7 });
        assert.deepEqual(
          log.entries.map(({ payload }) => Number(new TextDecoder().decode(payload))),
          Array.from({ length: count }, (_, i) => i),
          "each publish is in the log once, in order",
        );
        const links = readers.map(({ client }) => client.counters.links).join(", ");
        t.diagnostic(`${proxyVersion(name)}: ${entries} entries to each, ${count} published; links: ${links}; sessions ${sessions.counters.opened}`);
      } finally {
        for (const { client } of readers) await client.close({ drainMs: 0 });
        await publisher.close({ drainMs: 0 });
        for (const { done } of readers) await done;
        sessions.close();
        await server.close();
      }
    });

    it(`${name}: who leaves in good order has left Holdfast at once, who does not ${vanished[name].when}; WebSockets pass on the same port`, {
      skip: needed(name),
    }, async () => {
      const { server, port } = await listening(vanished[name].heartbeatMs);
      await using proxy = await openProxyServer(name, { port, certificate });
      const sessions = newSessions();
      try {
        const kind = follow(proxy.url, sessions);
        const rude = follow(proxy.url, sessions);
        await until("both are there", async () => server.stats().linksByTransport["h2"] === 2, 8_000);
        await kind.client.close({ drainMs: 0 });
        await until("one has left", async () => server.stats().links === 1, 3_000);
        sessions.close();
        // It comes back nowhere: its sessions are closed.
        await until("the other has left", async () => server.stats().links === 0, 3_000);
        await rude.client.close({ drainMs: 0 });
        await Promise.all([kind.done, rude.done]);
        const upgrade = await fetchUpgrade(proxy.url, certificate.certFile);
        assert.equal(upgrade, 101);
      } finally {
        sessions.close();
        await server.close();
      }
    });
  }

  it("nginx that keeps request bodies back, or speaks no HTTP/2 in front: another transport takes over, and the status says why", {
    skip: needed("nginx"),
  }, async (t) => {
    const { server, port } = await listening();
    const edit = (text: string): string => text.replace(" ssl http2;", " http2;").replace("grpc_pass grpc://holdfast_http2;", "proxy_pass http://holdfast;");
    await using keeping = await openProxyServer("nginx", { port, certificate, edit });
    await using plain = await openProxyServer("nginx", { port });
    const sessions = newSessions();
    // Without TLS, where this nginx speaks HTTP/2 alone, the only other way is a second address.
    const cases = [
      [keeping.url.replace("https", "http"), ["h2"], "handshake_timeout"],
      [plain.url, ["h2", "websocket"], "connect_failed"],
    ] as const;
    for (const [url, transports, code] of cases) {
      const client = connect(url, { transports, sessions, dialTimeoutMs: 1_000, handshakeTimeoutMs: 1_000 });
      const stream = client.stream("s");
      try {
        await until("it is said", async () => client.status.getSnapshot().code === code, 10_000);
        if (transports.length > 1) await until("another is live", async () => client.status.getSnapshot().state === "live", 10_000);
        const { state, transport, reason } = client.status.getSnapshot();
        t.diagnostic(`${state} over ${transport}: ${code} (${reason})`);
        assert.equal(transport, transports[1] ?? null);
      } finally {
        await client.close({ drainMs: 0 });
        await stream.next().catch(() => {});
      }
    }
    sessions.close();
    await server.close();
  });
});

/** The status of a WebSocket's upgrade. */
async function fetchUpgrade(url: string, caFile: string): Promise<number> {
  const { request } = await import("node:https");
  const headers = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4PEA==" };
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/v1/link`, { ca: readFileSync(caFile), headers: { ...headers, "Sec-WebSocket-Protocol": "holdfast.v1" }, agent: false });
    asked.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve(response.statusCode ?? 0);
    });
    asked.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on("error", reject);
    asked.end();
  });
}
