/**
 * gRPC through real nginx (`grpc_pass`) and HAProxy (`proto h2`) with the configurations of docs/proxies: links that resume through reloads,
 * and heartbeats that keep a quiet call alive where the proxy's timer is shorter than the silence between entries.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect, Sessions } from "@holdfast/client/node";
import { createServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { needs } from "../scripts/test-support/needs.ts";
import { until } from "./support/processes.ts";
import { openProxyServer } from "./support/proxies.ts";
import { type PythonGrpc, pythonGrpc } from "./support/python-grpc.ts";

const proxies = [
  {
    name: "nginx",
    file: "nginx-grpc.conf",
    short: (text: string) => text.replace("grpc_read_timeout 60s", "grpc_read_timeout 3s").replace("client_body_timeout 60s", "client_body_timeout 3s"),
  },
  {
    name: "haproxy",
    file: "haproxy-grpc.cfg",
    short: (text: string) => text.replace("timeout server 60s", "timeout server 3s").replace("timeout client 60s", "timeout client 3s"),
  },
] as const;

describe("gRPC through a proxy", { skip: needs("nginx", "haproxy", "pythonGrpc", "protoc"), concurrency: 2 }, () => {
  let python: PythonGrpc;
  before(() => {
    python = pythonGrpc();
  });
  after(() => python[Symbol.dispose]());

  for (const { name, file, short } of proxies) {
    it(`${name}: a call that is quiet for longer than its timer lives by heartbeats, and links go through a reload without a loss`, async (t) => {
      const server = createServer({ engine: memoryEngine({ env: nodeEnv }), options: { port: 0, heartbeatMs: 1_000, drainMs: 2_000 } });
      const { port } = await server.listen();
      await using proxy = await openProxyServer(name, { port, file, edit: short });
      const sessions = new Sessions();
      const client = connect(proxy.url, { transports: ["grpc"], sessions, backoffBaseMs: 50, backoffCapMs: 500 });
      const seen: unknown[] = [];
      const done = (async () => {
        for await (const { data } of client.stream("through", { from: "first", onGap: (gap) => assert.fail(gap.reason) })) seen.push(data);
      })().catch((error: { code?: string }) => assert.equal(error.code, "closed_by_user"));
      const last = 29;
      const foreign = python.run("follow", new URL(proxy.url).host, "through", String(last));
      try {
        await until("the client is live", async () => client.status.getSnapshot().state === "live", 15_000);
        const { links } = client.counters;
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        assert.equal(client.counters.links, links, "a quiet link was cut");
        for (let n = 0; n <= last; n++) {
          if (n === 10) await proxy.reload();
          await client.publish("through", n);
        }
        assert.equal(await foreign.ended, 0);
        await until("all are read", async () => seen.length > last, 15_000);
        const expected = Array.from({ length: last + 1 }, (_, i) => i);
        assert.deepEqual(seen, expected);
        assert.deepEqual(
          foreign.said.slice(0, -1).map(([, value]) => value),
          expected,
        );
        t.diagnostic(`${client.counters.links} links of ours, ${String(foreign.said.at(-1)?.[1])} calls of Python`);
      } finally {
        await client.close({ drainMs: 0 });
        await done;
        sessions.close();
        await server.close();
      }
    });
  }
});
