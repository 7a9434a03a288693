import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { it, type TestContext } from "node:test";
import { type EndCode, type Guard, type GuardedWebSockets, guard } from "@holdfast/guard";
import { WebSocketServer } from "ws";
import { closeFrame } from "../support/ws-frames.ts";
import { until, WsWire } from "../support/ws-wire.ts";

interface Host {
  readonly made: Guard;
  readonly sockets: GuardedWebSockets;
  readonly ended: EndCode[];
  readonly port: number;
}

async function host(t: TestContext): Promise<Host> {
  const http = createServer((_request, response) => response.end("plain"));
  const wss = new WebSocketServer({ server: http });
  const ended: EndCode[] = [];
  const made = guard(http, {}, { ended: (_row, { code }) => ended.push(code) });
  const sockets = made.webSockets(wss);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const client of wss.clients) client.terminate();
    http.closeAllConnections();
    http.close();
    made.release();
  });
  return { made, sockets, ended, port: (http.address() as AddressInfo).port };
}

/** Answers a close frame as a client should. */
function polite(wire: WsWire): WsWire {
  wire.socket.on("data", () => {
    if (wire.closeCode !== null) wire.write(closeFrame(wire.closeCode));
  });
  return wire;
}

it("a drain of the guard closes WebSockets with 1012 and is over when they have gone", async (t) => {
  const { made, sockets, ended, port } = await host(t);
  const wires = await Promise.all(Array.from({ length: 10 }, async () => polite(await WsWire.open(port))));
  await made.drain({ windowMs: 300, drainMs: 20_000 });
  await until("the end of all", () => wires.every(({ hasEnded }) => hasEnded));
  assert.ok(wires.every(({ closeCode }) => closeCode === 1012));
  assert.deepEqual(ended, Array(10).fill("draining"));
  assert.equal(sockets.counters.closeCodes.get("1012 guard"), 10);
  assert.equal(sockets.open, 0);
});

it("the table of connections has WebSockets, and kills them", async (t) => {
  const { made, sockets, ended, port } = await host(t);
  const wire = await WsWire.open(port);
  await until("the socket", () => sockets.open === 1);
  const [row] = made.connections();
  assert.equal(row?.protocol, "websocket");
  assert.equal(made.kill(row?.id ?? ""), true);
  await until("the end", () => wire.hasEnded && sockets.open === 0);
  assert.deepEqual(ended, ["killed"]);
});

it("a WebSocket over a server that is not guarded is left alone, and that is said once", async (t) => {
  const { made } = await host(t);
  const http = createServer();
  const wss = new WebSocketServer({ server: http });
  const sockets = made.webSockets(wss);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const wires = [0, 1].map(() => WsWire.open((http.address() as AddressInfo).port));
  for (const wire of await Promise.all(wires)) wire.destroy();
  await until("their ends", () => wss.clients.size === 0);
  assert.equal(sockets.counters.accepted, 0);
  assert.equal(made.warnings.filter((warning) => warning.includes("not guarded")).length, 1);
  await new Promise((resolve) => http.close(resolve));
});

it("peers that just go are told as what they did", async (t) => {
  const { ended, port, sockets } = await host(t);
  const wire = await WsWire.open(port);
  await until("the socket", () => sockets.open === 1);
  wire.socket.end();
  await until("the end", () => ended.length === 1);
  assert.deepEqual(ended, ["peer_closed"]);
  const other = await WsWire.open(port);
  other.socket.resetAndDestroy();
  await until("the other end", () => ended.length === 2);
  assert.deepEqual(ended, ["peer_closed", "peer_reset"]);
  assert.equal(sockets.counters.closeCodes.get("1006 network"), 2);
});
