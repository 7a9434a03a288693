/**
 * One suite over every transport: what is published over it is read over it byte for byte, whatever its size and signs; links that are
 * cut at any byte cost nothing; a server that leaves is left before it is gone.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Client, rawJson } from "@holdfast/client";
import { connect } from "@holdfast/client/node";
import { createRandom, cut, type Fault, openProxy, reset } from "@holdfast/lab";
import { createServer, type Engine, type HoldfastServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { until } from "./support/processes.ts";
import { type TestedTransport, testedTransports } from "./support/transports.ts";

const seed = Number(process.env["HOLDFAST_SEED"] ?? Math.floor(Math.random() * 0x1_0000_0000));
const encoder = new TextEncoder();

const newEngine = (): Engine => memoryEngine({ env: nodeEnv });
const newServer = (engine: Engine, heartbeatMs = 1_000): HoldfastServer => createServer({ engine, options: { port: 0, drainMs: 3_000, heartbeatMs } });

/** The same logs for two servers: the first starts and stops them, both are told of every event. */
function sharedByTwo(engine: Engine): [Engine, Engine] {
  const sinks: Parameters<Engine["attach"]>[0][] = [];
  engine.attach((event) => {
    for (const sink of sinks) sink(event);
  });
  return [sharing(engine, sinks, []), sharing(engine, sinks, ["start", "stop"])];
}

function sharing(engine: Engine, sinks: Parameters<Engine["attach"]>[0][], without: readonly (string | symbol)[]): Engine {
  return new Proxy(engine, {
    get: (target, name) => {
      if (name === "attach") return (sink: (typeof sinks)[number]) => void sinks.push(sink);
      if (without.includes(name)) return async () => {};
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function follow<T>(
  client: Client,
  name: string,
  take: (entry: { raw: string | null; bytes: Uint8Array | null; data: unknown }) => T,
): { seen: T[]; done: Promise<void> } {
  const seen: T[] = [];
  const done = (async () => {
    for await (const entry of client.stream(name, { from: "first", onGap: (gap) => assert.fail(`gap ${gap.reason}`) })) seen.push(take(entry));
  })().catch((error: { code?: string }) => assert.equal(error.code, "closed_by_user"));
  return { seen, done };
}

/** Payloads around every bound, and with every sign that some wire treats apart. */
function payloads(): (string | Uint8Array)[] {
  const texts = [
    "null",
    '""',
    '{"a":1,"a":2}',
    "12345678901234567890.10",
    "[1,\n2,\r\n3,\r4]",
    '"\\u0000\\r\\n"',
    '"\u2028\u2029\ufeff"',
    '"data: x\\n\\nid: 5"',
  ];
  const sizes = [49_150, 49_151, 49_152, 49_153, 65_534, 65_536, 90_000, 200_000, 262_144];
  const bytes = [0, 1, 36_863, 36_864, 36_865, 45_000, 45_001, 262_144];
  return [
    ...texts,
    ...sizes.map((size) => JSON.stringify("x".repeat(size - 2))),
    ...sizes.map((size) => `[\n${"1,".repeat((size - 4) >> 1)}1]`),
    ...bytes.map((size) => Uint8Array.from({ length: size }, (_, i) => i * 31)),
  ];
}

const asText = (payload: string | Uint8Array): string => (typeof payload === "string" ? payload : `bytes ${Buffer.from(payload).toString("base64")}`);

function payloadCases(transport: TestedTransport): void {
  const options = { transports: [transport.name] };

  it("carries every payload both ways, byte for byte", async () => {
    const server = newServer(newEngine());
    const { url } = await server.listen();
    const client = connect(url, { ...options, outboxBytesMax: 16_777_216 });
    const { seen, done } = follow(client, "payloads", ({ raw, bytes }) => raw ?? asText(bytes as Uint8Array));
    try {
      const all = payloads();
      await Promise.all(all.map((payload) => client.publish("payloads", typeof payload === "string" ? rawJson(payload) : payload)));
      await until("all are read", async () => seen.length >= all.length, 20_000);
      for (const [i, payload] of all.entries()) assert.ok(seen[i] === asText(payload), `payload ${i}: ${asText(payload).slice(0, 60)}`);
      assert.equal(seen.length, all.length);
      assert.equal(client.status.getSnapshot().transport, transport.name);
    } finally {
      await client.close({ drainMs: 0 });
      await done;
      await server.close();
    }
  });

  it(`reads ${transport.streamsMax} streams over one link, and says so when one more is too many`, async () => {
    const engine = newEngine();
    const server = newServer(engine);
    const { url } = await server.listen();
    const client = connect(url, options);
    const readers = Array.from({ length: transport.streamsMax }, (_, i) => follow(client, `many/${i}`, ({ data }) => data));
    try {
      await until("all are live", async () => client.status.getSnapshot().state === "live", 10_000);
      for (let n = 0; n < 3; n++) {
        for (const i of readers.keys()) await server.hub.append({ stream: `many/${i}`, entries: [{ format: "json", payload: encoder.encode(String(n)) }] });
      }
      await until("all have all", async () => readers.every(({ seen }) => seen.length === 3), 10_000);
      assert.ok(readers.every(({ seen }) => JSON.stringify(seen) === "[0,1,2]"));
      const extra = client.stream("many/extra");
      await assert.rejects(extra.next(), { code: "too_many_subscriptions" });
      await server.hub.append({ stream: "many/0", entries: [{ format: "json", payload: encoder.encode("3") }] });
      await until("the others go on", async () => readers[0]?.seen.length === 4, 10_000);
    } finally {
      await client.close({ drainMs: 0 });
      for (const { done } of readers) await done;
      await server.close();
    }
  });
}

function cutCases(transport: TestedTransport): void {
  const options = { transports: [transport.name] };

  it("loses nothing when connections are cut at random bytes, both ways, under load", async (t) => {
    t.diagnostic(`HOLDFAST_SEED=${seed}`);
    const random = createRandom(seed);
    const engine = newEngine();
    const server = newServer(engine, 500);
    const { port } = await server.listen();
    const proxy = await openProxy({ target: { host: "127.0.0.1", port }, seed });
    const client = connect(proxy.url(""), { ...options, backoffCapMs: 50, backoffBaseMs: 10 });
    const { seen, done } = follow(client, "cuts", ({ data }) => data as number);
    const other = follow(client, "echo", ({ data }) => data as number);
    try {
      const published: Promise<unknown>[] = [];
      const endMs = performance.now() + 3_000;
      let n = 0;
      const randomCut: Fault = { name: "random-cut", pipe: (stage) => cut({ afterBytes: random.integer(200, 6_000) }).pipe(stage) };
      const faults = (["to-client", "to-server"] as const).map((direction) => proxy.add(randomCut, { direction, connections: "new", probability: 0.75 }));
      await until("both are read", async () => client.status.getSnapshot().state === "live", 10_000);
      await proxy.add(reset()).remove();
      for (; performance.now() < endMs; n++) {
        await server.hub.append({ stream: "cuts", entries: [{ format: "json", payload: encoder.encode(String(n)) }] });
        published.push(client.publish("echo", n));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      for (const fault of faults) await fault.remove();
      await Promise.all(published);
      await until("everything arrives", async () => seen.length >= n && other.seen.length >= n, 15_000);
      const expected = Array.from({ length: n }, (_, i) => i);
      assert.deepEqual(seen, expected);
      assert.deepEqual(other.seen, expected, "each publish once, in order");
      const { links, duplicates, holes } = client.counters;
      t.diagnostic(`${transport.name}: ${n} entries each way, ${links} links, ${duplicates} repeated on the wire and ignored, ${holes} holes repaired`);
      assert.ok(links >= 2, `only ${links} links`);
    } finally {
      await client.close({ drainMs: 0 });
      await done;
      await other.done;
      await proxy.close();
      await server.close();
    }
  });
}

function drainCases(transport: TestedTransport): void {
  const options = { transports: [transport.name] };

  it("leaves a server that drains before it is gone: no moment offline, nothing lost", async () => {
    const [first, second] = sharedByTwo(newEngine());
    const staying = newServer(first);
    const leaving = newServer(second);
    const next = await staying.listen();
    const { port } = await leaving.listen();
    const proxy = await openProxy({ target: { host: "127.0.0.1", port } });
    const client = connect(proxy.url(""), options);
    const states = new Set<string>();
    const { seen, done } = follow(client, "drain", ({ data }) => data as number);
    let n = 0;
    let isOver = false;
    const append = async (): Promise<void> => {
      while (!isOver) {
        await staying.hub.append({ stream: "drain", entries: [{ format: "json", payload: encoder.encode(String(n++)) }] });
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const appending = append();
    try {
      await until("entries come", async () => seen.length > 20, 10_000);
      client.status.subscribe(() => states.add(client.status.getSnapshot().state));
      const { linkId } = client.status.getSnapshot();
      proxy.setTarget({ host: "127.0.0.1", port: next.port });
      await leaving.hub.drain();
      await until("the client has moved", async () => client.status.getSnapshot().linkId !== linkId, 10_000);
      const moved = seen.length;
      await until("entries come over the new link", async () => seen.length > moved + 20, 10_000);
      isOver = true;
      await appending;
      await until("all arrive", async () => seen.length >= n, 10_000);
      assert.deepEqual(
        seen,
        Array.from({ length: n }, (_, i) => i),
      );
      assert.ok(!states.has("offline") && !states.has("stale"), `was ${[...states].join(", ")}`);
    } finally {
      isOver = true;
      await appending;
      await client.close({ drainMs: 0 });
      await done;
      await proxy.close();
      await leaving.close();
      await staying.close();
    }
  });
}

for (const transport of testedTransports) {
  describe(`over ${transport.name}`, () => {
    payloadCases(transport);
    cutCases(transport);

    drainCases(transport);
  });
}
