/** Connections that a middlebox swallows while both sockets stay open: noticed within heartbeat and ack, replaced, and nothing else is harmed. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { type Direction, Middlebox } from "./support/middlebox.ts";
import { closeAll, dial, PlainServer, record, states, until } from "./support/servers.ts";

after(closeAll);

const heartbeatMs = 300;
const ackMs = 200;

const proxyTo = ({ port }: PlainServer): Promise<Middlebox> => Middlebox.before(port);

describe("a plain ws server behind a middlebox", { concurrency: 4 }, () => {
  for (const direction of ["both", "to-client", "to-server"] as const satisfies readonly Direction[]) {
    test(`that swallows ${direction}: noticed within heartbeat and ack, and the subscription restored`, async () => {
      await using server = await new PlainServer((peer) => peer.on("message", (data) => peer.send(`got ${data}`))).listen();
      await using proxy = await proxyTo(server);
      const socket = dial(proxy.url("/", "ws"), undefined, { heartbeatMs, ackMs, onReconnect: (each) => each.send("again") });
      const told = record(socket);
      const seen = states(socket.status);
      socket.addEventListener("open", () => server.heard.length === 0 && socket.send("first"));
      await until("first", () => told.includes("message got first"));
      await new Promise((resolve) => setTimeout(resolve, 3 * heartbeatMs));
      assert.equal(server.peers.length, 1, "protocol pings keep a quiet link");
      const holeMs = performance.now();
      proxy.swallowOpen(direction);
      await until("restored", () => told.includes("message got again"));
      const offline = seen.find(({ atMs, state }) => atMs > holeMs && state === "offline");
      assert.equal(offline?.code, "heartbeat_lost");
      const noticedMs = (offline?.atMs ?? Number.NaN) - holeMs;
      assert.ok(noticedMs <= heartbeatMs + ackMs + 250, `noticed after ${noticedMs} ms`);
      assert.deepEqual(told, ["open", "message got first", "open", "message got again"]);
    });
  }

  test("that swallows the handshake: the dial is given up after connectMs and repeated", async () => {
    await using server = await new PlainServer().listen();
    await using proxy = await proxyTo(server);
    proxy.swallowsNew = true;
    const socket = dial(proxy.url("/", "ws"), undefined, { connectMs: 200, backoffCapMs: 50 });
    await until("two dials given up", () => socket.status.getSnapshot().attempt >= 2);
    assert.equal(socket.status.getSnapshot().code, "connect_timeout");
    proxy.swallowsNew = false;
    await until("open", () => socket.readyState === 1);
  });

  test("that resets at any byte: every message that came is whole, and open is told once per link", async () => {
    await using server = await new PlainServer((peer) => {
      for (let n = 0; n < 40; n++) peer.send(`message number ${n}`);
    }).listen();
    await using proxy = await proxyTo(server);
    proxy.resetsAfterBytes = (nth) => 120 + nth * 37;
    const socket = dial(proxy.url("/", "ws"), undefined, { backoffCapMs: 5, heartbeatMs, ackMs });
    const told = record(socket);
    await until("ten links", () => proxy.accepted >= 10);
    assert.ok(told.length > 10);
    for (const each of told) assert.match(each, /^(open|message message number \d+)$/);
  });
});
