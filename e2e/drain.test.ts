/**
 * A node that is left under load, behind a real balancer: its links and its keep-alive clients move to the other node, and nobody notices.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Child } from "../bench/lib/child.ts";
import { needs } from "../scripts/test-support/needs.ts";
import type { KeepAliveClientsCalls } from "./processes/keep-alive-clients.ts";
import type { ManyFollowersCalls } from "./processes/many-followers.ts";
import type { TwoNodesCalls } from "./processes/two-nodes.ts";
import { until } from "./support/processes.ts";
import { tcpBalancer } from "./support/tcp-balancer.ts";

const links = 2_000;
const keepAliveClients = 500;
const admissionPerSecond = 400;
/** Opened at a time: all at once they would be told to come later. */
const batch = 100;

const path = (name: string): string => fileURLToPath(new URL(`./processes/${name}.ts`, import.meta.url));

test(`a node with ${links} links and ${keepAliveClients} keep-alive clients leaves under load: no request fails, no entry is missed, and the other node is not overrun`, {
  skip: needs("haproxy"),
  timeout: 150_000,
}, async () => {
  const nodes = new Child<TwoNodesCalls>(path("two-nodes"));
  const followers = new Child<ManyFollowersCalls>(path("many-followers"));
  const clients = new Child<KeepAliveClientsCalls>(path("keep-alive-clients"));
  const ports = await nodes.call("open", { options: { admissionPerSecond, drainMs: 20_000, linksMax: 5_000 }, everyMs: 100 });
  const balancer = await tcpBalancer(ports, 8_000, "/readyz");
  const { port } = balancer;
  try {
    await until("the balancer leads to the first node", async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.ok === true, 10_000);
    for (let opened = batch; opened <= links; opened += batch) {
      await followers.call("open", { url: `http://127.0.0.1:${port}`, count: batch });
      await until(`${opened} links are at the first node`, async () => (await nodes.call("links"))[0] === opened, 30_000);
    }
    await clients.call("open", { port, count: keepAliveClients, pauseMs: 1_000 });
    await until("the pools are warm", async () => (await clients.call("counts")).reused > keepAliveClients, 30_000);

    await nodes.call("drain");

    await until("all links are at the second node", async () => (await nodes.call("links"))[1] === links, 30_000);
    const { failed, faults, answered } = await clients.call("stop");
    const published = await nodes.call("stopPublishing");
    await until("all have all", async () => (await followers.call("slowest")) === published - 1, 30_000).catch(async (late: unknown) => {
      throw new Error(JSON.stringify(await followers.call("behind")), { cause: late });
    });
    const peak = await nodes.call("peakPerSecond");
    console.log(`${answered} requests, ${published} entries to ${links} followers; at most ${peak} links a second, ${admissionPerSecond} allowed`);
    assert.deepEqual([failed, faults], [0, []]);
    assert.deepEqual(await followers.call("faults"), []);
    assert.equal(await nodes.call("gaps"), 0);
    assert.ok(peak <= admissionPerSecond, `${peak} links came in one second`);
  } finally {
    await balancer[Symbol.asyncDispose]();
    await Promise.all([nodes.stop(), followers.stop(), clients.stop()]);
  }
});
