/** The shell: the machine's promises kept over a transport, by a clock that is moved by hand, with default options. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointOf } from "../src/connection.ts";
import { createClient } from "../src/index.ts";
import { HandWorld, settle } from "./support/hand-world.ts";
import { MemoryNet } from "./support/memory-net.ts";
import { answer, collect, endOf, entries, fate, idOf, type MemoryConn, opened } from "./support/opened.ts";

for (const [given, endpoint] of [
  ["http://a:1", "http://a:1/v1/"],
  ["https://a.example/", "https://a.example/v1/"],
  ["ws://[::1]:8080/base/", "http://[::1]:8080/base/v1/"],
  ["wss://a/x/y", "https://a/x/y/v1/"],
] as const) {
  test(`${given} is dialled at ${endpoint}`, () => assert.equal(endpointOf(given), endpoint));
}

test("an address that cannot be dialled is refused", () => {
  for (const address of ["", "a:1", "ftp://a", "http://u:p@a", "http://a/#f", "http://a?q", "//a"])
    assert.throws(() => endpointOf(address), TypeError, address);
});

test("nothing is dialled before there is something to carry, and a link with nothing left is closed after 10 s", async () => {
  const { world, net, client } = opened();
  await world.advance(60_000);
  assert.deepEqual([net.conns.length, world.timers], [0, 0]);
  const stream = client.stream("a");
  const conn = net.last.welcome();
  stream.close();
  assert.equal(conn.last("unsubscribe")["stream"], "a");
  await world.advance(9_999);
  assert.equal(endOf(conn), "open");
  await world.advance(1);
  assert.deepEqual([endOf(conn), world.timers], ["close 1000", 0], "an idle client keeps no timer, and so no process");
  fate(client.publish("a", 1));
  assert.equal(net.conns.length, 2);
});

test("hello is the first message; nothing else goes out before the welcome", () => {
  const { net, client } = opened({ name: "test 1" });
  client.stream("a");
  fate(client.publish("a", 1));
  const conn = net.last.open();
  assert.deepEqual(conn.sent, [{ type: "hello", protocol: 1, client: "test 1" }]);
  conn.welcome();
  assert.deepEqual(
    conn.sent.map(({ type }) => type),
    ["hello", "subscribe", "publish"],
  );
});

/** A client that is live, reads a stream, and has just heard from its server. */
async function live(options = {}) {
  const it = opened(options);
  const read = collect(it.client, "a");
  const conn = it.net.last.welcome();
  answer(conn, "a", "0");
  await settle();
  conn.answersPings = false;
  return { ...it, conn, read };
}

test("a black hole is noticed within 25 s of the last byte, and another link dialled within a second of it, whatever the phase", async () => {
  for (const lastByteMs of [0, 1, 3_333, 7_000, 11_999, 29_000]) {
    const { world, net, conn } = await live();
    for (let ms = 0; ms + 1_000 <= lastByteMs; ms += 1_000) {
      await world.advance(1_000);
      conn.activity();
    }
    const fromMs = world.nowMs;
    while (endOf(conn) === "open" && world.nowMs - fromMs < 60_000) await world.advance(100);
    const noticedMs = world.nowMs - fromMs;
    assert.ok(noticedMs <= 25_000 && noticedMs > 13_000, `noticed after ${noticedMs}`);
    assert.equal(endOf(conn), "destroy", "a silent peer is not waited for");
    await world.advance(1_000);
    assert.equal(net.conns.length, 2);
  }
});

test("a live link says something at least every heartbeat", async () => {
  const { world, conn } = await live();
  const spoke: number[] = [];
  conn.onSend = ({ type }) => {
    if (type === "beat") spoke.push(world.nowMs);
  };
  for (let i = 0; i < 60; i++) {
    await world.advance(1_000);
    conn.activity();
  }
  assert.ok(spoke.length >= 5, `${spoke.length} beats`);
  for (const [i, ms] of spoke.entries()) assert.ok(i === 0 || (ms - (spoke[i - 1] as number) >= 10_800 && ms - (spoke[i - 1] as number) <= 12_000));
});

test("a ping is answered at once", async () => {
  const { conn } = await live();
  conn.say({ type: "ping", id: 42 });
  assert.deepEqual(conn.last("pong"), { type: "pong", id: 42 });
});

test("a publish without an answer makes a probe after 5 s; a pong keeps the link, silence ends it 5 s later", async () => {
  const { world, conn, client } = await live();
  fate(client.publish("a", 1));
  await world.advance(4_999);
  assert.equal(conn.of("ping").length, 0);
  await world.advance(1);
  conn.say({ type: "pong", id: conn.last("ping")["id"] });
  assert.equal(client.status.getSnapshot().state, "live");
  await world.advance(4_999);
  assert.equal(conn.of("ping").length, 1);
  await world.advance(1);
  assert.equal(conn.of("ping").length, 2, "and again, as long as there is no answer");
  await world.advance(5_000);
  assert.deepEqual([endOf(conn), client.counters.lost], ["destroy", 1]);
});

test("answers to other publishes show that the way out works: no probe", async () => {
  const { world, conn, client } = await live();
  fate(client.publish("a", 1));
  for (let n = 1; n < 6; n++) {
    fate(client.publish("b", n));
    await world.advance(4_000);
    conn.say({ type: "published", id: idOf(conn, n), position: "e.11", duplicate: false });
  }
  assert.equal(conn.of("ping").length, 0);
});

test("a subscribe without an answer is probed for too", async () => {
  const { world, conn, client } = await live();
  client.stream("b");
  for (let i = 0; i < 4; i++) {
    await world.advance(2_500);
    conn.activity();
  }
  assert.equal(conn.of("ping").length, 1);
  assert.equal(endOf(conn), "open", "bytes still come in");
  for (let i = 0; i < 5; i++) await world.advance(2_500);
  assert.equal(endOf(conn), "destroy");
});

test("an event loop that stood still is no dead peer: probe first, judge after", async () => {
  const { world, net, conn } = await live();
  world.stall(60_000);
  await world.advance(10);
  assert.deepEqual([conn.of("ping").length, endOf(conn)], [1, "open"]);
  world.stall(60_000); // Again, while the answer waits in the socket.
  await world.advance(10);
  assert.deepEqual([conn.of("ping").length, endOf(conn)], [2, "open"]);
  conn.say({ type: "pong", id: conn.last("ping")["id"] });
  await world.advance(4_000);
  assert.deepEqual([endOf(conn), net.conns.length], ["open", 1]);
});

test("a wall clock that jumped means that the machine slept: the link is probed at the next timer", async () => {
  const { world, conn } = await live();
  await world.advance(1_000);
  conn.activity();
  world.sleep(3_600_000);
  await world.advance(11_500);
  assert.equal(conn.of("ping").length, 1);
  await world.advance(5_000);
  assert.equal(endOf(conn), "destroy", "17 s after waking");
});

test("wake probes a live link at once", async () => {
  const { world, conn, client } = await live();
  client.wake();
  assert.equal(conn.of("ping").length, 1);
  client.wake();
  assert.equal(conn.of("ping").length, 1);
  await world.advance(5_000);
  assert.equal(endOf(conn), "destroy");
});

test("a dial without an answer is given up after 10 s, and so is a handshake", async () => {
  const { world, net, client } = opened();
  client.stream("a");
  await world.advance(10_000);
  assert.equal(endOf(net.conns[0] as MemoryConn), "destroy");
  assert.equal(client.status.getSnapshot().code, "connect_timeout");
  await world.advance(1_000);
  net.last.open();
  await world.advance(10_000);
  assert.equal(endOf(net.conns[1] as MemoryConn), "destroy");
  assert.equal(client.status.getSnapshot().code, "handshake_timeout");
});

test("an unreachable server is dialled less and less often, at least every 30 s", async () => {
  const { world, net, client } = opened();
  net.onDial = (conn) => conn.fail("connect_failed", "refused");
  client.stream("a");
  const dialled: number[] = [];
  for (let i = 0; i < 600; i++) {
    const before = net.conns.length;
    await world.advance(500);
    if (net.conns.length > before) dialled.push(world.nowMs);
  }
  assert.ok(dialled.length >= 12 && dialled.length < 40, `${dialled.length} dials in 300 s`);
  for (const [i, ms] of dialled.entries()) assert.ok(i === 0 || ms - (dialled[i - 1] as number) <= 30_500);
  assert.ok(client.status.getSnapshot().attempt >= 12);
});

test("the server's advice is obeyed: a time, a window, and the window of the last beat", async () => {
  const { world, net, client } = opened();
  client.stream("a");
  net.last.open().end(1013, { code: "overloaded", afterMs: 20_000, windowMs: 5_000 });
  await world.advance(19_999);
  assert.equal(net.conns.length, 1);
  await world.advance(5_001);
  assert.equal(net.conns.length, 2);
  const delays: number[] = [];
  for (let seed = 1; seed <= 40; seed++) {
    const other = opened({}, seed);
    other.client.stream("a");
    const conn = other.net.last.welcome();
    await other.world.advance(6_000);
    conn.say({ type: "beat", reconnect: { windowMs: 40_000 } });
    conn.end(1006);
    delays.push((other.client.status.getSnapshot().retryAtMs as number) - other.world.env.clock.wallMs());
  }
  assert.ok(Math.max(...delays) > 30_000 && Math.min(...delays) < 10_000 && Math.max(...delays) <= 40_000, `${delays}`);
});

test("a message that cannot be read ends the link with 4500, and the streams go on over another", async () => {
  const { world, net, conn, client, read } = await live();
  entries(conn, "a", 0, 2);
  conn.say('{"type":"entry"}');
  assert.deepEqual([endOf(conn), client.counters.faults], ["close 4500", 1]);
  await world.advance(2_000);
  net.last.welcome();
  assert.deepEqual(net.last.last("subscribe")["from"], { after: "e.12" });
  answer(net.last, "a", "e.12");
  entries(net.last, "a", 2, 3);
  await settle();
  assert.deepEqual(read.got, [1, 2, 3]);
});

test("a message of an unknown type is ignored and counted", async () => {
  const { conn, client } = await live();
  conn.say({ type: "confetti" });
  assert.deepEqual([endOf(conn), client.counters.unknown], ["open", 1]);
});

test("goaway: the new link is dialled with `replaces`, entries flow throughout, and the old one is closed once it is caught up with", async () => {
  const { world, net, conn, client, read } = await live();
  conn.say({ type: "goaway", code: "draining", afterMs: 500, deadlineMs: 9_000 });
  await world.advance(499);
  assert.equal(net.conns.length, 1);
  await world.advance(1);
  const next = net.last;
  entries(conn, "a", 0, 1);
  next.welcome({ link: "new" });
  entries(conn, "a", 1, 2);
  assert.deepEqual([client.status.getSnapshot().state, endOf(conn)], ["catching-up", "open"]);
  answer(next, "a", "e.11", "e.12");
  assert.equal(endOf(conn), "open", "one entry behind the old one");
  entries(next, "a", 1, 2);
  assert.deepEqual([endOf(conn), client.status.getSnapshot().state], ["close 1000", "live"]);
  entries(next, "a", 2, 3);
  await settle();
  assert.deepEqual(read.got, [1, 2, 3]);
  assert.deepEqual([client.counters.duplicates, client.counters.holes], [1, 0]);
});

test("goaway: while no replacement comes about the old link serves, and it is tried again", async () => {
  const { world, net, conn, read } = await live();
  conn.answersPings = true;
  net.onDial = (dialled) => dialled.fail("connect_failed");
  conn.say({ type: "goaway", code: "draining", afterMs: 0, deadlineMs: 9_000 });
  await world.advance(8_000);
  assert.ok(net.conns.length >= 3);
  entries(conn, "a", 0, 1);
  await settle();
  assert.deepEqual([read.got, net.alive], [[1], [conn]]);
  net.onDial = null;
  conn.end(1012, { code: "draining", windowMs: 100 });
  await world.advance(8_000);
  assert.equal(net.alive.length, 1);
});

test("a transport that throws counts as a failed dial", async () => {
  const world = new HandWorld();
  const net = new MemoryNet();
  let dials = 0;
  const dial = (): never => {
    dials++;
    throw new Error("SecurityError");
  };
  const client = createClient("http://test", {}, { env: world.env, transports: [{ ...net.transport, dial }] });
  client.stream("a");
  await world.advance(10_000);
  assert.ok(dials > 2);
  assert.deepEqual([client.status.getSnapshot().code, client.status.getSnapshot().state], ["connect_failed", "offline"]);
});
