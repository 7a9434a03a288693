/** Faults that end connections: reset and cut. RST is really an RST, FIN really a FIN, and byte counts are exact. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRandom, cut, reset } from "../src/index.ts";
import { bench, elapse, ManualClock, type Peer, until } from "./support.ts";

const closedByRst = (peer: Peer): boolean => peer.closed && peer.errorCode === "ECONNRESET" && !peer.ended;
/** A sender may hear of it by its next write. */
const brokeOff = (peer: Peer): boolean => peer.closed && (peer.errorCode === "ECONNRESET" || peer.errorCode === "EPIPE");

test("reset resets both sockets of a live connection at once", async (t) => {
  const { proxy, pair } = await bench(t);
  const { client, server, connection } = await pair();
  const handle = proxy.add(reset());
  await until("RST on both", () => closedByRst(client) && closedByRst(server));
  assert.equal(await connection.closed, "lab-reset");
  assert.equal(handle.strikes, 1);
});

test("reset of one side leaves the other open and untold", async (t) => {
  const { pair } = await bench(t);
  for (const sides of ["client", "server"] as const) {
    const { client, server, connection } = await pair();
    const [hit, spared] = sides === "client" ? [client, server] : [server, client];
    const handle = connection.add(reset({ sides }));
    await until("RST", () => closedByRst(hit));
    spared.send("hello?");
    await elapse(100);
    assert.equal(spared.untouched, true);
    assert.equal(handle.strikes, 1);
    spared.socket.destroy();
  }
});

test("reset after bytes lets exactly these through", async (t) => {
  const { pair } = await bench(t);
  const { client, server, connection } = await pair();
  client.send("before");
  await server.receives(6);
  connection.add(reset({ afterBytes: 4 }), { direction: "to-server" });
  client.send("abcdefgh");
  await until("RST on both", () => closedByRst(client) && closedByRst(server));
  assert.equal(String(server.received), "beforeabcd");
});

test("reset after time strikes at its time and not before", async (t) => {
  const clock = new ManualClock();
  const { proxy, pair } = await bench(t, { env: { clock } });
  proxy.add(reset({ afterMs: 500 }));
  const { client, server } = await pair();
  client.send("early");
  await server.receives(5);
  await clock.advance(499);
  client.send("still");
  await server.receives(10);
  assert.equal(client.untouched, true);
  await clock.advance(1);
  await until("RST on both", () => closedByRst(client) && closedByRst(server));
});

test("a reset overtakes bytes that a stalled receiver does not take", async (t) => {
  const { pair } = await bench(t);
  const { client, server, connection } = await pair();
  client.socket.pause();
  server.send(new Uint8Array(16_000_000));
  await until("full buffers", () => connection.toClient.heldBytes >= 65_536);
  connection.reset();
  client.socket.resume();
  await until("RST on both", () => closedByRst(client) && brokeOff(server));
  assert.ok(client.byteCount < 16_000_000);
});

test("reset refuses two conditions at once", () => {
  assert.throws(() => reset({ afterBytes: 1, afterMs: 1 }), RangeError);
  assert.throws(() => reset({ afterBytes: 0.5 }), /`afterBytes`/);
});

test("cut passes exactly n bytes of any chunking, then RST or FIN, in either direction", async (t) => {
  const { pair, proxy } = await bench(t);
  const chunks = fc.array(fc.integer({ min: 1, max: 80_000 }), { minLength: 1, maxLength: 8 });
  const direction = fc.constantFrom("to-server" as const, "to-client" as const);
  await fc.assert(
    fc.asyncProperty(
      chunks,
      fc.double({ min: 0, max: 1, noNaN: true }),
      direction,
      fc.constantFrom("fin" as const, "reset" as const),
      async (sizes, share, way, ending) => {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const afterBytes = Math.floor(total * share);
        const { client, server, connection } = await pair();
        const handle = connection.add(cut({ afterBytes, ending }), { direction: way });
        const [sender, receiver] = way === "to-server" ? [client, server] : [server, client];
        const sent = Buffer.from(createRandom(total).bytes(total));
        let from = 0;
        for (const size of sizes) {
          sender.send(sent.subarray(from, from + size));
          from += size;
        }
        if (ending === "reset") {
          await until("RST on both", () => closedByRst(receiver) && brokeOff(sender));
        } else {
          await until("FIN on both", () => receiver.ended && sender.ended);
          assert.deepEqual([receiver.errorCode, sender.errorCode], [null, null]);
          receiver.socket.end();
          sender.socket.end();
          assert.equal(await connection.closed, "ended");
        }
        assert.equal(receiver.byteCount, afterBytes);
        assert.ok(receiver.received.equals(sent.subarray(0, afterBytes)));
        assert.equal(handle.strikes, 1);
      },
    ),
    { numRuns: 80 },
  );
  assert.equal(proxy.connections.length, 0);
});

test("cut acts at its byte without waiting for the next", async (t) => {
  const { pair } = await bench(t);
  const { client, server, connection } = await pair();
  connection.add(cut({ afterBytes: 5, ending: "fin" }), { direction: "to-server" });
  client.send("exact");
  await until("FIN on both", () => server.ended && client.ended);
  assert.equal(String(server.received), "exact");
});

test("cut counts from the connection's start, or from now", async (t) => {
  const { pair } = await bench(t);
  const start = await pair();
  const now = await pair();
  for (const { client, server } of [start, now]) {
    client.send("12345");
    await server.receives(5);
  }
  start.connection.add(cut({ afterBytes: 8 }), { direction: "to-server" });
  now.connection.add(cut({ afterBytes: 8, countFrom: "now" }), { direction: "to-server" });
  for (const { client, server } of [start, now]) {
    client.send("abcdefghijk");
    await until("RST", () => closedByRst(server));
  }
  assert.equal(String(start.server.received), "12345abc");
  assert.equal(String(now.server.received), "12345abcdefgh");
  const late = await pair();
  late.client.send("12345");
  await late.server.receives(5);
  late.connection.add(cut({ afterBytes: 3 }), { direction: "to-server" });
  await until("RST for a byte long past", () => closedByRst(late.server));
});

test("cut into silence leaves both sockets open and the other direction whole, removal included", async (t) => {
  const { pair } = await bench(t);
  const { client, server, connection } = await pair();
  const handle = connection.add(cut({ afterBytes: 3, ending: "silence" }), { direction: "to-client" });
  server.send("abcdef");
  await handle.untilStruck();
  await client.receives(3);
  client.send("ping");
  await server.receives(4);
  await handle.remove();
  server.send("ghi");
  await until("bytes in the hole", () => connection.toClient.droppedBytes === 6);
  assert.equal(handle.droppedBytes, 6);
  server.socket.end();
  await elapse(100);
  assert.equal(String(client.received), "abc");
  assert.equal(client.untouched, true);
});

test("cut can tell one side alone", async (t) => {
  const { pair } = await bench(t);
  const { client, server, connection } = await pair();
  connection.add(cut({ afterBytes: 2, sides: "server" }), { direction: "to-server" });
  client.send("abc");
  await until("RST at the server", () => closedByRst(server));
  await elapse(50);
  assert.equal(String(server.received), "ab");
  assert.equal(client.untouched, true);
});
