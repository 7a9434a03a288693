/** Faults that only shape: latency, bandwidth, slicer, pass. Every byte arrives, in order, at its time and in its size. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { bandwidth, createRandom, latency, pass, slicer } from "../src/index.ts";
import { bench, elapse, ManualClock, until } from "./support.ts";

test("latency delays each chunk by its own arrival, without adding up", async (t) => {
  const clock = new ManualClock();
  const { proxy, pair } = await bench(t, { env: { clock } });
  proxy.add(latency({ delayMs: 100 }), { direction: "to-server" });
  const { client, server, connection } = await pair();
  for (let i = 1; i <= 10; i++) {
    client.send("x");
    await until("byte in the proxy", () => connection.toServer.receivedBytes === i);
    await clock.advance(5);
  }
  await clock.advance(49);
  await elapse(30);
  assert.equal(server.byteCount, 0);
  for (let i = 1; i <= 10; i++) {
    await clock.advance(1);
    await server.receives(i);
    await clock.advance(4);
    await elapse(5);
    assert.equal(server.byteCount, i);
  }
  server.send("free");
  await client.receives(4);
});

test("latency delays FIN and RST too", async (t) => {
  const clock = new ManualClock();
  const { proxy, pair } = await bench(t, { env: { clock } });
  const handle = proxy.add(latency({ delayMs: 100 }));
  const fin = await pair();
  const rst = await pair();
  fin.client.socket.end();
  rst.server.socket.resetAndDestroy();
  await handle.untilStruck(2);
  await clock.advance(99);
  await elapse(50);
  assert.deepEqual([fin.server.untouched, rst.client.untouched], [true, true]);
  await clock.advance(1);
  await until("FIN and RST", () => fin.server.ended && rst.client.errorCode === "ECONNRESET");
});

test("two latencies add, as two hops do", async (t) => {
  const clock = new ManualClock();
  const { proxy, pair } = await bench(t, { env: { clock } });
  proxy.add(latency({ delayMs: 100 }));
  proxy.add(latency({ delayMs: 50 }));
  const { client, server, connection } = await pair();
  client.send("x");
  await until("byte in the proxy", () => connection.toServer.receivedBytes === 1);
  await clock.advance(149);
  await elapse(30);
  assert.equal(server.byteCount, 0);
  await clock.advance(1);
  await server.receives(1);
});

test("jitter stays in its range, keeps the order and follows the seed", async (t) => {
  const arrivals = async (seed: number): Promise<number[]> => {
    const clock = new ManualClock();
    const { proxy, pair } = await bench(t, { env: { clock }, seed });
    const handle = proxy.add(latency({ delayMs: 20, jitterMs: 40 }), { direction: "to-server" });
    const { client, server, connection } = await pair();
    const startMs = clock.nowMs;
    for (let i = 0; i < 12; i++) {
      client.send(Uint8Array.of(i));
      await until("byte in the proxy", () => connection.toServer.receivedBytes === i + 1);
    }
    await handle.untilStruck();
    const times: number[] = [];
    while (times.length < 12) {
      await clock.advance(1);
      while (times.length < connection.toServer.deliveredBytes) times.push(clock.nowMs - startMs);
      assert.ok(clock.nowMs - startMs < 200);
    }
    assert.deepEqual(
      [...(await server.receives(12))],
      Array.from({ length: 12 }, (_, i) => i),
    );
    return times;
  };
  const first = await arrivals(1);
  assert.ok(Math.min(...first) >= 20 && Math.max(...first) <= 61, `arrivals ${first}`);
  assert.ok(new Set(first).size > 1, `no jitter in ${first}`);
  assert.deepEqual(await arrivals(1), first);
  assert.notDeepEqual(await arrivals(2), first);
});

test("latency on the real clock is never early", async (t) => {
  const { proxy, pair } = await bench(t);
  proxy.add(latency({ delayMs: 30 }));
  const { client, server } = await pair();
  for (let i = 1; i <= 10; i++) {
    const startMs = performance.now();
    client.send("x");
    await server.receives(i);
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs >= 30, `took ${tookMs} ms`);
  }
});

test("bandwidth holds its rate on the real clock and carries all", async (t) => {
  const { proxy, pair } = await bench(t);
  proxy.add(bandwidth({ bytesPerSecond: 400_000 }), { direction: "to-client" });
  const { client, server } = await pair();
  const sent = Buffer.from(createRandom(1).bytes(120_000));
  const startMs = performance.now();
  server.send(sent);
  assert.ok((await client.receives(120_000)).equals(sent));
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs >= 299, `120 kB at 400 kB/s took ${tookMs} ms`);
});

test("bandwidth gives no credit for idle time", async (t) => {
  const clock = new ManualClock();
  const { proxy, pair } = await bench(t, { env: { clock } });
  proxy.add(bandwidth({ bytesPerSecond: 1000 }), { direction: "to-server" });
  const { client, server, connection } = await pair();
  client.send(new Uint8Array(1));
  await until("byte in the proxy", () => connection.toServer.receivedBytes === 1);
  await clock.advance(60_000);
  client.send(new Uint8Array(100));
  await until("bytes in the proxy", () => connection.toServer.receivedBytes === 101);
  await clock.advance(50);
  await server.receives(41);
  await elapse(30);
  assert.ok(server.byteCount <= 51, `${server.byteCount} bytes in 50 ms at 1000 bytes a second`);
  await clock.advance(50);
  await server.receives(101);
});

test("slicer gives a reader that keeps up every byte alone", async (t) => {
  const clock = new ManualClock();
  const { proxy, pair } = await bench(t, { env: { clock } });
  proxy.add(slicer({ sliceBytes: 1, delayMs: 2 }), { direction: "to-client" });
  const { client, server, connection } = await pair();
  const text = "every byte alone";
  server.socket.end(text);
  await until("bytes in the proxy", () => connection.toClient.receivedBytes === text.length);
  for (let i = 1; i <= text.length; i++) {
    await client.receives(i);
    assert.deepEqual([client.byteCount, client.untouched], [i, true]);
    await clock.advance(2);
  }
  await until("FIN", () => client.ended);
  assert.deepEqual(client.chunks.map(String), [...text]);
});

test("slicer without delay keeps the bytes, whatever the slice", async (t) => {
  const { pair } = await bench(t);
  const sent = Buffer.from(createRandom(2).bytes(20_011));
  for (const sliceBytes of [1, 7, 4096, 1_000_000]) {
    const { client, server, connection } = await pair();
    const handle = connection.add(slicer({ sliceBytes }), { direction: "to-server" });
    client.socket.end(sent);
    await until("FIN", () => server.ended);
    assert.ok(server.received.equals(sent));
    assert.equal(handle.strikes > 0, sliceBytes < sent.byteLength);
  }
});

test("pass changes nothing and strikes never", async (t) => {
  const { proxy, pair } = await bench(t);
  const handle = proxy.add(pass());
  const { client, server } = await pair();
  client.socket.end("same");
  await until("FIN", () => server.ended);
  assert.deepEqual([String(server.received), handle.strikes, handle.droppedBytes], ["same", 0, 0]);
});

test("options out of range are refused by name", () => {
  assert.throws(() => latency({ delayMs: -1 }), /`delayMs`/);
  assert.throws(() => latency({ delayMs: 1, jitterMs: Number.NaN }), /`jitterMs`/);
  assert.throws(() => bandwidth({ bytesPerSecond: 0 }), /`bytesPerSecond`/);
  assert.throws(() => slicer({ sliceBytes: 0 }), /`sliceBytes`/);
});
