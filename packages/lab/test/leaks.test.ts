/** The proxy leaves nothing behind: no socket, no timer, no port, no descriptor. In a file of its own, so that no other test's rest counts. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Connection, latency, openProxy, reset } from "../src/index.ts";
import { Peer, Target, until } from "./support.ts";

/** What keeps this process alive, by kind, and its open descriptors (Linux). */
function holdings(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (/^(TCP|Timeout|Immediate|FSReq)/.test(kind)) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  if (process.platform === "linux") counts["descriptors"] = readdirSync("/proc/self/fd").length;
  return counts;
}

/** Holdings before a test: once handles that were closed a moment ago have left the event loop. */
async function atStart(): Promise<Record<string, number>> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  return holdings();
}

/** Holdings come back to `before`; the difference is shown if they do not. The wait's own timer is not running while it looks. */
async function settlesAt(before: Record<string, number>): Promise<void> {
  await until("return to the start", () => isDeepStrictEqual(holdings(), before)).catch(() => assert.deepEqual(holdings(), before));
}

test("a proxy closed in the midst of everything leaves no socket, timer or port", async (t) => {
  const before = await atStart();
  const target = new Target();
  await target.listen();
  const proxy = await openProxy({ target: { host: "127.0.0.1", port: target.port } });
  t.after(() => Promise.all([proxy.close(), target.close()]));
  proxy.add(latency({ delayMs: 60_000, jitterMs: 10 }));
  proxy.add(reset({ afterMs: 60_000 }));
  const clients = Array.from({ length: 20 }, () => new Peer(connect(proxy.port, "127.0.0.1")));
  for (const client of clients) client.send("held");
  await until("all open", () => proxy.counters.opened === 20);
  proxy.hang(true);
  clients.push(new Peer(connect(proxy.port, "127.0.0.1")));
  await until("one parked", () => proxy.connections.length === 21);
  await proxy.refuse(true);
  assert.ok((holdings()["Timeout"] ?? 0) >= 40, "the faults' timers are not seen, so their end would not be either");
  await proxy.close();
  for (const client of clients) client.socket.destroy();
  await target.close();
  await settlesAt(before);
});

test("1000 connections, closed by FIN, by RST and by the lab, leave nothing", async (t) => {
  const before = await atStart();
  const target = new Target();
  await target.listen();
  const proxy = await openProxy({ target: { host: "127.0.0.1", port: target.port }, seed: 5 });
  t.after(() => Promise.all([proxy.close(), target.close()]));
  proxy.add(latency({ delayMs: 1 }), { probability: 0.5 });
  proxy.add(reset({ afterBytes: 3 }), { probability: 0.25 });
  for (let batch = 0; batch < 10; batch++) {
    const clients = Array.from({ length: 100 }, () => new Peer(connect(proxy.port, "127.0.0.1")));
    for (const client of clients) client.send("hello");
    await until("all open", () => proxy.counters.opened === (batch + 1) * 100);
    for (const [i, client] of clients.entries()) {
      if (i % 3 === 0) client.socket.end();
      if (i % 3 === 1) client.socket.resetAndDestroy();
    }
    for (const connection of proxy.connections) if (connection.id % 3 === 0) connection.reset();
    for (const peer of target.peers) peer.socket.end();
    for (const client of clients) client.socket.end();
    await until("all closed", () => proxy.counters.closed === (batch + 1) * 100);
  }
  assert.deepEqual(proxy.connections, []);
  assert.deepEqual([proxy.counters.accepted, proxy.counters.closed], [1000, 1000]);
  await proxy.close();
  await target.close();
  await settlesAt(before);
});

test("a closed connection is not kept in memory by the faults that were on it", async (t) => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const target = new Target();
  await target.listen();
  const proxy = await openProxy({ target: { host: "127.0.0.1", port: target.port } });
  t.after(() => Promise.all([proxy.close(), target.close()]));
  const handle = proxy.add(latency({ delayMs: 0 }));
  const open = async (): Promise<WeakRef<Connection>> => {
    const next = proxy.nextConnection();
    const client = new Peer(connect(proxy.port, "127.0.0.1"));
    const connection = await next;
    client.socket.resetAndDestroy();
    await connection.closed;
    return new WeakRef(connection);
  };
  const closed = await open();
  await until("collection", () => {
    collect();
    return closed.deref() === undefined;
  });
  await handle.remove();
});

test("an opening that fails leaves nothing", async (t) => {
  const target = new Target();
  await target.listen();
  t.after(() => target.close());
  const before = await atStart();
  await assert.rejects(openProxy({ target: { host: "127.0.0.1", port: 1 }, port: target.port }), { code: "EADDRINUSE" });
  await settlesAt(before);
});
