/** The WebSocket transport on real sockets: what it reports, and that it lets go of a peer that is silent. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { type Conn, connect, HoldfastError, type StreamEntry, webSocketTransport } from "../../src/index.ts";
import { greet, ScriptedServer, until } from "../support/scripted-server.ts";

/** Dials, and keeps what is reported, as text. */
function dial(url: string): { conn: Conn; told: string[] } {
  const told: string[] = [];
  const conn = webSocketTransport.dial(
    { url: `${url}/v1/`, subprotocol: "holdfast.v1" },
    {
      onOpen: () => told.push("open"),
      onText: (text) => told.push(`text ${text.length > 40 ? text.length : text}`),
      onActivity: () => told.at(-1) !== "activity" && told.push("activity"),
      onClose: ({ closeCode, reason }) => told.push(`close ${closeCode} ${reason}`.trim()),
      onError: (code) => told.push(`error ${code}`),
      asks: () => [],
    },
  );
  return { conn, told };
}

test("texts go both ways, and a close is reported with its code and reason", async () => {
  await using server = await ScriptedServer.listen();
  const { conn, told } = dial(server.url);
  await until("open", () => told.includes("open"));
  conn.send('{"type":"hello","é":"\\u2028"}');
  const [peer] = server.conns;
  assert.ok(peer);
  await until("hello", () => peer.messages.length === 1);
  assert.equal(peer.messages[0]?.["é"], "\u2028");
  peer.ws.send("ä");
  peer.ws.close(1012, '{"code":"draining"}');
  await until("close", () => told.includes('close 1012 {"code":"draining"}'));
  assert.ok(told.includes("text ä"));
});

test("a connection that breaks is reported as 1006, once", async () => {
  await using server = await ScriptedServer.listen();
  const { told } = dial(server.url);
  await until("open", () => server.conns.length === 1 && told.includes("open"));
  server.conns[0]?.socket.resetAndDestroy();
  await until("close", () => told.some((each) => each.startsWith("close")));
  assert.deepEqual(told, ["open", "close 1006"]);
});

test("a server that is not there is reported as 1006", async () => {
  const url = await ScriptedServer.listen().then(async (server) => {
    const { url } = server;
    await server[Symbol.asyncDispose]();
    return url;
  });
  const { told } = dial(url);
  await until("close", () => told.length > 0);
  assert.deepEqual(told, ["close 1006"]);
});

test("bytes that are not yet a message are told as activity", async () => {
  await using server = await ScriptedServer.listen();
  const { told } = dial(server.url);
  await until("open", () => server.conns.length === 1 && told.includes("open"));
  // The head of a text frame of 1,000 bytes, then a few of them: a message that is still under way.
  server.conns[0]?.socket.write(Buffer.concat([Buffer.from([0x81, 126, 0x03, 0xe8]), Buffer.alloc(10, 97)]));
  await until("activity", () => told.includes("activity"));
  server.conns[0]?.socket.write(Buffer.alloc(990, 97));
  await until("text", () => told.includes("text 1000"));
});

test("a binary message ends the connection with binary_unsupported", async () => {
  await using server = await ScriptedServer.listen();
  const { told } = dial(server.url);
  await until("open", () => server.conns.length === 1);
  server.conns[0]?.ws.send(Buffer.from([1, 2]));
  await until("error", () => told.includes("error binary_unsupported"));
  await until("gone", () => server.sockets === 0);
});

test("a server without the subprotocol is no server of ours", async () => {
  await using server = await ScriptedServer.listen(false);
  const { told } = dial(server.url);
  await until("end", () => told.length > 0);
  assert.match(told.join(), /^close 1006$|^error protocol_unsupported$/);
});

test("destroy lets go of a silent peer at once, before and after the handshake", async () => {
  const sockets: Socket[] = [];
  const closed: Socket[] = [];
  const mute = createServer((socket) => {
    sockets.push(socket);
    socket.on("close", () => closed.push(socket)).on("error", () => {});
    socket.resume();
  });
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  const { conn, told } = dial(`http://127.0.0.1:${(mute.address() as { port: number }).port}`);
  await until("dialled", () => sockets.length > 0);
  conn.destroy();
  await until("closed", () => closed.length > 0);
  assert.ok(!told.includes("open"));
  for (const socket of sockets) socket.destroy();
  mute.close();

  await using server = await ScriptedServer.listen();
  const other = dial(server.url);
  await until("open", () => other.told.includes("open"));
  const socket = server.conns[0]?.socket as Socket;
  socket.removeAllListeners("data"); // Deaf: a closing handshake would not be answered.
  other.conn.send("x".repeat(1_000_000));
  assert.ok(other.conn.queuedBytes >= 1_000_000);
  other.conn.destroy();
  await until("closed", () => socket.readableEnded || socket.destroyed, 500);
});

test("close waits at most a second for a peer that does not answer", async () => {
  await using server = await ScriptedServer.listen();
  const { conn, told } = dial(server.url);
  await until("open", () => told.includes("open") && server.conns.length === 1);
  const socket = server.conns[0]?.socket as Socket;
  socket.removeAllListeners("data"); // The peer stays deaf, and its socket open.
  conn.close(1000, "");
  conn.close(1000, "");
  await until("gone", () => socket.closed || socket.readableEnded || socket.destroyed, 3_000);
});

test("streams and publishes work over a real socket, across a reset", async () => {
  await using server = await ScriptedServer.listen();
  server.onConn = greet;
  await using client = connect(server.url);
  const stream = client.stream("a", { from: "first" });
  await until("live", () => client.status.getSnapshot().state === "live");
  server.conns[0]?.say({ type: "entry", stream: "a", position: "e.11", prev: "0", timeMs: 1, data: { n: 1 } });
  const { value } = await stream.next();
  assert.deepEqual([(value as StreamEntry).data, stream.position], [{ n: 1 }, "e.11"]);
  server.conns[0]?.socket.resetAndDestroy();
  await until("another link", () => server.conns.length === 2 && server.conns[1]?.messages.some(({ type }) => type === "subscribe") === true);
  assert.deepEqual(server.conns[1]?.messages.find(({ type }) => type === "subscribe")?.["from"], { after: "e.11" });
  assert.deepEqual(await client.publish("b", [1]), { position: "e.11", duplicate: false });
});

test("a peer that falls silent is noticed and left, though its socket stays open; another link takes over", async () => {
  await using server = await ScriptedServer.listen();
  server.onConn = (conn) => greet(conn, { heartbeatMs: 500 });
  await using client = connect(server.url, { probeTimeoutMs: 300 });
  client.stream("a");
  await until("live", () => client.status.getSnapshot().linkId !== null);
  const first = server.conns[0];
  assert.ok(first);
  first.onMessage = null; // Not even pongs.
  const fromMs = performance.now();
  await until("another link", () => server.conns.length === 2 && client.status.getSnapshot().linkId !== null, 10_000);
  const tookMs = performance.now() - fromMs;
  // 1.1 heartbeats and 2 s of silence, the probe, and up to a second for the new dial.
  assert.ok(tookMs > 2_500 && tookMs < 5_000, `took ${tookMs} ms`);
  await until("the first socket is let go", () => first.socket.destroyed || first.socket.readableEnded, 1_000);
  assert.deepEqual([client.counters.lost, client.counters.links], [1, 2]);
});

test("a link that the server denies fails streams with its code", async () => {
  await using server = await ScriptedServer.listen();
  server.onConn = ({ ws }) => ws.close(4503, '{"code":"forbidden","message":"not you"}');
  await using client = connect(server.url);
  await assert.rejects(client.stream("a").next(), (error: unknown) => error instanceof HoldfastError && error.code === "forbidden");
});

/** Runs a program with the client and tells how long it lived after its last line. */
async function lifetime(program: string, ...values: string[]): Promise<{ code: number | null; afterMs: number }> {
  const url = new URL("../../src/index.ts", import.meta.url).href;
  const source = `import { connect } from ${JSON.stringify(url)}; const [address] = process.argv.slice(1); ${program}; console.log("done");`;
  const child = spawn(
    process.execPath,
    [...process.execArgv.filter((each) => each.startsWith("--conditions")), "--input-type=module", "-e", source, ...values],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
  let doneMs = 0;
  child.stdout.on("data", () => {
    doneMs = performance.now();
  });
  const code = await new Promise<number | null>((resolve) => child.on("exit", resolve));
  clearTimeout(timer);
  return { code, afterMs: performance.now() - doneMs };
}

test("a process ends with its client: after close, even when the server falls silent, and by itself when nothing is left to carry", async () => {
  await using server = await ScriptedServer.listen();
  server.onConn = (conn) => {
    greet(conn);
    const { onMessage } = conn;
    conn.onMessage = (message) => {
      onMessage?.(message);
      // Deaf from now on: it will not see that the client goes, and its socket stays.
      if (message["stream"] === "silence") conn.socket.removeAllListeners("data").removeAllListeners("end");
    };
  };
  const [closed, silent, idle] = await Promise.all([
    lifetime("const c = connect(address); await c.publish('a', 1); await c.close()", server.url),
    lifetime("const c = connect(address); await c.publish('silence', 1); await c.close()", server.url),
    lifetime("const c = connect(address, { idleLinkMs: 500 }); await c.publish('a', 1)", server.url),
  ]);
  assert.deepEqual([closed.code, silent.code, idle.code], [0, 0, 0]);
  assert.ok(closed.afterMs < 2_500 && silent.afterMs < 2_500, `${closed.afterMs}, ${silent.afterMs}`);
  assert.ok(idle.afterMs < 4_000, `${idle.afterMs}`);
});
