import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { RawHttp, requestBytes } from "../../../../scripts/test-support/raw-http.ts";
import { getSse, helloLine, linkBody, linkRequest, ofType, openSse, poll, pollMessages, sseMessages } from "../support/links.ts";
import { type TestServer, testServer } from "../support/server.ts";

const paths = ["/v1/sse", "/v1/poll"] as const;
const plain = { "Content-Type": "text/plain" };
const codeOf = (body: Buffer): unknown => (JSON.parse(body.toString()) as { error: { code: string } }).error.code;

/** Waits until the server holds no links but `count`: whatever was sent, nothing of it stays. */
async function linksAre(test: TestServer, count: number): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (test.server.stats().links !== count) {
    assert.ok(performance.now() < deadline, `${test.server.stats().links} links`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("links carried by requests meet what no client should send", () => {
  let test: TestServer;
  let bystander: RawHttp;
  before(async () => {
    test = await testServer({ handshakeMs: 400 });
    bystander = await openSse(test.port, { type: "subscribe", id: 1, stream: "calm", from: "now" });
    await bystander.until(() => sseMessages(bystander).length === 2);
  });
  afterEach(() => linksAre(test, 1));
  after(async () => {
    await test.post("calm", '"still here"');
    await bystander.until(() => ofType(sseMessages(bystander), "entry").length === 1);
    bystander.destroy();
    await linksAre(test, 0);
    assert.equal(test.server.stats().subscriptions, 0);
    await test.stop();
  });

  const long = `{"type":"ping","id":1,"x":"${"x".repeat(65_536)}"}`;
  const bodies: readonly (readonly [string, string | Buffer, Record<string, string>, number, string])[] = [
    ["no content type", linkBody(), { "Content-Type": "" }, 415, "unsupported_media_type"],
    ["a form", linkBody(), { "Content-Type": "application/x-www-form-urlencoded" }, 415, "unsupported_media_type"],
    ["JSON", linkBody(), { "Content-Type": "application/json" }, 415, "unsupported_media_type"],
    ["another charset", linkBody(), { "Content-Type": "text/plain; charset=iso-8859-1" }, 415, "unsupported_media_type"],
    ["a compressed body", gzipSync(linkBody()), { "Content-Encoding": "gzip" }, 415, "unsupported_media_type"],
    ["what is no UTF-8", Buffer.concat([Buffer.from(helloLine), Buffer.from([0x0a, 0xff])]), {}, 400, "not_utf8"],
    ["half a surrogate pair in UTF-8", Buffer.concat([Buffer.from(helloLine), Buffer.from([0x0a, 0xed, 0xa0, 0x80])]), {}, 400, "not_utf8"],
    ["nothing", "", {}, 400, "bad_request"],
    ["empty lines", "\n\r\n \n", {}, 400, "bad_request"],
    ["a byte order mark", `\ufeff${helloLine}`, {}, 400, "bad_request"],
    ["no hello first", '{"type":"ping","id":1}', {}, 400, "bad_request"],
    ["no JSON", "hello", {}, 400, "bad_request"],
    ["half a hello", helloLine.slice(0, -1), {}, 400, "bad_request"],
    ["another protocol", '{"type":"hello","protocol":2}', {}, 400, "protocol_unsupported"],
    ["a message above the limit", linkBody(long), {}, 413, "frame_too_large"],
    ["a message above the limit in bytes alone", linkBody(long.replaceAll("x", "ü").slice(0, 40_000)), {}, 413, "frame_too_large"],
  ];
  for (const path of paths) {
    for (const [what, body, headers, status, code] of bodies) {
      it(`${path} refuses ${what} with ${status} ${code}`, async () => {
        const http = await RawHttp.send(test.port, requestBytes("POST", path, test.port, { ...plain, ...headers }, body));
        const response = await http.whole();
        assert.equal(response.status, status);
        assert.equal(codeOf(response.body), code);
        http.destroy();
      });
    }

    it(`${path} answers what comes after a good hello within the response`, async () => {
      const body = linkBody(
        '{"type":"subscribe","id":1',
        "[]",
        `{"type":"ping","x":${"[".repeat(10_000)}`,
        '{"type":"hello","protocol":1}',
        '{"type":"ping","id":2}',
      );
      const http = await RawHttp.send(test.port, linkRequest(path, test.port, body));
      await http.whole();
      const messages = path === "/v1/sse" ? sseMessages(http) : pollMessages(http);
      assert.deepEqual(
        messages.map((message) => message["type"]),
        ["welcome", "error", "error", "error", "bye"],
      );
      assert.equal(messages.at(-1)?.["message"], "a second `hello`");
      http.destroy();
    });

    it(`${path} closes for a flood of pings`, async () => {
      const http = await RawHttp.send(test.port, linkRequest(path, test.port, linkBody(...Array.from({ length: 3_000 }, () => '{"type":"ping","id":1}'))));
      await http.whole();
      const messages = path === "/v1/sse" ? sseMessages(http) : pollMessages(http);
      assert.equal(ofType(messages, "pong").length, 10);
      assert.equal(messages.at(-1)?.["code"], "ping_flood");
      http.destroy();
    });

    it(`${path} takes a body that comes byte by byte, and one that is chunked, and one that was expected`, async () => {
      const body = linkBody('{"type":"ping","id":8}');
      const slow = await RawHttp.open(test.port);
      for (const byte of linkRequest(path, test.port, body)) {
        slow.socket.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const chunked = requestBytes("POST", path, test.port, { ...plain, "Transfer-Encoding": "chunked" });
      const pieces = [...body].map((sign) => `1\r\n${sign}\r\n`).join("");
      const other = await RawHttp.send(test.port, Buffer.concat([chunked, Buffer.from(`${pieces}0\r\n\r\n`)]));
      for (const http of [slow, other]) {
        await http.until(() => http.text.includes('"pong"'));
        http.destroy();
      }
      const expecting = await RawHttp.send(
        test.port,
        requestBytes("POST", path, test.port, { ...plain, Expect: "100-continue", "Content-Length": String(body.length) }),
      );
      await expecting.until(() => expecting.responses[0]?.status === 100);
      expecting.socket.write(body);
      await expecting.until(() => expecting.bytes.includes('"pong"'));
      expecting.destroy();
    });

    it(`${path} gives up a body that does not come, and one whose client leaves`, async () => {
      const head = requestBytes("POST", path, test.port, { ...plain, "Content-Length": "100" });
      const leaving = await RawHttp.send(test.port, Buffer.concat([head, Buffer.from("{")]));
      await new Promise((resolve) => setTimeout(resolve, 20));
      leaving.socket.end();
      await leaving.until(() => leaving.hasEnded);
      const refused = test.server.hub.counters.refused.get("internal") ?? 0;
      const slow = await RawHttp.send(test.port, Buffer.concat([head, Buffer.from("{")]));
      assert.equal((await slow.whole(6_000)).status, 408);
      await slow.until(() => slow.hasEnded);
      assert.equal(test.server.hub.counters.refused.get("internal") ?? 0, refused);
    });

    it(`${path} refuses a body above its limit, and closes`, async () => {
      const bytes = path === "/v1/sse" ? 131_073 : 1_048_577;
      const http = await RawHttp.send(test.port, requestBytes("POST", path, test.port, plain, " ".repeat(bytes)));
      const response = await http.whole();
      assert.equal(response.status, 413);
      assert.equal(codeOf(response.body), "body_too_large");
      await http.until(() => http.hasEnded);
    });

    for (const method of ["PUT", "DELETE", "OPTIONS", "PATCH"]) {
      it(`${path} does not know ${method}`, async () => {
        const http = await RawHttp.send(test.port, requestBytes(method, path, test.port, {}, "x"));
        const response = await http.whole();
        assert.equal(response.status, 405);
        assert.equal(response.headers["allow"], path === "/v1/sse" ? "GET, HEAD, POST" : "POST");
        http.destroy();
      });
    }

    it(`${path} lets go of a client that resets, or says that it will send no more`, async () => {
      for (const how of ["reset", "end"] as const) {
        const http = await RawHttp.send(test.port, linkRequest(path, test.port, linkBody({ type: "subscribe", id: 1, stream: "left", from: "now" })));
        await http.until(() => http.text.includes('"subscribed"'));
        if (how === "reset") http.socket.resetAndDestroy();
        else http.socket.end();
        await linksAre(test, 1);
        assert.equal(test.server.hub.readersOf("left"), 0);
        http.destroy();
      }
    });

    it(`${path} lets go of a client whose connection goes on with garbage`, async () => {
      const request = linkRequest(path, test.port, linkBody({ type: "subscribe", id: 1, stream: "left", from: "now" }));
      const http = await RawHttp.send(test.port, Buffer.concat([request, Buffer.from("\0\0garbage\r\n\r\n")]));
      await http.until(() => http.hasEnded);
    });
  }

  it("refuses an expectation that it does not know, with 417", async () => {
    const http = await RawHttp.send(test.port, requestBytes("POST", "/v1/poll", test.port, { ...plain, Expect: "banana" }, linkBody()));
    assert.equal((await http.whole()).status, 417);
    http.destroy();
  });

  it("knows GET of polls as little as any other method", async () => {
    const http = await RawHttp.send(test.port, requestBytes("GET", "/v1/poll", test.port));
    assert.equal((await http.whole()).status, 405);
    http.destroy();
  });

  it("processes nothing that is pipelined behind an event stream, and ends the connection of who does it for long", async () => {
    const behind = requestBytes("POST", "/v1/streams/behind", test.port, { "Content-Type": "application/json" }, "1");
    const http = await openSse(test.port);
    await http.until(() => sseMessages(http).length === 1);
    for (let i = 0; i < 16; i++) http.socket.write(behind);
    await test.post("calm/other", "1");
    assert.equal(http.hasEnded, false);
    http.socket.write(behind);
    await http.until(() => http.hasEnded);
    assert.equal((await fetch(`${test.url}/v1/streams/behind`)).status, 404);
  });

  it("refuses two ids of the last event, and one of other bytes", async () => {
    for (const id of ["1,x,0\r\nLast-Event-ID: 1,x,0", "1,\u00ff,0", "\t"]) {
      const http = await getSse(test.port, "stream=a", id);
      await http.until(() => http.response !== undefined);
      // An id of white space is none at all.
      assert.equal(http.response?.status, id === "\t" ? 200 : 400);
      http.destroy();
    }
  });

  it("answers a part that is refused once, and one that is never completed not at all", async () => {
    const part = { type: "part", id: 1, index: 0, base64: "AAAA" };
    const types = (messages: readonly Record<string, unknown>[]): unknown[] => messages.map((message) => message["type"]);
    assert.deepEqual(types(await poll(test.port, part, { type: "ping", id: 3 })), ["welcome", "pong"]);
    assert.deepEqual(types(await poll(test.port, { ...part, index: 1 }, part, { type: "ping", id: 3 })), ["welcome", "refused", "pong"]);
  });
});
