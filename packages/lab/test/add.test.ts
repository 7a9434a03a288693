/** What surrounds every fault: which connections it is laid on, in which order, how it is taken away, how it is held to its contract. */

import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { bandwidth, blackHole, createRandom, cut, type Fault, latency, openProxy, pass, reset, slicer } from "../src/index.ts";
import { bench, Peer, Target, until } from "./support.ts";

/** Changes each byte, so that the order of faults shows. */
const mapping = (name: string, map: (byte: number) => number): Fault => ({
  name,
  async pipe(stage) {
    for (let item = await stage.read(); item !== null; item = await stage.read()) {
      stage.write(item.kind === "bytes" ? { kind: "bytes", bytes: item.bytes.map(map) } : item);
    }
  },
});

test("faults act in the order in which they were added, in both directions", async (t) => {
  const { proxy, pair } = await bench(t);
  proxy.add(mapping("plus-one", (byte) => byte + 1));
  const { client, server, connection } = await pair();
  connection.add(mapping("double", (byte) => byte * 2));
  client.send(Uint8Array.of(10));
  server.send(Uint8Array.of(20));
  assert.deepEqual([...(await server.receives(1))], [22]);
  assert.deepEqual([...(await client.receives(1))], [42]);
});

test("direction limits a fault to one way", async (t) => {
  const { proxy, pair } = await bench(t);
  proxy.add(
    mapping("plus-one", (byte) => byte + 1),
    { direction: "to-client" },
  );
  const { client, server } = await pair();
  client.send(Uint8Array.of(1));
  server.send(Uint8Array.of(1));
  assert.deepEqual([...(await server.receives(1))], [1]);
  assert.deepEqual([...(await client.receives(1))], [2]);
});

test("all, new and a choice reach the connections they name", async (t) => {
  const { proxy, pair } = await bench(t);
  const old = await pair();
  proxy.add(
    mapping("all", (byte) => byte + 1),
    { connections: "all" },
  );
  proxy.add(
    mapping("new", (byte) => byte + 10),
    { connections: "new" },
  );
  proxy.add(
    mapping("second", (byte) => byte + 100),
    { connections: (connection) => connection.id === 2 },
  );
  const second = await pair();
  const third = await pair();
  for (const [peers, byte] of [
    [old, 1],
    [second, 111],
    [third, 11],
  ] as const) {
    peers.client.send(Uint8Array.of(0));
    assert.deepEqual([...(await peers.server.receives(1))], [byte]);
  }
});

test("probability is tossed per connection from the seed, the same in every run", async (t) => {
  const struck = async (seed: number, probability: number, step = 1): Promise<number[]> => {
    const { proxy, dial } = await bench(t, { seed });
    const handle = proxy.add(reset(), { probability, connections: (connection) => connection.id % step === 0 });
    for (let i = 0; i < 120; i++) dial();
    await until("all decided", () => proxy.counters.opened === 120 && proxy.counters.closed === handle.strikes);
    const spared = new Set(proxy.connections.map((connection) => connection.id));
    return Array.from({ length: 120 }, (_, i) => i + 1).filter((id) => !spared.has(id));
  };
  const first = await struck(99, 0.3);
  assert.deepEqual(await struck(99, 0.3), first);
  assert.ok(first.length > 15 && first.length < 60, `struck ${first.length} of 120`);
  assert.notDeepEqual(await struck(100, 0.3), first);
  // A connection's toss does not hang on which others were tossed for.
  assert.deepEqual(
    await struck(99, 0.3, 2),
    first.filter((id) => id % 2 === 0),
  );
  assert.equal((await struck(99, 0)).length, 0);
  assert.equal((await struck(99, 1)).length, 120);
});

const lossless = fc.constantFrom<() => Fault>(
  () => pass(),
  () => latency({ delayMs: 3, jitterMs: 3 }),
  () => slicer({ sliceBytes: 700 }),
  () => bandwidth({ bytesPerSecond: 3_000_000 }),
  () => blackHole({ keepReading: false }),
);
const direction = fc.constantFrom("to-server" as const, "to-client" as const, "both" as const);
const plan = fc.array(fc.record({ fault: lossless, direction, onTurn: fc.nat(9), turns: fc.nat(6) }), { maxLength: 6 });

test("faults that drop nothing lose nothing, whenever they are added and removed", async (t) => {
  const { pair } = await bench(t, { bufferBytesMax: 20_000 });
  await fc.assert(
    fc.asyncProperty(plan, fc.nat(), async (steps, seed) => {
      const { client, server, connection } = await pair();
      const sent = Array.from({ length: 10 }, (_, i) => Buffer.from(createRandom(seed + i).bytes(9000)));
      const leaving: { onTurn: number; handle: ReturnType<typeof connection.add> }[] = [];
      for (let turn = 0; turn < 20; turn++) {
        for (const step of steps) {
          if (step.onTurn !== turn) continue;
          const handle = connection.add(step.fault(), { direction: step.direction });
          leaving.push({ onTurn: turn + step.turns, handle });
        }
        if (turn < 10) {
          client.send(sent[turn] as Buffer);
          server.send(sent[turn] as Buffer);
        }
        for (const leave of leaving) if (leave.onTurn === turn) void leave.handle.remove();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      client.socket.end();
      server.socket.end();
      assert.equal(await connection.closed, "ended");
      await until("both closed", () => client.closed && server.closed);
      assert.ok(server.received.equals(Buffer.concat(sent)));
      assert.ok(client.received.equals(Buffer.concat(sent)));
    }),
    { numRuns: 40 },
  );
});

test("removal lets go at once of what was held, in order, and new bytes follow", async (t) => {
  const { proxy, pair } = await bench(t);
  const { client, server } = await pair();
  const handle = proxy.add(latency({ delayMs: 60_000 }));
  client.send("first ");
  await handle.untilStruck();
  client.send("second ");
  await until("both held", () => proxy.connections[0]?.toServer.heldBytes === 13);
  assert.equal(server.byteCount, 0);
  await handle.remove();
  await handle.remove();
  client.send("third");
  assert.equal(String(await server.receives(18)), "first second third");
});

test("a fault on one connection leaves the others alone and goes with it", async (t) => {
  const { pair } = await bench(t, { faultsMax: 1 });
  const one = await pair();
  const other = await pair();
  const handle = one.connection.add(cut({ afterBytes: 0 }));
  assert.equal(await one.connection.closed, "lab-reset");
  assert.equal(handle.strikes > 0, true);
  other.client.send("fine");
  await other.server.receives(4);
  // The limit of one fault is free again, so it left with its connection.
  other.connection.add(pass());
  assert.throws(() => other.connection.add(pass()), { code: "limit" });
});

test("untilStruck resolves at its count and rejects when the fault goes before", async (t) => {
  const { proxy, pair } = await bench(t);
  const handle = proxy.add(latency({ delayMs: 0 }), { direction: "to-server" });
  const { client } = await pair();
  const two = handle.untilStruck(2);
  client.send("a");
  await handle.untilStruck();
  assert.equal(handle.strikes, 1);
  client.send("b");
  await two;
  await handle.untilStruck(2);
  const three = handle.untilStruck(3);
  await handle.remove();
  await assert.rejects(three, { code: "closed" });
});

test("a fault that loses bytes without a word, or throws, fails its connection and the proxy's close", async (t) => {
  const target = new Target();
  await target.listen();
  t.after(() => target.close());
  const broken: Fault[] = [
    { name: "leaky", pipe: async (stage) => void (await stage.read()) },
    { name: "greedy", pipe: async (stage) => stage.write({ kind: "bytes", bytes: Uint8Array.of(1) }) },
    { name: "twice", pipe: async (stage) => void (await Promise.all([stage.read(), stage.read()])) },
    { name: "throws", pipe: () => Promise.reject(Object.assign(new Error("broken"), { code: "fault-contract" })) },
  ];
  for (const fault of broken) {
    const proxy = await openProxy({ target: { host: "127.0.0.1", port: target.port } });
    proxy.add(fault, { direction: "to-server" });
    const next = proxy.nextConnection();
    const client = new Peer(connect(proxy.port, "127.0.0.1"));
    client.send("gone");
    assert.equal(await (await next).closed, "lab-reset");
    await until("RST", () => client.closed);
    assert.equal(client.errorCode, "ECONNRESET");
    await assert.rejects(proxy.close(), { code: "fault-contract" });
  }
});

test("the lab's own reset and end act on the side named", async (t) => {
  const { pair } = await bench(t);
  const cases = await pair();
  cases.connection.reset("client");
  await until("RST at the client", () => cases.client.closed);
  assert.equal(cases.client.errorCode, "ECONNRESET");
  cases.server.send("into the void");
  await until("dropped", () => cases.connection.toClient.droppedBytes === 13);
  assert.equal(cases.server.untouched, true);
  cases.server.socket.destroy();

  const fin = await pair();
  fin.server.send("last words");
  await until("delivery", () => fin.connection.toClient.deliveredBytes === 10);
  fin.connection.end("client");
  await until("FIN at the client", () => fin.client.ended);
  assert.equal(String(fin.client.received), "last words");
  fin.server.send("late");
  await until("dropped", () => fin.connection.toClient.droppedBytes === 4);
  fin.client.send("still heard");
  await fin.server.receives(11);
  assert.deepEqual([fin.connection.state, fin.server.untouched, fin.client.errorCode], ["open", true, null]);

  const both = await pair();
  both.connection.end();
  both.connection.reset();
  assert.equal(await both.connection.closed, "lab-reset");
  await until("both told", () => both.client.closed || both.client.ended);
});
