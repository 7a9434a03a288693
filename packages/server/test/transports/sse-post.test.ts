import assert from "node:assert/strict";
import diagnostics from "node:diagnostics_channel";
import { after, before, describe, it } from "node:test";
import { RawHttp } from "../../../../scripts/test-support/raw-http.ts";
import { eventsOf, linkBody, linkRequest, ofType, openSse, sseMessages } from "../support/links.ts";
import { type TestServer, testServer } from "../support/server.ts";

const subscribe = (stream: string, from: unknown = "first", id = 1): Record<string, unknown> => ({ type: "subscribe", id, stream, from });

describe("an event stream that is asked for by POST", () => {
  let test: TestServer;
  before(async () => {
    test = await testServer({ heartbeatMs: 300 });
  });
  after(() => test.stop());

  it("begins with the headers that no hop may buffer, and the welcome", async () => {
    const http = await openSse(test.port);
    await http.until(() => sseMessages(http).length > 0);
    const { status, headers } = http.response ?? assert.fail();
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "text/event-stream");
    assert.equal(headers["cache-control"], "no-store, no-transform");
    assert.equal(headers["x-accel-buffering"], "no");
    const [welcome] = sseMessages(http);
    assert.equal(welcome?.["type"], "welcome");
    assert.equal(test.server.stats().linksByTransport["sse"], 1);
    http.destroy();
    while (test.server.stats().links > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it("answers what needs no reading in the write that begins it", async () => {
    const other = await openSse(test.port, subscribe("known")); // A stream that has readers is looked up in memory.
    await other.until(() => ofType(sseMessages(other), "subscribed").length === 1);
    let writes = 0;
    const count = (message: unknown): void => {
      const { socket } = message as { socket: Record<"_write" | "_writev", (...args: unknown[]) => void> };
      for (const name of ["_write", "_writev"] as const) {
        const write = socket[name];
        socket[name] = (...args) => {
          writes++;
          write.apply(socket, args);
        };
      }
    };
    diagnostics.subscribe("net.server.socket", count);
    const http = await openSse(test.port, subscribe("known"));
    await http.until(() => ofType(sseMessages(http), "subscribed").length === 1);
    diagnostics.unsubscribe("net.server.socket", count);
    assert.equal(writes, 1);
    for (const each of [other, http]) each.destroy();
  });

  it("brings entries of several streams, a flush as one event, then what is published next, and beats", async () => {
    for (const n of [1, 2, 3]) await test.post("a", String(n));
    await test.post("b", "1");
    const http = await openSse(test.port, subscribe("a"), subscribe("b", { last: 1 }, 2));
    await http.until(() => ofType(sseMessages(http), "entry").length === 4);
    await test.post("a", "4");
    await http.until(() => ofType(sseMessages(http), "entry").length === 5);
    const parsed = eventsOf(http);
    const flushes = parsed.events.filter((event) => event.data.includes('"entry"') && event.data.includes('"stream":"a"'));
    assert.deepEqual(
      flushes.map((event) => event.data.split("\n").length),
      [3, 1],
    );
    assert.ok(parsed.events.every((event) => event.type === "message" && event.lastEventId === ""));
    let prev = "0";
    for (const entry of ofType(sseMessages(http), "entry").filter((message) => message["stream"] === "a")) {
      assert.equal(entry["prev"], prev);
      prev = entry["position"] as string;
    }
    await http.until(() => ofType(sseMessages(http), "beat").length >= 2);
    http.destroy();
  });

  it("answers publishes and pings that came in its body", async () => {
    const http = await openSse(test.port, { type: "publish", id: 9, stream: "own", data: 1 }, { type: "ping", id: 3 }, subscribe("own"));
    await http.until(() => ofType(sseMessages(http), "entry").length === 1);
    assert.equal(ofType(sseMessages(http), "published")[0]?.["id"], 9);
    assert.equal(ofType(sseMessages(http), "pong")[0]?.["id"], 3);
    http.destroy();
  });

  it("says goodbye with the code when the hub ends the link, and ends the response", async () => {
    const bad = Array.from({ length: 11 }, () => "nonsense");
    const http = await RawHttp.send(test.port, linkRequest("/v1/sse", test.port, linkBody(...bad)));
    const { isComplete } = await http.whole();
    assert.ok(isComplete);
    const messages = sseMessages(http);
    assert.equal(ofType(messages, "error").length, 10);
    assert.deepEqual(messages.at(-1), { type: "bye", code: "bad_request", message: "too many bad messages" });
    await http.until(() => http.hasEnded);
  });

  it("speaks HTTP/1.0: the end of the connection is the end of the body", async () => {
    const request = linkRequest("/v1/sse", test.port, linkBody(subscribe("a")))
      .toString("latin1")
      .replace("HTTP/1.1", "HTTP/1.0");
    const http = await RawHttp.send(test.port, request);
    await http.until(() => ofType(sseMessages(http), "entry").length >= 4);
    assert.equal(http.response?.headers["transfer-encoding"], undefined);
    assert.equal(http.response?.headers["connection"], "close");
    http.destroy();
  });

  it("takes as many streams as a link may have, and refuses one more by its id", async () => {
    const many = Array.from({ length: 129 }, (_, i) => subscribe(`many/${i}`, "now", i));
    const http = await openSse(test.port, ...many);
    await http.until(() => ofType(sseMessages(http), "subscribed").length === 128);
    assert.deepEqual(
      ofType(sseMessages(http), "unsubscribed").map((message) => [message["id"], message["code"]]),
      [[128, "too_many_subscriptions"]],
    );
    http.destroy();
  });
});

describe("an event stream that is asked for by POST ends", () => {
  it("by rotation: told at its age, and ended when its client has not moved", async () => {
    const test = await testServer({ rotateMs: 300 });
    const http = await openSse(test.port, subscribe("a"));
    const startMs = performance.now();
    await http.until(() => ofType(sseMessages(http), "goaway").length === 1);
    const agedMs = performance.now() - startMs;
    assert.ok(agedMs > 250 && agedMs < 5_000, `${agedMs} ms`);
    assert.deepEqual(ofType(sseMessages(http), "goaway"), [{ type: "goaway", code: "rotated", afterMs: 0, deadlineMs: 300 }]);
    await test.post("a", "1");
    await http.until(() => ofType(sseMessages(http), "entry").length === 1);
    await http.whole();
    assert.deepEqual(sseMessages(http).at(-1), { type: "bye", code: "rotated" });
    assert.equal(test.server.hub.counters.closed.get("rotated"), 1);
    assert.equal(test.server.stats().links, 0);
    await test.stop();
  });

  it("by a drain: goaway with a slot, then bye at the deadline", async () => {
    const test = await testServer({ drainMs: 300 });
    const http = await openSse(test.port, subscribe("a"));
    await http.until(() => ofType(sseMessages(http), "subscribed").length === 1);
    const stopped = test.stop();
    await http.whole();
    const messages = sseMessages(http);
    assert.equal(ofType(messages, "goaway")[0]?.["code"], "draining");
    assert.equal(messages.at(-1)?.["type"], "bye");
    assert.equal(messages.at(-1)?.["code"], "draining");
    assert.ok(Number.isInteger(messages.at(-1)?.["windowMs"]));
    await stopped;
  });

  it("before it begins, by the status of its code, when there is no room", async () => {
    const test = await testServer({ linksMax: 1 });
    const first = await openSse(test.port);
    await first.until(() => sseMessages(first).length > 0);
    const second = await openSse(test.port);
    const { status, headers, body } = await second.whole();
    assert.equal(status, 429);
    const { error } = JSON.parse(body.toString()) as { error: { code: string; afterMs: number } };
    assert.equal(error.code, "too_many_links");
    assert.equal(headers["retry-after"], String(Math.ceil(error.afterMs / 1_000)));
    first.destroy();
    second.destroy();
    await test.stop();
  });
});
