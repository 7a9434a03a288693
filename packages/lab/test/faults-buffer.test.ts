/** The fault that holds HTTP responses back: what it holds, what it lets go, and that no byte changes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HttpResponses } from "../src/http-responses.ts";
import { buffer } from "../src/index.ts";
import { bench, elapse, until } from "./support.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

test("a streamed response is held back until it is complete, and arrives as it was sent", async (t) => {
  const { proxy, pair } = await bench(t);
  const handle = proxy.add(buffer());
  const { client, server } = await pair();
  client.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  await until("the request", () => server.byteCount > 0);
  server.send(streamHead);
  server.send(chunk("data: 1\n\n"));
  await handle.untilStruck();
  server.send(chunk("data: 2\n\n"));
  await elapse(50);
  assert.equal(client.byteCount, 0);
  const whole = `${streamHead}${chunk("data: 1\n\n")}${chunk("data: 2\n\n")}0\r\n\r\n`;
  server.send("0\r\n\r\n");
  assert.equal((await client.receives(whole.length)).toString(), whole);
});

test("a full buffer goes on, and what was held goes on at removal and before a FIN", async (t) => {
  const { proxy, pair } = await bench(t);
  const handle = proxy.add(buffer({ holdBytes: 500 }));
  const { client, server } = await pair();
  server.send(`${streamHead}${chunk("x".repeat(600))}`);
  await client.receives(streamHead.length + chunk("x".repeat(600)).length);
  const before = client.byteCount;
  server.send(chunk("abc"));
  await handle.untilStruck(2);
  await elapse(20);
  assert.equal(client.byteCount, before);
  server.socket.end();
  await client.receives(before + chunk("abc").length);
  await until("the end", () => client.ended);
  const other = await pair();
  other.server.send(`${streamHead}${chunk("held")}`);
  await handle.untilStruck(3);
  await handle.remove();
  await other.client.receives(streamHead.length + chunk("held").length);
});

test("an upgraded connection passes, and so does one that was in the middle of something", async (t) => {
  const { proxy, pair } = await bench(t);
  const old = await pair();
  old.server.send(`${streamHead}${chunk("one")}`);
  await old.client.receives(streamHead.length);
  const handle = proxy.add(buffer());
  const upgraded = await pair();
  upgraded.server.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
  upgraded.server.send("frames");
  await until("the frames", () => upgraded.client.received.toString().endsWith("frames"));
  old.server.send(chunk("two"));
  await until("the old response", () => old.client.received.toString().endsWith(chunk("two")));
  assert.equal(handle.strikes, 0);
  old.server.send("0\r\n\r\n");
  await until("its end", () => old.client.received.toString().endsWith("0\r\n\r\n"));
  old.server.send(`${streamHead}${chunk("three")}`);
  await handle.untilStruck();
  await elapse(20);
  assert.ok(!old.client.received.toString().includes("three"));
});

test("the ends of responses are found wherever the bytes are cut", () => {
  const responses = [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 204 No Content\r\n\r\n",
    `HTTP/1.1 103 Early Hints\r\n\r\n${streamHead}${chunk("0\r\n\r\n")}0\r\n\r\n`,
    "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n",
    `HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n${chunk("x")}0\r\nTrailer: 1\r\n\r\n`,
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
  ];
  // The interim response ends too: bytes up to there may go.
  const interim = "HTTP/1.1 103 Early Hints\r\n\r\n".length;
  const ends = new Set<number>();
  let at = 0;
  for (const [i, response] of responses.entries()) {
    if (i === 2) ends.add(at + interim);
    at += response.length;
    ends.add(at);
  }
  const whole = bytesOf(responses.join(""));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (sizes) => {
      const parser = new HttpResponses();
      let from = 0;
      for (let i = 0; from < whole.length; i++) {
        const piece = whole.subarray(from, from + (sizes[i % sizes.length] as number));
        const complete = parser.feed(piece);
        const last = [...ends].filter((end) => end > from && end <= from + piece.length).at(-1);
        assert.equal(complete, last === undefined ? 0 : last - from);
        from += piece.length;
      }
      assert.ok(parser.isIdle);
    }),
    { numRuns: 300 },
  );
});

test("what is no HTTP is a tunnel, and a response without a length lasts until the close", () => {
  const tunnel = new HttpResponses();
  assert.equal(tunnel.feed(bytesOf("SSH-2.0-x\r\n")), 0);
  assert.ok(tunnel.isTunnel);
  const endless = new HttpResponses();
  assert.equal(endless.feed(bytesOf("HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")), 0);
  assert.ok(!endless.isTunnel && !endless.isIdle);
});
