import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { HoldfastError } from "@holdfast/protocol";
import { RawHttp, requestBytes } from "../../../../scripts/test-support/raw-http.ts";
import { memoryEngine } from "../../src/engines/memory.ts";
import { createServer, nodeEnv } from "../../src/index.ts";
import { NativeFlushMemo } from "../../src/transports/sse-get.ts";
import { eventsOf, getSse, messagesOf, ofType, openSse, sseMessages } from "../support/links.ts";
import { type TestServer, testServer } from "../support/server.ts";

const types = (http: RawHttp): string[] => eventsOf(http).events.map((event) => event.type);

/** Follows until `fact` holds of its events, leaves, and returns them. */
async function follow(port: number, query: string, enough: (http: RawHttp) => boolean, lastEventId?: string) {
  const http = await getSse(port, query, lastEventId);
  await http.until(() => enough(http));
  http.destroy();
  return eventsOf(http, lastEventId);
}
const entries = (http: RawHttp) => ofType(sseMessages(http), "entry");
const data = (parser: ReturnType<typeof eventsOf>): unknown[] => ofType(messagesOf(parser.events), "entry").map((entry) => entry["data"]);

describe("an event stream for native clients", () => {
  let test: TestServer;
  before(async () => {
    test = await testServer({ heartbeatMs: 300 });
  });
  after(() => test.stop());

  it("names what is no entry, gives entries of a flush as one unnamed event, and an id after everything", async () => {
    await test.post("n/a", "1");
    await test.post("n/a", "2");
    const http = await getSse(test.port, "stream=n/a&stream=n%2Fb&after=first");
    await http.until(() => entries(http).length === 2 && types(http).includes("beat"));
    await test.post("n/b", "3");
    await http.until(() => entries(http).length === 3);
    http.destroy();
    const parser = eventsOf(http);
    assert.deepEqual(types(http).slice(0, 4), ["welcome", "subscribed", "subscribed", "message"]);
    assert.equal(parser.events[3]?.data.split("\n").length, 2);
    assert.ok((parser.retryMs ?? 0) >= 1_000 && (parser.retryMs ?? 0) <= 2_000, `${parser.retryMs}`);
    const ids = parser.events.map((event) => event.lastEventId.split(","));
    assert.ok(ids.every((id) => id.length === 4 && id[0] === "1" && id[1] === ids[0]?.[1]));
    const [a, b] = [1, 2].map((n) => ofType(sseMessages(http), "entry")[n]?.["position"]);
    assert.deepEqual(ids[0]?.slice(2), ["", ""]);
    assert.deepEqual(ids[3]?.slice(2), [a, "0"]);
    assert.deepEqual(ids.at(-1)?.slice(2), [a, b]);
    // Every event of the raw text ends with its id, so that an event which is cut loses it.
    const blocks = http.text.split("\n\n").slice(0, -1);
    assert.ok(blocks.every((block) => block.split("\n").at(-1)?.startsWith("id: 1,")));
  });

  it("begins where each stream's own `after` says", async () => {
    for (const n of [1, 2, 3]) for (const stream of ["w/a", "w/b", "w/c"]) await test.post(stream, String(n));
    const { positions } = (await test.post("w/d", "4")).body as { positions: [string] };
    await test.post("w/d", "5");
    const query = `stream=w/a&stream=w/b&stream=w/c&stream=w/d&after=first&after=last:1&after=now&after=${positions[0]}`;
    const parser = await follow(test.port, query, (http) => entries(http).length === 5);
    const told = ofType(messagesOf(parser.events), "entry").map((entry) => `${entry["stream"]} ${entry["data"]}`);
    assert.deepEqual(told.sort(), ["w/a 1", "w/a 2", "w/a 3", "w/b 3", "w/d 5"]);
  });

  it("goes on from the last id, in the header or in the query, whatever `after` says", async () => {
    for (const n of [1, 2, 3]) await test.post("r/a", String(n));
    const first = await follow(test.port, "stream=r/a&stream=r/b&after=first", (http) => entries(http).length === 3);
    const id = first.lastEventId;
    await test.post("r/a", "4");
    await test.post("r/b", "5");
    const query = "stream=r/a&stream=r/b&after=first";
    assert.deepEqual(data(await follow(test.port, query, (http) => entries(http).length === 2, id)).sort(), [4, 5]);
    const byQuery = await follow(test.port, `${query}&lastEventId=${encodeURIComponent(id)}`, (http) => entries(http).length === 2);
    assert.deepEqual(data(byQuery).sort(), [4, 5]);
  });

  it("tells a gap as an event, whose id stands behind it", async () => {
    await test.post("g", "1");
    const first = await follow(test.port, "stream=g&after=first", (http) => entries(http).length === 1);
    const ahead = first.lastEventId.replace(/\.1.$/, ".2zz");
    const parser = await follow(test.port, "stream=g", (http) => types(http).includes("gap"), ahead);
    const gap = ofType(messagesOf(parser.events), "gap")[0];
    assert.equal(gap?.["reason"], "ahead");
    assert.equal(parser.events.find((event) => event.type === "gap")?.lastEventId.split(",")[2], gap?.["after"]);
  });

  it("ends when all of its streams have, and then answers 204, which native clients take as the end", async () => {
    await test.post("e/a", "1");
    await test.post("e/b", "", { "holdfast-close": "true" });
    const query = "stream=e/a&stream=e/b&after=first";
    const http = await getSse(test.port, query);
    await http.until(() => entries(http).length === 1 && types(http).includes("closed"));
    const half = eventsOf(http).lastEventId;
    assert.match(half, /,0!$/);
    // The one that has ended is not asked for again.
    const again = await getSse(test.port, query, half);
    await again.until(() => types(again).includes("subscribed"));
    await test.post("e/a", "2", { "holdfast-close": "true" });
    for (const reader of [http, again]) {
      const { isComplete } = await reader.whole();
      assert.ok(isComplete);
      assert.equal(types(reader).at(-1), "closed");
    }
    assert.equal(ofType(sseMessages(again), "closed").length, 1);
    const id = eventsOf(http).lastEventId;
    assert.match(id, /!,0!$/);
    const last = await getSse(test.port, query, id);
    assert.equal((await last.whole()).status, 204);
    last.destroy();
  });

  it("takes 64 streams, and not one more", async () => {
    const query = (count: number): string => Array.from({ length: count }, (_, i) => `stream=many/${i}`).join("&");
    const http = await getSse(test.port, `${query(64)}&after=first`);
    await http.until(() => ofType(sseMessages(http), "subscribed").length === 64);
    await test.post("many/63", "1");
    await http.until(() => entries(http).length === 1);
    const id = eventsOf(http).lastEventId;
    assert.ok(Buffer.byteLength(id) <= 3_072 && id.split(",").length === 66);
    http.destroy();
    await test.post("many/0", "2");
    assert.deepEqual(data(await follow(test.port, query(64), (again) => entries(again).length === 1, id)), [2]);
    const refused = await getSse(test.port, query(65));
    assert.equal((await refused.whole()).status, 429);
    refused.destroy();
  });

  it("answers HEAD with the headers alone, and leaves no link", async () => {
    const http = await RawHttp.send(test.port, requestBytes("HEAD", "/v1/sse?stream=h", test.port));
    await http.until(() => http.hasEnded);
    assert.equal(http.response?.status, 200);
    assert.equal(http.response?.headers["content-type"], "text/event-stream");
    assert.equal(http.response?.body.length, 0);
    while (test.server.stats().links > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  const refusals: readonly (readonly [string, string, string | undefined, number, string])[] = [
    ["no stream", "", undefined, 400, "bad_request"],
    ["a bad name", "stream=../x", undefined, 400, "bad_stream_name"],
    ["a name that is no UTF-8", "stream=%ff", undefined, 400, "bad_stream_name"],
    ["a stream twice", "stream=a&stream=a", undefined, 400, "bad_request"],
    ["a position that is none", "stream=a&after=e.011", undefined, 400, "bad_position"],
    ["more of `last` than allowed", "stream=a&after=last:10001", undefined, 400, "bad_request"],
    ["two `after` for three streams", "stream=a&stream=b&stream=c&after=now&after=now", undefined, 400, "bad_request"],
    ["an id that is none", "stream=a", "garbage", 400, "bad_position"],
    ["an id of 4 KiB", "stream=a", `1,${"x".repeat(4_096)}`, 400, "bad_position"],
    ["an id of other streams", "stream=a", "1,zzzzzz,0", 400, "bad_position"],
    ["an id in the query that is none", "stream=a&lastEventId=x", undefined, 400, "bad_position"],
  ];
  for (const [what, query, id, status, code] of refusals) {
    it(`refuses ${what} with ${status} ${code}`, async () => {
      const http = await getSse(test.port, query, id);
      const response = await http.whole();
      assert.equal(response.status, status);
      assert.equal((JSON.parse(response.body.toString()) as { error: { code: string } }).error.code, code);
      http.destroy();
    });
  }
});

describe("an event stream for native clients says when to come back", () => {
  it("when there is no room: 200, a time, and an end", async () => {
    const test = await testServer({ linksMax: 1 });
    const first = await openSse(test.port);
    await first.until(() => sseMessages(first).length > 0);
    const http = await getSse(test.port, "stream=a");
    assert.equal((await http.whole()).status, 200);
    const parser = eventsOf(http);
    assert.deepEqual(
      parser.events.map((event) => event.type),
      ["bye"],
    );
    const bye = messagesOf(parser.events)[0] as { code: string; afterMs: number };
    assert.equal(bye.code, "too_many_links");
    assert.ok((parser.retryMs ?? 0) >= 1_000 + bye.afterMs);
    assert.equal(test.server.hub.counters.refused.get("too_many_links"), 1);
    first.destroy();
    await test.stop();
  });

  for (const [what, code] of [
    ["the server leaves", "draining"],
    ["its age has come", "rotated"],
  ] as const) {
    it(`when ${what}, keeping its place`, async () => {
      const test = await testServer(code === "rotated" ? { rotateMs: 200 } : {});
      await test.post("a", "1");
      const http = await getSse(test.port, "stream=a&after=first");
      await http.until(() => entries(http).length === 1);
      const stopped = code === "draining" ? test.stop() : null;
      await http.whole();
      const parser = eventsOf(http);
      const last = parser.events.at(-1);
      assert.equal(last?.type, "bye");
      assert.equal(JSON.parse(last?.data ?? "").code, code);
      assert.equal(last?.lastEventId.split(",")[2], entries(http)[0]?.["position"]);
      assert.ok((parser.retryMs ?? 0) >= 1_000);
      assert.equal(test.server.hub.counters.closed.get(code), 1);
      await (stopped ?? test.stop());
    });
  }

  it("when the engine cannot be read now", async () => {
    const engine = memoryEngine({ env: nodeEnv });
    const head = engine.head.bind(engine);
    engine.head = async (stream) => {
      if (stream === "busy") throw new HoldfastError("engine_busy");
      return head(stream);
    };
    const server = createServer({ engine, options: { port: 0, drainMs: 50 } });
    const { port } = await server.listen();
    const http = await getSse(port, "stream=free&stream=busy");
    await http.whole();
    assert.deepEqual(types(http).slice(-2), ["unsubscribed", "bye"]);
    assert.equal(sseMessages(http).at(-1)?.["code"], "engine_busy");
    assert.ok((eventsOf(http).retryMs ?? 0) >= 1_000);
    await server.close();
  });
});

describe("flushes of native links", () => {
  const bytes = Buffer.from("data: 1\n");
  const at = (...positions: string[]) => positions.map((position) => ({ position, hasEnded: false }));
  const text = (flush: Uint8Array): string => Buffer.from(flush).toString();

  it("are one buffer for all of one URL who are given the same bytes", () => {
    const memo = new NativeFlushMemo();
    const first = memo.flush(bytes, "1,a", at("p1"), true);
    assert.equal(text(first), "14\r\ndata: 1\nid: 1,a,p1\n\n\r\n");
    assert.equal(memo.flush(bytes, "1,a", at("p1"), true), first);
    assert.equal(text(memo.flush(Buffer.from("data: 2\n"), "1,a", at("p2"), true)), "14\r\ndata: 2\nid: 1,a,p2\n\n\r\n");
  });

  it("bear each link's own id where the URL is another one, or names more streams than that of the entries", () => {
    const memo = new NativeFlushMemo();
    assert.match(text(memo.flush(bytes, "1,a", at("p1"), false)), /id: 1,a,p1\n\n$/);
    assert.match(text(memo.flush(bytes, "1,b", at("p1"), false)), /id: 1,b,p1\n\n$/);
    for (const other of ["q1", "q2"]) assert.match(text(memo.flush(bytes, "1,b", at("p1", other), false)), new RegExp(`id: 1,b,p1,${other}\n\n$`));
    assert.match(text(memo.flush(bytes, "1,b", at("p1"), false)), /id: 1,b,p1\n\n$/);
  });
});
