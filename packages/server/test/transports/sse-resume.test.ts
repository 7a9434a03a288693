import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { EventStreamParser } from "../../../../scripts/test-support/event-stream.ts";
import { memoryEngine } from "../../src/engines/memory.ts";
import { createServer, type HoldfastServer, nodeEnv } from "../../src/index.ts";
import { Collected } from "../support/collect.ts";
import { getSse } from "../support/links.ts";
import { type TestServer, testServer } from "../support/server.ts";

function collect(into: Collected, parser: EventStreamParser): Collected {
  for (const event of parser.events) for (const line of event.data.split("\n")) into.take(line);
  return into;
}

const trimmed = (json: string): string => json.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");

/** JSON texts that a sender of lines might trip over. */
const payload = fc.oneof(
  fc.constantFrom(
    "1",
    '{"a":\r1}',
    "[1,\n\n2]",
    '{"a":\r\n"b"}\r\n',
    '"\u2028\u2029\u0085\ufeff"',
    '"\\u0000\\r\\n"',
    '"\\n\\ndata: x\\nid: 9\\n\\n"',
    '"😀ü"',
    "\n\r\n [ ] \r",
  ),
  fc.json({ maxDepth: 2 }),
);
const published = fc.array(fc.tuple(fc.constantFrom("p/a", "p/b", "p/c"), payload), { minLength: 1, maxLength: 8 });

describe("an event stream that is cut off", () => {
  let test: TestServer;
  before(async () => {
    test = await testServer();
  });
  after(() => test.stop());

  it("at any byte, and resumed by the last id, has brought every entry of every stream once", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(published, async (entries) => {
        run++;
        const log = new Map<string, string[]>();
        for (const [name, json] of entries) {
          const stream = `${name}/${run}`;
          assert.equal((await test.post(stream, json)).status, 200, json);
          log.set(stream, [...(log.get(stream) ?? []), trimmed(json)]);
        }
        const query = ["p/a", "p/b", "p/c"].map((name) => `stream=${name}/${run}`).join("&");
        const http = await getSse(test.port, `${query}&after=first`);
        const all = (): Collected => {
          const parser = new EventStreamParser();
          parser.push(http.response?.body ?? Buffer.alloc(0));
          return collect(new Collected(), parser);
        };
        await http.until(() => all().count === entries.length);
        http.destroy();
        assert.deepEqual(all().payloads, log);
        const body = http.response?.body ?? assert.fail();
        const resumed = new Map<string, EventStreamParser>();
        const parser = new EventStreamParser();
        for (let cut = 0; cut <= body.length; cut++) {
          const id = parser.lastEventId;
          const had = collect(new Collected(), parser);
          const rest = resumed.get(id) ?? (await resume(query, id, entries.length - had.count));
          resumed.set(id, rest);
          const whole = collect(had, rest);
          assert.deepEqual(whole.payloads, log, `cut at ${cut} of ${body.length}`);
          assert.equal(whole.gaps, 0);
          if (cut < body.length) parser.push(body.subarray(cut, cut + 1));
        }
        assert.ok(resumed.size >= 3);
      }),
      { numRuns: 25 },
    );
  });

  /** Comes back with an id, as a native client does, and stays until it has so many entries. */
  async function resume(query: string, id: string, count: number): Promise<EventStreamParser> {
    const http = await getSse(test.port, `${query}&after=first`, id === "" ? undefined : id);
    let parser = new EventStreamParser(id);
    await http.until(() => {
      parser = new EventStreamParser(id);
      parser.push(http.response?.body ?? Buffer.alloc(0));
      return (
        parser.events
          .filter((event) => event.type === "message")
          .flatMap((event) => event.data.split("\n"))
          .filter((line) => line.includes('"type":"entry"')).length === count
      );
    });
    http.destroy();
    return parser;
  }
});

const nativeReader = fileURLToPath(new URL("../support/native-reader.ts", import.meta.url));

describe("clients that nobody here wrote", () => {
  it("eventsource (npm) resumes several streams over restarts of the server: nothing lost, nothing twice", async () => {
    const engine = memoryEngine({ env: nodeEnv });
    // The engine outlives the servers: what is restarted is the node in front of the log.
    const lasting = { ...bound(engine), start: async () => undefined, stop: async () => undefined };
    await engine.start();
    const start = (port: number): HoldfastServer => createServer({ engine: lasting, options: { port, drainMs: 50 } });
    let server = start(0);
    const { port } = await server.listen();
    const has = new Collected();
    let ended = false;
    let fault: unknown = null;
    // Without our own import conditions, which would send that package's import to its sources.
    const reader = spawn(process.execPath, [nativeReader, `http://127.0.0.1:${port}/v1/sse?stream=x&stream=y&after=first`]);
    let complaints = "";
    reader.stderr.on("data", (chunk) => {
      complaints += String(chunk);
    });
    createInterface({ input: reader.stdout }).on("line", (line) => {
      const { type, data } = JSON.parse(line) as { type: string; data: string };
      if (type === "ended") ended = true;
      else if (type !== "bye") {
        try {
          for (const text of data.split("\n")) has.take(text);
        } catch (thrown) {
          fault = thrown;
        }
      }
    });
    const publish = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        for (const stream of ["x", "y"]) await server.hub.append({ stream, entries: [{ format: "json", payload: Buffer.from(String(i)) }] });
      }
    };
    const until = async (fact: () => boolean): Promise<void> => {
      const deadline = performance.now() + 15_000;
      while (!fact()) {
        assert.ok(performance.now() < deadline, `${has.count} entries; ${complaints}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    for (let round = 1; round <= 3; round++) {
      await publish(20);
      await until(() => has.count > (round - 1) * 80);
      await publish(20);
      await server.close();
      server = start(port);
      await server.listen();
      await until(() => has.count === round * 80);
    }
    for (const stream of ["x", "y"]) await server.hub.append({ stream, entries: [], close: true });
    await until(() => has.closed === 2);
    // 204 is the end for good.
    await until(() => ended);
    reader.kill();
    assert.equal(fault, null);
    assert.equal(has.count, 240);
    assert.equal(has.gaps, 0);
    await server.close();
    await engine.stop();
  });

  it("curl follows with -N and resumes with Last-Event-ID", async () => {
    const test = await testServer();
    for (const n of [1, 2, 3]) await test.post("c", String(n));
    const has = new Collected();
    const id = await curl(`${test.url}/v1/sse?stream=c&after=first`, "", has, 3);
    for (const n of [4, 5]) await test.post("c", String(n));
    await curl(`${test.url}/v1/sse?stream=c&after=first`, id, has, 5);
    assert.deepEqual(has.payloads.get("c"), ["1", "2", "3", "4", "5"]);
    await test.stop();
  });
});

/** An engine's members as values, so that some can be replaced. */
function bound(engine: ReturnType<typeof memoryEngine>): ReturnType<typeof memoryEngine> {
  const { name, caps } = engine;
  return {
    name,
    caps,
    start: () => engine.start(),
    stop: () => engine.stop(),
    append: (batch) => engine.append(batch),
    read: (stream, options) => engine.read(stream, options),
    head: (stream) => engine.head(stream),
    list: (options) => engine.list(options),
    attach: (sink) => engine.attach(sink),
    listen: (stream) => engine.listen(stream),
    health: () => engine.health(),
  };
}

/** Runs curl until a reader has so many entries; returns the last id. */
function curl(url: string, lastEventId: string, has: Collected, count: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("curl", ["-sN", ...(lastEventId === "" ? [] : ["-H", `Last-Event-ID: ${lastEventId}`]), url]);
    const parser = new EventStreamParser(lastEventId);
    let taken = 0;
    child.on("error", reject);
    child.on("close", () => (has.count === count ? resolve(parser.lastEventId) : reject(new Error(`curl left with ${has.count} of ${count}`))));
    child.stdout.on("data", (bytes: Buffer) => {
      parser.push(bytes);
      for (const event of parser.events.slice(taken)) for (const line of event.data.split("\n")) has.take(line);
      taken = parser.events.length;
      if (has.count >= count) child.kill();
    });
  });
}
