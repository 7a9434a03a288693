/** Without faults the proxy is a wire: bytes, order, FIN, RST and backpressure are those of the two ends. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRandom } from "../src/index.ts";
import { bench, elapse, until } from "./support.ts";

test("any chunking in comes out as the same bytes, in both directions at once", async (t) => {
  const { pair } = await bench(t);
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 70_000, size: "max" }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(chunks, chunks, async (up, down) => {
      const { client, server, connection } = await pair();
      for (let i = 0; i < Math.max(up.length, down.length); i++) {
        if (up[i] !== undefined) client.send(up[i] as Uint8Array);
        if (down[i] !== undefined) server.send(down[i] as Uint8Array);
      }
      client.socket.end();
      server.socket.end();
      assert.equal(await connection.closed, "ended");
      await until("both ends closed", () => client.closed && server.closed);
      assert.ok(server.received.equals(Buffer.concat(up)));
      assert.ok(client.received.equals(Buffer.concat(down)));
      assert.equal(connection.toServer.deliveredBytes, server.byteCount);
      assert.equal(connection.toServer.heldBytes + connection.toClient.heldBytes, 0);
    }),
    { numRuns: 30 },
  );
});

test("a FIN from one side ends that direction alone", async (t) => {
  const { pair } = await bench(t);
  const { client, server, connection } = await pair();
  client.send("request");
  client.socket.end();
  await until("FIN at the server", () => server.ended);
  assert.equal(String(server.received), "request");
  assert.equal(client.untouched, true);
  for (let i = 0; i < 20; i++) {
    server.send("part ");
    await client.receives(5 * (i + 1));
  }
  assert.equal(client.untouched, true);
  server.socket.end();
  assert.equal(await connection.closed, "ended");
  await until("clean close", () => client.closed && server.closed);
  assert.deepEqual([client.errorCode, server.errorCode], [null, null]);
});

test("a FIN from the server travels the same way", async (t) => {
  const { pair } = await bench(t);
  const { client, server } = await pair();
  server.socket.end("greeting");
  await until("FIN at the client", () => client.ended);
  client.send("late");
  await server.receives(4);
  assert.equal(server.untouched, true);
});

test("an RST from one side is an RST at the other", async (t) => {
  const { pair } = await bench(t);
  for (const from of ["client", "server"] as const) {
    const { client, server, connection } = await pair();
    const [sender, receiver] = from === "client" ? [client, server] : [server, client];
    sender.socket.resetAndDestroy();
    await until("RST", () => receiver.closed);
    assert.equal(receiver.errorCode, "ECONNRESET");
    assert.equal(receiver.ended, false);
    assert.equal(await connection.closed, `${from}-reset`);
  }
});

test("a reader that stops is felt by the sender, and loses nothing", async (t) => {
  const { pair } = await bench(t, { bufferBytesMax: 32_768 });
  for (const direction of ["toServer", "toClient"] as const) {
    const { client, server, connection } = await pair();
    const [sender, receiver] = direction === "toServer" ? [client, server] : [server, client];
    receiver.socket.pause();
    const sent = Buffer.from(createRandom(3).bytes(1_000_003));
    const copies = 32;
    for (let i = 0; i < copies; i++) sender.socket.write(sent);
    await until("full buffers", () => connection[direction].heldBytes >= 32_768);
    let before = -1;
    while (before !== connection[direction].receivedBytes) {
      before = connection[direction].receivedBytes;
      await elapse(100);
    }
    assert.ok(connection[direction].heldBytes < 32_768 + 65_536, `held ${connection[direction].heldBytes}`);
    assert.ok(sender.socket.writableLength > 0, "the sender's own buffer never filled");
    assert.ok(before < (copies * sent.byteLength) / 2, `${before} bytes were taken for a reader that takes none`);
    receiver.socket.resume();
    await until("all bytes", () => receiver.byteCount === copies * sent.byteLength, 20_000);
    for (let i = 0; i < copies; i++) assert.ok(receiver.received.subarray(i * sent.byteLength, (i + 1) * sent.byteLength).equals(sent));
  }
});
