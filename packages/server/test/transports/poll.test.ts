import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { encodePublish, limits } from "@holdfast/protocol";
import { RawHttp } from "../../../../scripts/test-support/raw-http.ts";
import { helloLine, linkBody, linkRequest, type Message, ofType, openSse, poll, pollMessages, sseMessages } from "../support/links.ts";
import { type TestServer, testServer } from "../support/server.ts";

const subscribe = (stream: string, from: unknown = "first", id = 1): Message => ({ type: "subscribe", id, stream, from });
const publish = (id: number, stream: string, data: unknown): Message => ({ type: "publish", id, stream, data });
const typesOf = (messages: readonly Message[]): unknown[] => messages.map((message) => message["type"]);

describe("a poll", () => {
  let test: TestServer;
  before(async () => {
    test = await testServer({ heartbeatMs: 400 });
  });
  after(() => test.stop());

  it("answers at once what only asks for the welcome", async () => {
    assert.deepEqual(typesOf(await poll(test.port)), ["welcome"]);
    assert.deepEqual(typesOf(await poll(test.port, { type: "ping", id: 4 })), ["welcome", "pong"]);
  });

  it("answers every publish of its body, in order, before it ends", async () => {
    const messages = await poll(test.port, ...Array.from({ length: 600 }, (_, i) => publish(i, "many", i)), publish(600, "../x", 1));
    assert.equal(ofType(messages, "published").length, 600);
    assert.deepEqual(
      ofType(messages, "refused").map((message) => [message["id"], message["code"]]),
      [[600, "bad_stream_name"]],
    );
    const told = ofType(await poll(test.port, subscribe("many", { last: 600 })), "entry").map((entry) => entry["data"]);
    assert.deepEqual(
      told,
      Array.from({ length: 600 }, (_, i) => i),
    );
  });

  it("brings what is there, soon; the next one from there brings the rest: nothing lost, nothing twice", async () => {
    const total = 3_000;
    for (let n = 0; n < total; n += 500) {
      const body = Array.from({ length: 500 }, (_, i) => `{"n":${n + i},"x":"${"x".repeat(300)}"}`).join("\n");
      await test.post("long", body, { "content-type": "application/x-ndjson" });
    }
    let cursor: unknown = null;
    const seen: number[] = [];
    let polls = 0;
    while (seen.length < total) {
      polls++;
      const messages = await poll(test.port, subscribe("long", cursor === null ? "first" : { after: cursor }));
      let bytes = 0;
      for (const entry of ofType(messages, "entry")) {
        assert.equal(entry["prev"], cursor ?? "0");
        cursor = entry["position"];
        seen.push((entry["data"] as { n: number }).n);
        bytes += JSON.stringify(entry).length;
      }
      assert.ok(bytes < 262_144 + 70_000, `${bytes}`);
    }
    assert.deepEqual(
      seen,
      Array.from({ length: total }, (_, i) => i),
    );
    assert.ok(polls >= 4, `${polls}`);
  });

  it("waits for something to say, then lingers for more of it", async () => {
    const http = await RawHttp.send(test.port, linkRequest("/v1/poll", test.port, linkBody(subscribe("hot", "now"))));
    await http.until(() => ofType(pollMessages(http), "subscribed").length === 1);
    assert.equal(http.response?.isComplete, false);
    await Promise.all([1, 2, 3].map((n) => test.post("hot", String(n))));
    await http.whole();
    assert.equal(ofType(pollMessages(http), "entry").length, 3);
    http.destroy();
  });

  it("takes a JSON text sequence, whose payloads keep line ends of their own", async () => {
    const text = [helloLine, '{"type":"publish","id":1,"stream":"sequence","data":[1,\n2]}'].map((message) => `\x1e${message}\n`).join("");
    const http = await RawHttp.send(test.port, linkRequest("/v1/poll", test.port, text));
    await http.whole();
    http.destroy();
    assert.equal(ofType(pollMessages(http), "published").length, 1);
    const parts = ofType(await poll(test.port, subscribe("sequence")), "part");
    assert.equal(Buffer.concat(parts.map((part) => Buffer.from(part["base64"] as string, "base64"))).toString(), "[1,\n2]");
  });

  it("ends with the first beat when there is nothing to say", async () => {
    const startMs = performance.now();
    const messages = await poll(test.port, subscribe("silent", "now"));
    assert.deepEqual(typesOf(messages), ["welcome", "subscribed", "beat"]);
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs > 150 && tookMs < 5_000, `${tookMs} ms`);
  });

  it("ends soon after a gap, an end, a refusal of its only stream, and an unsubscribe", async () => {
    await test.post("ended", "1", { "holdfast-close": "true" });
    const ended = await poll(test.port, subscribe("ended"));
    assert.deepEqual(typesOf(ended), ["welcome", "subscribed", "entry", "closed"]);
    const position = ended[2]?.["position"] as string;
    assert.deepEqual(typesOf(await poll(test.port, subscribe("ended", { after: position }))), ["welcome", "subscribed", "closed"]);
    const ahead = await poll(test.port, subscribe("hot", { after: "zz.2zz" }));
    assert.ok(typesOf(ahead).includes("gap"));
    assert.deepEqual(typesOf(await poll(test.port, subscribe("../x"))), ["welcome", "unsubscribed"]);
    assert.deepEqual(typesOf(await poll(test.port, { type: "unsubscribe", stream: "x" })), ["welcome", "unsubscribed"]);
  });

  it("takes the largest entry as parts, and gives it back", async () => {
    const payload = `"${"y".repeat(limits.entryBytesMax.value - 2)}"`;
    const answers = await poll(test.port, ...encodePublish({ id: 5, stream: "large", payload }));
    assert.equal(ofType(answers, "published").length, 1);
    const messages = await poll(test.port, subscribe("large"));
    const bytes = Buffer.concat(ofType(messages, "part").map((part) => Buffer.from(part["base64"] as string, "base64")));
    assert.equal(bytes.toString(), payload);
    assert.equal(ofType(messages, "entry")[0]?.["parts"], ofType(messages, "part").length);
  });

  it("takes what a client sends at once, however small a body is allowed to be", async (t) => {
    const small = await testServer({ bodyBytesMax: 1_000 });
    t.after(() => small.stop());
    const text = JSON.stringify("\u4e16".repeat(16_000)); // 48,002 bytes in 16,002 characters.
    const large = new Uint8Array(limits.entryBytesMax.value).fill(7);
    const all = [text, text, text, text, large].flatMap((payload, id) => encodePublish({ id, stream: "a", payload }));
    assert.ok(Buffer.byteLength(all.join("\n")) > 540_000);
    const messages = await poll(small.port, ...all);
    assert.deepEqual(typesOf(messages), ["welcome", ...Array<string>(5).fill("published")]);
  });

  it("leaves its connection open for the next, and pipelined ones are answered in turn", async () => {
    const request = (n: number): Buffer => linkRequest("/v1/poll", test.port, linkBody(publish(n, "pipe", n), { type: "ping", id: n }));
    const http = await RawHttp.send(test.port, Buffer.concat([1, 2, 3].map(request)));
    await http.until(() => http.responses.length === 3 && http.responses.every((response) => response.isComplete));
    for (const [i, response] of http.responses.entries()) {
      assert.equal(response.headers["connection"], "keep-alive");
      assert.ok(response.body.toString().includes(`{"type":"published","id":${i + 1},`));
    }
    http.socket.write(request(4));
    await http.until(() => http.responses.length === 4 && http.responses[3]?.isComplete === true);
    http.destroy();
    const told = ofType(await poll(test.port, subscribe("pipe")), "entry").map((entry) => entry["data"]);
    assert.deepEqual(told, [1, 2, 3, 4]);
  });

  it("speaks HTTP/1.0: the end of the connection is the end of the body", async () => {
    const request = linkRequest("/v1/poll", test.port, linkBody(publish(1, "old", 1)))
      .toString("latin1")
      .replace("HTTP/1.1", "HTTP/1.0");
    const http = await RawHttp.send(test.port, request);
    await http.until(() => http.hasEnded);
    assert.deepEqual(typesOf(pollMessages(http)), ["welcome", "published"]);
  });

  it("leaves no link, reader or listener behind", async () => {
    const http = await RawHttp.open(test.port);
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on("warning", warn);
    for (let n = 1; n <= 30; n++) {
      http.socket.write(linkRequest("/v1/poll", test.port, linkBody(publish(n, "left", n), subscribe("left", { last: 1 }))));
      await http.until(() => http.responses.length === n && http.responses[n - 1]?.isComplete === true);
    }
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", warn);
    assert.deepEqual(warnings, []);
    http.destroy();
    while (test.server.stats().links > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(test.server.hub.readersOf("left"), 0);
    assert.equal(test.server.stats().subscriptions, 0);
  });
});

describe("a poll that meets the end of its server", () => {
  it("is told to go away, and ends with everything answered", async () => {
    const test = await testServer({ drainMs: 10_000 });
    const http = await RawHttp.send(test.port, linkRequest("/v1/poll", test.port, linkBody(publish(1, "a", 1), subscribe("b", "now"))));
    await http.until(() => ofType(pollMessages(http), "subscribed").length === 1);
    const startMs = performance.now();
    await Promise.all([test.stop(), http.whole()]);
    assert.ok(performance.now() - startMs < 2_500, "nobody is waited for who has ended by himself");
    const [last] = pollMessages(http).slice(-1);
    assert.deepEqual([last?.["type"], last?.["afterMs"]], ["goaway", 0]);
    assert.equal(ofType(pollMessages(http), "published").length, 1);
  });

  it("brings what comes until the client's slot; then the connection ends with the poll, because the next should lead elsewhere", async () => {
    // A window of four seconds, so that slots are some way off.
    const test = await testServer({ drainMs: 10_000, admissionPerSecond: 1 });
    const followers = await Promise.all(
      Array.from({ length: 4 }, () => RawHttp.send(test.port, linkRequest("/v1/poll", test.port, linkBody(subscribe("b", "now"))))),
    );
    for (const http of followers) await http.until(() => ofType(pollMessages(http), "subscribed").length === 1);
    const drained = test.server.hub.drain();
    assert.equal((await test.post("b", "1")).status, 200, "a publish is taken by a server that drains");
    for (const http of followers) {
      await http.until(() => http.hasEnded);
      assert.ok(["entry goaway", "goaway"].includes(typesOf(pollMessages(http)).slice(2).join(" ")));
    }
    assert.ok(followers.some((http) => ofType(pollMessages(http), "entry").length === 1));
    await drained;
    await test.stop();
  });

  it("refuses links over connections that end with the refusal, and takes what only publishes", async () => {
    const test = await testServer();
    void test.server.hub.drain();
    const refused = await RawHttp.send(test.port, linkRequest("/v1/poll", test.port, linkBody(subscribe("a"))));
    await refused.until(() => refused.hasEnded);
    assert.equal(refused.response?.status, 503);
    assert.equal(refused.response?.headers["connection"], "close");
    assert.deepEqual(typesOf(await poll(test.port, publish(1, "a", 1))), ["welcome", "published"]);
    await test.stop();
  });

  it("is refused by status while there is no room", async () => {
    const test = await testServer({ linksMax: 1 });
    const first = await openSse(test.port);
    await first.until(() => sseMessages(first).length > 0);
    const http = await RawHttp.send(test.port, linkRequest("/v1/poll", test.port, linkBody()));
    assert.equal((await http.whole()).status, 429);
    first.destroy();
    http.destroy();
    await test.stop();
  });
});
