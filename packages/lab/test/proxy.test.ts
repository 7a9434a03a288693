/** The proxy as a place: dials refused, hanging, failing, carried elsewhere; what it counts; that it leaves nothing behind. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { blackHole, latency, openProxy } from "../src/index.ts";
import { bench, elapse, Peer, Target, until } from "./support.ts";

test("refuse makes the kernel refuse dials, leaves live connections alone, and is lifted on the same port", async (t) => {
  const { proxy, pair, dial } = await bench(t);
  const { client, server } = await pair();
  const { port } = proxy;
  for (let round = 0; round < 3; round++) {
    await proxy.refuse(true);
    await proxy.refuse(true);
    const refused = dial();
    await until("refusal", () => refused.closed);
    assert.equal(refused.errorCode, "ECONNREFUSED");
    client.send("still");
    await server.receives(5 * (round + 1));
    await proxy.refuse(false);
    assert.equal(proxy.port, port);
    const again = await pair();
    again.client.send("again");
    await again.server.receives(5);
  }
});

test("a refusing proxy keeps its port taken, by a socket connected to itself", { skip: process.platform !== "linux" }, async (t) => {
  const { proxy } = await bench(t);
  const port = proxy.port.toString(16).toUpperCase().padStart(4, "0");
  const established = new RegExp(`0100007F:${port} 0100007F:${port} 01 `);
  await proxy.refuse(true);
  assert.match(readFileSync("/proc/net/tcp", "latin1"), established);
  await proxy.refuse(false);
  assert.doesNotMatch(readFileSync("/proc/net/tcp", "latin1"), established);
});

test("hang accepts dials and does nothing more, until it is lifted", async (t) => {
  const { proxy, target, dial } = await bench(t);
  proxy.hang(true);
  const waiting = dial();
  const leaving = dial();
  waiting.send("early");
  await until("two parked", () => proxy.connections.filter((connection) => connection.state === "parked").length === 2);
  leaving.socket.destroy();
  await until("one parked", () => proxy.connections.length === 1);
  await elapse(100);
  assert.equal(waiting.untouched, true);
  assert.equal(target.peers.length, 0);
  proxy.hang(false);
  await until("connection at the target", () => target.peers.length === 1);
  assert.equal(String(await (target.peers[0] as Peer).receives(5)), "early");
  assert.deepEqual({ ...proxy.counters }, { accepted: 2, opened: 1, closed: 1, dialsFailed: 0, overLimit: 0, acceptsFailed: 0 });
});

test("a target that is gone costs the client an RST, and setTarget leads new dials elsewhere", async (t) => {
  const { proxy, target, pair, dial } = await bench(t);
  const old = await pair();
  await new Promise((resolve) => {
    target.server.close();
    setImmediate(resolve);
  });
  const lost = dial();
  await until("RST", () => lost.closed);
  assert.equal(lost.errorCode, "ECONNRESET");
  assert.equal(proxy.counters.dialsFailed, 1);

  const moved = new Target();
  await moved.listen();
  t.after(() => moved.close());
  proxy.setTarget({ host: "127.0.0.1", port: moved.port });
  const next = dial();
  next.send("hello");
  await until("connection at the new target", () => moved.peers.length === 1);
  await (moved.peers[0] as Peer).receives(5);
  old.client.send("old");
  await old.server.receives(3);
});

test("connections beyond the limit are reset and counted", async (t) => {
  const { proxy, pair, dial } = await bench(t, { connectionsMax: 2 });
  await pair();
  const { client } = await pair();
  const third = dial();
  await until("RST", () => third.closed);
  assert.equal(third.errorCode, "ECONNRESET");
  assert.equal(proxy.counters.overLimit, 1);
  client.socket.resetAndDestroy();
  await until("room", () => proxy.connections.length === 1);
  await pair();
});

test("nextConnection waits for the next one, and onConnection comes before its first byte", async (t) => {
  const { proxy, dial } = await bench(t);
  const seen: number[] = [];
  const stop = proxy.onConnection((connection) => {
    seen.push(connection.id, connection.toServer.deliveredBytes);
    connection.add(blackHole(), { direction: "to-server" });
  });
  const next = proxy.nextConnection();
  const client = dial();
  client.send("lost");
  const connection = await next;
  await until("loss", () => connection.toServer.droppedBytes === 4);
  assert.deepEqual(seen, [1, 0]);
  assert.equal(connection.client.port, client.socket.localPort);
  stop();
  dial();
  await until("second", () => proxy.counters.opened === 2);
  assert.equal(seen.length, 2);
});

test("url names the proxy for any scheme", async (t) => {
  const { proxy } = await bench(t);
  assert.equal(proxy.url(), `http://127.0.0.1:${proxy.port}/`);
  assert.equal(proxy.url("/v1?x=1", "ws"), `ws://127.0.0.1:${proxy.port}/v1?x=1`);
  await using six = await openProxy({ host: "::1", target: { host: "::1", port: proxy.port } });
  assert.equal(six.url(), `http://[::1]:${six.port}/`);
});

test("IPv6 works on both sides, refusal included", async (t) => {
  const target = new Target();
  await new Promise<void>((resolve) => target.server.listen({ port: 0, host: "::1" }, resolve));
  t.after(() => target.close());
  const { port } = target.server.address() as { port: number };
  await using proxy = await openProxy({ host: "::1", target: { host: "::1", port } });
  const client = new Peer(connect({ host: "::1", port: proxy.port }));
  client.send("six");
  await until("connection", () => target.peers.length === 1);
  await (target.peers[0] as Peer).receives(3);
  await proxy.refuse(true);
  const refused = new Peer(connect({ host: "::1", port: proxy.port }));
  await until("refusal", () => refused.closed);
  assert.equal(refused.errorCode, "ECONNREFUSED");
  client.socket.destroy();
});

test("options out of range are refused by name", async () => {
  const target = { host: "127.0.0.1", port: 1 };
  await assert.rejects(openProxy({ target: { host: "x", port: 0 } }), /`target\.port`/);
  await assert.rejects(openProxy({ target, bufferBytesMax: 0 }), /`bufferBytesMax`/);
  await assert.rejects(openProxy({ target, seed: -1 }), /`seed`/);
});

test("a port that is taken rejects the opening with the system's error", async (t) => {
  const { target } = await bench(t);
  await assert.rejects(openProxy({ target: { host: "127.0.0.1", port: 1 }, port: target.port }), { code: "EADDRINUSE" });
});

test("close ends what waits, and twice is once", async (t) => {
  const { proxy, pair } = await bench(t);
  const { client, server, connection } = await pair();
  const handle = proxy.add(latency({ delayMs: 60_000 }));
  client.send("never");
  await handle.untilStruck();
  const next = proxy.nextConnection();
  const struck = handle.untilStruck(9);
  await Promise.all([proxy.close(), proxy.close()]);
  assert.equal(await connection.closed, "proxy-closed");
  await assert.rejects(next, { code: "closed" });
  await assert.rejects(struck, { code: "closed" });
  await assert.rejects(proxy.nextConnection(), { code: "closed" });
  assert.throws(() => proxy.add(latency({ delayMs: 1 })), { code: "closed" });
  await until("both told", () => client.ended && server.ended);
  assert.equal(server.byteCount, 0);
});
