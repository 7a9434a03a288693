import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { describe, it, type TestContext } from "node:test";
import { type RawData, WebSocket } from "ws";
import { pingBody } from "../../src/websocket/socket-part.ts";
import { type GuardedHost, guardedHost, type HostOptions } from "../support/guarded-ws.ts";
import { clientFrame, closeFrame, opcodes } from "../support/ws-frames.ts";
import { until, WsWire } from "../support/ws-wire.ts";

async function host(t: TestContext, options: HostOptions = {}): Promise<GuardedHost> {
  const opened = await guardedHost(options);
  t.after(() => opened.stop());
  return opened;
}

/** Reads on, but slowly, and looks at nothing. */
function sip({ socket }: WsWire): void {
  socket.removeAllListeners("data");
  socket.on("data", () => {
    socket.pause();
    setTimeout(() => socket.resume(), 8);
  });
}

const pong = clientFrame("", opcodes.pong);

describe("a guarded ws server and its peers", () => {
  it("pings a silent peer, and leaves one alone that answers", async (t) => {
    const { port, guarded, ended } = await host(t, { limits: { heartbeatMs: 60, ackMs: 2_000 } });
    const wire = await WsWire.open(port);
    for (let n = 1; n <= 4; n++) {
      await until(`ping ${n}`, () => wire.pings >= n);
      wire.write(pong);
    }
    assert.equal(wire.frames.find(({ opcode }) => opcode === opcodes.ping)?.payload.toString(), pingBody);
    assert.deepEqual(ended, []);
    assert.ok(guarded.counters.pingsSent >= 4 && guarded.counters.pongs >= 3);
    wire.destroy();
  });

  it("ends a peer that does not answer as a zombie, by a reset that follows the close frame", async (t) => {
    const { port, guarded, ended } = await host(t, { limits: { heartbeatMs: 60, ackMs: 200 } });
    const wire = await WsWire.open(port);
    await until("the end", () => wire.hasEnded);
    await until("the record", () => ended.length === 1);
    assert.deepEqual(ended, ["zombie"]);
    assert.equal(guarded.counters.zombies, 1);
    assert.equal(guarded.counters.closeCodes.get("4003 guard"), 1);
    assert.equal(guarded.open, 0);
  });

  it("takes any bytes for a sign of life, those of an unfinished message too", async (t) => {
    const clock = { nowMs: 0 };
    const { port, http, ended, sweep } = await host(t, { clock, sweepMs: 0, limits: { messageMs: 1_000_000 } });
    const sockets: Duplex[] = [];
    http.on("upgrade", (_request, socket) => sockets.push(socket));
    const wire = await WsWire.open(port);
    for (const byte of clientFrame("x".repeat(40))) {
      let bytes = 0;
      sockets[0]?.once("data", (chunk: Buffer) => {
        bytes = chunk.length;
      });
      wire.write(Buffer.from([byte]));
      await until("the byte", () => bytes > 0);
      for (let i = 0; i < 4; i++) {
        clock.nowMs += 1_500;
        sweep();
      }
    }
    assert.equal(wire.pings, 0);
    assert.deepEqual(ended, []);
    wire.destroy();
  });

  it("does not kill by a late sweep: it asks, and judges afterwards", async (t) => {
    const { port, ended, sweep } = await host(t, { sweepMs: 0 });
    const wire = await WsWire.open(port);
    const startMs = performance.now();
    sweep(startMs + 100_000);
    await until("a ping", () => wire.pings === 1);
    sweep(startMs + 200_000);
    assert.deepEqual(ended, []);
    await until("another ping", () => wire.pings === 2);
    for (let afterMs = 500; afterMs < 8_000; afterMs += 500) sweep(startMs + 200_000 + afterMs);
    assert.deepEqual(ended, []);
    sweep(startMs + 208_000);
    await until("the end", () => ended.length === 1);
    assert.deepEqual(ended, ["zombie"]);
  });

  it("does not kill a peer that the host holds back", async (t) => {
    const held: WebSocket[] = [];
    const { port, ended, sweep } = await host(t, {
      sweepMs: 0,
      serve: (socket) => {
        held.push(socket);
        socket.pause();
      },
    });
    const wire = await WsWire.open(port);
    const startMs = performance.now();
    for (let afterMs = 500; afterMs < 120_000; afterMs += 500) sweep(startMs + afterMs);
    assert.deepEqual(ended, []);
    held[0]?.resume();
    wire.write(pong);
    wire.write(clientFrame("still here"));
    await until("more pings than one", () => wire.pings > 1);
    assert.deepEqual(ended, []);
    wire.destroy();
  });

  it("lets a slow reader of one large message have it", async (t) => {
    const bytes = 24_000_000;
    const { port, ended, guarded } = await host(t, { limits: { stallMs: 2_000, queuedMs: 2_000 }, serve: (socket) => socket.send(Buffer.alloc(bytes)) });
    const wire = await WsWire.open(port);
    sip(wire);
    await until("all of it", () => wire.socket.bytesRead >= bytes, 40_000);
    wire.write(closeFrame(1000));
    await until("the end", () => ended.length === 1);
    assert.deepEqual(ended, ["peer_closed"]);
    assert.equal(guarded.counters.closeCodes.get("1000 peer"), 1);
  });

  it("gives a peer that the host has closed its last bytes", async (t) => {
    const bytes = 12_000_000;
    const { port, ended } = await host(t, {
      limits: { closeMs: 2_000 },
      serve: (socket) => {
        socket.send(Buffer.alloc(bytes));
        socket.close(1000);
      },
    });
    const wire = await WsWire.open(port);
    sip(wire);
    await until("all of it", () => wire.socket.bytesRead >= bytes, 40_000);
    await until("the end", () => ended.length === 1);
    assert.deepEqual(ended, ["host_closed"]);
  });

  it("resets a peer that does not answer the host's close frame, unless the host has set a time for that", async (t) => {
    const closing = (socket: WebSocket): void => socket.close(1000);
    const short = await host(t, { limits: { closeMs: 100 }, serve: closing });
    const chosen = await host(t, { limits: { closeMs: 100 }, serve: closing, ws: { closeTimeout: 60_000 } as HostOptions["ws"] & object });
    const wire = await WsWire.open(short.port);
    const other = await WsWire.open(chosen.port);
    await until("the end", () => short.ended.length === 1);
    assert.equal(wire.closeCode, 1000);
    assert.deepEqual(short.ended, ["host_closed"]);
    assert.equal(short.guarded.counters.unanswered, 1);
    assert.equal(short.guarded.counters.closeCodes.get("1006 host"), 1);
    assert.equal(other.hasEnded, false);
    other.destroy();
  });

  it("resets a peer that has ended its side and reads nothing of what waits", async (t) => {
    const { port, ended } = await host(t, {
      limits: { closeMs: 200, stallMs: 60_000, queuedMs: 60_000 },
      serve: (socket) => socket.send(Buffer.alloc(24_000_000)),
    });
    const wire = await WsWire.open(port);
    wire.socket.pause();
    wire.socket.end();
    await until("the end", () => ended.length === 1);
    assert.deepEqual(ended, ["peer_closed"]);
  });

  it("says of a peer that closes that the peer did", async (t) => {
    const { port, ended, guarded } = await host(t);
    const wire = await WsWire.open(port);
    wire.write(closeFrame(4321));
    await until("the end", () => ended.length === 1 && guarded.open === 0);
    assert.equal(wire.closeCode, 4321);
    assert.deepEqual(ended, ["peer_closed"]);
    assert.equal(guarded.counters.closeCodes.get("4000 peer"), 1);
  });

  it("limits messages and bytes per second where it is told to", async (t) => {
    const messages = await host(t, { limits: { messagesPerSecondMax: 2 } });
    const bytes = await host(t, { limits: { bytesPerSecondMax: 100 } });
    const chatty = await WsWire.open(messages.port);
    chatty.write(...Array.from({ length: 20 }, () => clientFrame("a")));
    await until("twenty answers", () => chatty.texts.length === 20);
    chatty.write(...Array.from({ length: 40 }, () => clientFrame("a")));
    await until("the close", () => chatty.closeCode !== null);
    const large = await WsWire.open(bytes.port);
    large.write(clientFrame("x".repeat(1_100)));
    await until("the close", () => large.closeCode !== null);
    assert.deepEqual([chatty.closeCode, chatty.closeReason, large.closeCode], [4002, "rate_limited", 4002]);
    chatty.destroy();
    large.destroy();
  });

  it("drains with 1012, spread over the window, and closes those at once that come later", async (t) => {
    const { port, guarded, ended } = await host(t);
    const wires = await Promise.all(Array.from({ length: 20 }, () => WsWire.open(port)));
    const closedAt: number[] = [];
    for (const wire of wires) {
      wire.socket.on("data", () => {
        if (wire.closeCode !== null) wire.write(closeFrame(wire.closeCode));
        closedAt.push(performance.now());
      });
    }
    const drained = guarded.drain({ windowMs: 3_000 });
    const late = await WsWire.open(port);
    await until("the late one", () => late.closeCode === 1012);
    assert.ok(
      wires.some(({ closeCode }) => closeCode === null),
      "all were closed at once",
    );
    late.write(closeFrame(1012));
    await drained;
    assert.ok(wires.every(({ closeCode, closeReason }) => closeCode === 1012 && closeReason === "draining"));
    assert.ok(Math.max(...closedAt) - Math.min(...closedAt) > 400, "closed in one go");
    assert.deepEqual(new Set(ended), new Set(["draining"]));
    assert.equal(guarded.open, 0);
  });
});

describe("guard changes nothing else of a ws server", () => {
  it("lets the host's listeners be called as they were, and messages be the same", async (t) => {
    const seen: string[][] = [];
    for (const isGuarded of [true, false]) {
      const log: string[] = [];
      const { port, guarded } = await host(t, {
        ws: { perMessageDeflate: { threshold: 0 } },
        serve: (socket) => {
          socket.on("ping", (data) => log.push(`ping ${data}`));
          socket.on("pong", (data) => log.push(`pong ${data}`));
          socket.on("message", (data: RawData, isBinary) => {
            log.push(`message ${data} ${isBinary}`);
            socket.send(data, { binary: isBinary });
          });
          socket.on("close", (code, reason) => log.push(`close ${code} ${reason}`));
          log.push(socket.extensions, String(socket.listenerCount("message")), String(socket.listenerCount("ping")));
        },
      });
      if (!isGuarded) guarded.detach();
      const client = new WebSocket(`ws://127.0.0.1:${port}`);
      client.on("message", (data, isBinary) => log.push(`client ${data} ${isBinary}`));
      client.on("pong", (data) => log.push(`client pong ${data}`));
      await new Promise((resolve) => client.once("open", resolve));
      client.send("text");
      client.send(Buffer.from("bytes"));
      client.send("frag", { fin: false });
      client.send("ments");
      client.ping("p");
      client.pong("q");
      await until("all answers", () => log.filter((line) => line.startsWith("client ")).length === 4);
      client.close(4000, "bye");
      await until("the close", () => log.some((line) => line.startsWith("close")));
      assert.equal(guarded.counters.accepted, isGuarded ? 1 : 0);
      seen.push(log.sort());
    }
    assert.deepEqual(seen[0], seen[1]);
    assert.ok(seen[0]?.includes("permessage-deflate"));
    assert.ok(seen[0]?.includes("close 4000 bye"));
  });

  it("upgrades with the same headers", async (t) => {
    const headers = {
      "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
      "Sec-WebSocket-Protocol": "a, b",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const heads: string[] = [];
    for (const isGuarded of [true, false]) {
      const { port, guarded } = await host(t, { ws: { perMessageDeflate: true } });
      if (!isGuarded) guarded.detach();
      const wire = await WsWire.open(port, undefined, headers);
      heads.push(wire.head);
      wire.destroy();
    }
    assert.equal(heads[0], heads[1]);
  });

  it("takes sockets that a host hands over by itself, glued frames included", async (t) => {
    const { http, port, wss, guarded, ended } = await host(t, { ws: { noServer: true } });
    http.on("upgrade", (request, socket, head) => {
      wss.handleUpgrade(request, socket, head, (ws) => setImmediate(() => guarded.watch(ws, request)));
    });
    const wire = await WsWire.open(port, Buffer.concat(Array.from({ length: 11 }, () => clientFrame("", opcodes.ping))));
    await until("the close", () => wire.closeCode !== null);
    assert.equal(wire.closeCode, 1008);
    wire.write(closeFrame(1008));
    await until("the end", () => ended.length === 1);
    assert.deepEqual(ended, ["ping_flood"]);
  });

  it("lowers the default limit of messages and says so; a limit that the host chose stays", async (t) => {
    const left = await host(t);
    const chosen = await host(t, { ws: { maxPayload: 5_000_000 } });
    const none = await host(t, { ws: { maxPayload: 0 } });
    assert.equal(left.wss.options.maxPayload, 1_048_576);
    assert.match(left.warnings.join(), /limited to 1048576 bytes/);
    assert.equal(chosen.wss.options.maxPayload, 5_000_000);
    assert.deepEqual(chosen.warnings, []);
    assert.match(none.warnings.join(), /no limit for messages/);
  });
});
