/** Faults that say nothing: black hole and idle drop. Both sockets stay open; what one side does is not told to the other. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { blackHole, idleDrop } from "../src/index.ts";
import { bench, elapse, ManualClock, type Pair, until } from "./support.ts";

test("a black hole swallows both directions and keeps both sockets open", async (t) => {
  const { proxy, pair } = await bench(t);
  const { client, server, connection } = await pair();
  const hole = proxy.add(blackHole());
  client.send("ping");
  server.send("pong!");
  await until("loss", () => hole.droppedBytes === 9);
  await elapse(300);
  assert.deepEqual([client.byteCount, server.byteCount, client.untouched, server.untouched], [0, 0, true, true]);
  assert.equal(connection.state, "open");
  assert.deepEqual([connection.toServer.droppedBytes, connection.toClient.droppedBytes, hole.strikes], [4, 5, 2]);
});

test("a black hole in one direction leaves the other alone", async (t) => {
  const { pair } = await bench(t);
  const { client, server, connection } = await pair();
  connection.add(blackHole(), { direction: "to-client" });
  client.send("heard");
  assert.equal(String(await server.receives(5)), "heard");
  server.send("unheard");
  await until("loss", () => connection.toClient.droppedBytes === 7);
  client.socket.end();
  await until("FIN at the server", () => server.ended);
  assert.equal(client.untouched, true);
});

test("a close or a reset is not told through a black hole", async (t) => {
  const { pair } = await bench(t);
  for (const leave of ["end", "resetAndDestroy"] as const) {
    for (const side of ["client", "server"] as const) {
      for (const keepReading of [true, false]) {
        const { client, server, connection } = await pair();
        const [leaver, stayer] = side === "client" ? [client, server] : [server, client];
        connection.add(blackHole({ keepReading }));
        leaver.socket[leave]();
        if (leave === "resetAndDestroy") stayer.send("anybody there?");
        await elapse(60);
        assert.equal(stayer.untouched, true, `${side} ${leave}, keepReading ${keepReading}`);
        assert.equal(connection.state, "open");
      }
    }
  }
});

test("a connection that lost bytes stays dark after removal, new ones are fine", async (t) => {
  const { proxy, pair } = await bench(t);
  const { client, server, connection } = await pair();
  const hole = proxy.add(blackHole());
  client.send("lost");
  await until("loss", () => hole.droppedBytes === 4);
  await hole.remove();
  client.send("also lost");
  server.send("fine");
  assert.equal(String(await client.receives(4)), "fine");
  await until("loss", () => connection.toServer.droppedBytes === 13);
  client.socket.end();
  await elapse(60);
  assert.deepEqual([server.byteCount, server.untouched], [0, true]);
  const next = await pair();
  next.client.send("new");
  await next.server.receives(3);
});

test("a connection that lost nothing goes on after removal, and hears then of a close it missed", async (t) => {
  const { proxy, pair } = await bench(t);
  const resumed = await pair();
  const ended = await pair();
  const broken = await pair();
  const hole = proxy.add(blackHole());
  ended.client.socket.end();
  broken.client.socket.resetAndDestroy();
  await elapse(60);
  assert.deepEqual([ended.server.untouched, broken.server.untouched], [true, true]);
  await hole.remove();
  await until("FIN and RST", () => ended.server.ended && broken.server.errorCode === "ECONNRESET");
  resumed.client.send("hello");
  await resumed.server.receives(5);
});

test("a black hole that does not read fills the sender's buffers and gives all back", async (t) => {
  const { pair } = await bench(t);
  const { client, server, connection } = await pair();
  const hole = connection.add(blackHole({ keepReading: false }), { direction: "to-server" });
  const sent = Buffer.alloc(24_000_000, "abcdefg");
  client.socket.write(sent);
  client.socket.end();
  await until("full buffers", () => connection.toServer.heldBytes >= 65_536);
  await elapse(200);
  assert.ok(connection.toServer.receivedBytes < 2 * 65_536, `${connection.toServer.receivedBytes} bytes read`);
  assert.ok(client.socket.writableLength > 0);
  assert.deepEqual([server.byteCount, server.untouched], [0, true]);
  await hole.remove();
  await until("all bytes and the FIN", () => server.ended, 20_000);
  assert.ok(server.received.equals(sent));
});

test("sockets that both ended in a black hole are let go after lingerMs", async (t) => {
  const clock = new ManualClock();
  const { proxy, pair } = await bench(t, { env: { clock }, lingerMs: 5000 });
  const { client, server, connection } = await pair();
  proxy.add(blackHole());
  client.socket.end();
  server.socket.end();
  await until("linger timer", () => clock.pending === 1);
  await clock.advance(4999);
  await elapse(30);
  assert.equal(connection.state, "open");
  await clock.advance(1);
  assert.equal(await connection.closed, "lingered");
  assert.equal(clock.pending, 0);
});

/** Sends and waits until the proxy has it, so that its arrival has the clock's present time. */
async function sends({ client, server, connection }: Pair, from: "client" | "server"): Promise<void> {
  const traffic = from === "client" ? connection.toServer : connection.toClient;
  const before = traffic.receivedBytes;
  (from === "client" ? client : server).send("x");
  await until("byte in the proxy", () => traffic.receivedBytes > before);
}

test("idle drop: a byte before the timer's edge refreshes, at the edge it finds the flow forgotten", async (t) => {
  const clock = new ManualClock();
  const { proxy, pair } = await bench(t, { env: { clock } });
  const drop = proxy.add(idleDrop({ idleMs: 60_000 }));
  const flow = await pair();
  for (const from of ["client", "server", "client"] as const) {
    await clock.advance(59_999);
    await sends(flow, from);
  }
  await flow.server.receives(2);
  await flow.client.receives(1);
  await clock.advance(59_999);
  assert.equal(drop.strikes, 0);
  await clock.advance(1);
  await drop.untilStruck();
  await sends(flow, "client");
  await sends(flow, "server");
  await until("silence", () => drop.droppedBytes === 2);
  flow.client.socket.end();
  await elapse(100);
  assert.deepEqual([flow.server.byteCount, flow.client.byteCount, flow.server.untouched, drop.strikes], [2, 1, true, 1]);
});

test("idle drop judges by arrival even when its timer has not run yet", async (t) => {
  const clock = new ManualClock();
  const { proxy, pair } = await bench(t, { env: { clock } });
  const drop = proxy.add(idleDrop({ idleMs: 1000 }));
  const flow = await pair();
  clock.nowMs += 1000;
  await sends(flow, "client");
  await until("silence", () => drop.droppedBytes === 1);
  assert.deepEqual([drop.strikes, flow.server.byteCount], [1, 0]);
});

test("idle drop refreshed by one direction ignores the other", async (t) => {
  const clock = new ManualClock();
  const { proxy, pair } = await bench(t, { env: { clock } });
  const drop = proxy.add(idleDrop({ idleMs: 1000, refreshedBy: "to-client" }));
  const flow = await pair();
  await clock.advance(600);
  await sends(flow, "client");
  await flow.server.receives(1);
  await clock.advance(399);
  assert.equal(drop.strikes, 0);
  await clock.advance(1);
  assert.equal(drop.strikes, 1);
  const other = await pair();
  await clock.advance(600);
  await sends(other, "server");
  await other.client.receives(1);
  await clock.advance(999);
  assert.equal(drop.strikes, 1);
});

test("idle drop with reset-on-next resets who speaks and tells the other nothing", async (t) => {
  const clock = new ManualClock();
  const { proxy, pair } = await bench(t, { env: { clock } });
  proxy.add(idleDrop({ idleMs: 1000, ending: "reset-on-next" }));
  const { client, server } = await pair();
  await clock.advance(5000);
  await elapse(50);
  assert.deepEqual([client.untouched, server.untouched], [true, true]);
  server.send("anybody?");
  await until("RST", () => server.errorCode === "ECONNRESET");
  await elapse(50);
  assert.deepEqual([client.untouched, client.byteCount], [true, 0]);
  client.send("me?");
  await until("RST", () => client.errorCode === "ECONNRESET");
});

test("idle drop with reset or fin tells both sides at its time", async (t) => {
  const clock = new ManualClock();
  const { proxy, pair } = await bench(t, { env: { clock } });
  const one = proxy.add(idleDrop({ idleMs: 1000, ending: "reset" }));
  const { client, server } = await pair();
  await clock.advance(1000);
  await until("RST on both", () => client.errorCode === "ECONNRESET" && server.errorCode === "ECONNRESET");
  assert.equal(one.strikes, 1);
  await one.remove();
  proxy.add(idleDrop({ idleMs: 1000, ending: "fin" }));
  const fin = await pair();
  await clock.advance(999);
  assert.equal(fin.client.untouched, true);
  await clock.advance(1);
  await until("FIN on both", () => fin.client.ended && fin.server.ended);
  assert.deepEqual([fin.client.errorCode, fin.server.errorCode], [null, null]);
});

test("idle drop works on the real clock", async (t) => {
  const { proxy, pair } = await bench(t);
  const drop = proxy.add(idleDrop({ idleMs: 150, ending: "fin" }));
  const startMs = performance.now();
  const { client } = await pair();
  await until("FIN", () => client.ended);
  assert.ok(performance.now() - startMs >= 150);
  assert.equal(drop.strikes, 1);
});
