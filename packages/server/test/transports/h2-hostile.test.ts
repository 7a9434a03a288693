/** Bytes that no client should send on a link over HTTP/2, and links that share a session: none of them may cost another anything. */
import assert from "node:assert/strict";
import { type ClientHttp2Session, connect } from "node:http2";
import { after, before, describe, it } from "node:test";
import { until } from "../../../../scripts/test-support/http2-client.ts";
import { data, frameTypes, headers, RawHttp2, requestFields, settingIds } from "../../../../scripts/test-support/http2-frames.ts";
import { framed, H2Link, hello, linkType } from "../support/h2-link.ts";
import { type TestServer, testServer } from "../support/server.ts";

const subscribe = (stream: string, from: unknown = "now", id = 1): Record<string, unknown> => ({ type: "subscribe", id, stream, from });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("a link over HTTP/2 meets bytes that no client should send", () => {
  let test: TestServer;
  let session: ClientHttp2Session;
  let bystander: H2Link;
  before(async () => {
    test = await testServer({ heartbeatMs: 60_000 });
    session = connect(test.url);
    session.on("error", () => {});
    bystander = await H2Link.on(session, subscribe("calm"));
    await bystander.until(() => bystander.ofType("subscribed").length === 1);
  });
  after(async () => {
    // Whatever the others sent on the same session, this link went on undisturbed.
    await test.post("calm", '"still here"');
    await bystander.until(() => bystander.ofType("entry").length === 1);
    assert.equal(bystander.isOver, false);
    session.destroy();
    await test.stop();
  });

  const big = Buffer.alloc(5);
  big.writeUInt32BE(65_537, 1);
  const cases: readonly (readonly [what: string, bytes: Buffer, code: string])[] = [
    ["flags that there are none of", Buffer.of(2), "protocol_error"],
    ["a message that is compressed", framed("{}", 1), "protocol_error"],
    ["a length above the limit", big, "frame_too_large"],
    ["the greatest length", Buffer.of(0, 0xff, 0xff, 0xff, 0xff), "frame_too_large"],
    ["invalid UTF-8", framed(Uint8Array.of(0xff, 0xfe)), "not_utf8"],
    ["a lone surrogate in UTF-8", framed(Uint8Array.of(0xed, 0xa0, 0x80)), "not_utf8"],
    ["HTTP/1.1", Buffer.from("POST / HTTP/1.1\r\n\r\n"), "protocol_error"],
    ["a second hello", framed(hello), "bad_request"],
    ["eleven messages that mean nothing", Buffer.concat(Array.from({ length: 11 }, () => framed("[]"))), "bad_request"],
    ["more pings than a living peer needs", Buffer.concat(Array.from({ length: 11 }, (_, id) => framed({ type: "ping", id }))), "ping_flood"],
  ];
  for (const [what, bytes, code] of cases) {
    it(`answers ${what} with ${code} and ends the stream`, async () => {
      const { closed } = test.server.hub.counters;
      const before = closed.get(code as never) ?? 0;
      const link = await H2Link.on(session);
      link.stream.write(bytes);
      await link.until(() => link.isOver);
      assert.equal(link.byeCode, code);
      assert.ok(link.hasEnded);
      assert.equal((closed.get(code as never) ?? 0) - before, 1);
    });
  }

  it("takes messages however they are cut, at every byte", async () => {
    const first = Buffer.concat([framed(hello), framed({ type: "ping", id: 7 }), framed({ type: "ping", id: 8 })]);
    for (let at = 1; at < first.length; at += 3) {
      const link = new H2Link(session);
      link.stream.write(first.subarray(0, at));
      await pause(1);
      link.stream.write(first.subarray(at));
      await link.until(() => link.ofType("pong").length === 2);
      link.stream.write(framed(""));
      link.stream.end();
      await link.until(() => link.isOver);
      assert.equal(link.stream.rstCode, 0, `cut at ${at}`);
    }
  });

  it("ends a message that comes in DATA frames of one byte, and keeps no more of it than its bytes", async () => {
    const raw = await RawHttp2.open(test.port);
    raw.send(headers(1, requestFields("/v1/link", "POST", [["content-type", linkType]]), 4), data(1, framed(hello)));
    assert.ok(await raw.until(() => raw.count(frameTypes.data, 1) > 0));
    const message = framed("x".repeat(60_000));
    const frames = Array.from(message.subarray(0, 3_000), (byte) => data(1, Buffer.of(byte)));
    raw.send(...frames);
    assert.ok(
      await raw.until(() => Buffer.concat(raw.frames.filter(({ type }) => type === frameTypes.data).map(({ payload }) => payload)).includes("frame_too_large")),
    );
    raw.close();
  });

  it("is refused with an HTTP error before it has begun", async () => {
    const refused = async (bytes: Buffer | null, more: Record<string, string> = {}): Promise<unknown[]> => {
      const link = new H2Link(session, more);
      if (bytes !== null) link.stream.write(bytes);
      else link.stream.end();
      await link.until(() => link.isOver);
      return [link.status, link.refusal["code"]];
    };
    assert.deepEqual(await refused(framed(subscribe("a"))), [400, "bad_request"]);
    assert.deepEqual(await refused(framed("x")), [400, "bad_request"]);
    assert.deepEqual(await refused(framed({ ...hello, protocol: 2 })), [400, "protocol_unsupported"]);
    assert.deepEqual(await refused(Buffer.of(7)), [400, "protocol_error"]);
    assert.deepEqual(await refused(big), [413, "frame_too_large"]);
    assert.deepEqual(await refused(framed(Uint8Array.of(0xff))), [400, "not_utf8"]);
    assert.deepEqual(await refused(null), [400, "bad_request"]);
    assert.deepEqual(await refused(framed(hello), { "content-type": "application/json" }), [415, "unsupported_media_type"]);
    assert.deepEqual(await refused(framed(hello), { "content-encoding": "gzip" }), [415, "unsupported_media_type"]);
    assert.deepEqual(await refused(framed(hello), { origin: "https://evil.example" }), [403, "bad_origin"]);
    assert.deepEqual(await refused(framed(hello), { ":authority": "evil.example" }), [421, "bad_host"]);
  });

  it("is refused over HTTP/1.1, and by other methods, by an error that says what is spoken", async () => {
    const post = await fetch(`${test.url}/v1/link`, { method: "POST", body: framed(hello), headers: { "content-type": linkType } });
    assert.equal(post.status, 400);
    assert.equal(post.headers.get("upgrade"), "websocket");
    const { error } = (await post.json()) as { error: { code: string; message: string } };
    assert.equal(error.code, "protocol_unsupported");
    assert.match(error.message, /over HTTP\/2 also POST/);
    assert.equal((await fetch(`${test.url}/v1/link`)).status, 400);
    assert.equal((await fetch(`${test.url}/v1/link`, { method: "PUT", body: "x" })).status, 405);
  });

  it("frees what was left in the middle: of a hello, of a message, of a subscription", async () => {
    const before = test.server.stats().links;
    const left = [framed(hello).subarray(0, 9), Buffer.concat([framed(hello), framed("x".repeat(50_000)).subarray(0, 30_000)]), framed(hello)].map((bytes) => {
      const link = new H2Link(session);
      link.stream.write(bytes);
      return link;
    });
    await until(
      () => test.server.stats().links === before + 3,
      () => `${test.server.stats().links - before} links`,
    );
    for (const { stream } of left) stream.close(8);
    await until(
      () => test.server.stats().links === before,
      () => `${test.server.stats().links - before} links`,
    );
  });

  it("that ends in the middle of a message ends for it", async () => {
    const link = await H2Link.on(session);
    link.stream.end(framed("x".repeat(100)).subarray(0, 50));
    await link.until(() => link.isOver);
    assert.equal(link.byeCode, "protocol_error");
  });
});

describe("a link over HTTP/2 has finite caps", () => {
  it("a peer that says no hello is let go in time", async () => {
    const test = await testServer({ handshakeMs: 200 });
    const session = connect(test.url);
    const link = new H2Link(session);
    await link.until(() => link.isOver);
    assert.deepEqual([link.status, link.refusal["code"]], [408, "handshake_timeout"]);
    assert.equal(session.closed, false);
    session.destroy();
    await test.stop();
  });

  it("a server without room says so, and when to come back", async () => {
    const test = await testServer({ linksMax: 1 });
    const session = connect(test.url);
    await H2Link.on(session);
    const second = new H2Link(session);
    await second.until(() => second.isOver);
    assert.equal(second.refusal["code"], "too_many_links");
    assert.ok(Number.isInteger(second.refusal["afterMs"]));
    session.destroy();
    await test.stop();
  });

  it("who opens more than streamsMax has been told, and loses the session and its links; others go on", async () => {
    const test = await testServer({ heartbeatMs: 60_000 }, { listener: { http2: { streamsMax: 5 } } });
    const calm = await H2Link.live(test.url, subscribe("calm"));
    const raw = await RawHttp2.open(test.port);
    const fields = requestFields("/v1/link", "POST", [["content-type", linkType]]);
    const opening = (n: number): Buffer[] => [headers(1 + 2 * n, fields, 4), data(1 + 2 * n, framed(hello))];
    for (let n = 0; n < 5; n++) raw.send(...opening(n));
    await until(
      () => test.server.stats().links === 6,
      () => `${test.server.stats().links} links`,
    );
    raw.send(...opening(5));
    assert.ok(await raw.untilEnded());
    await until(
      () => test.server.stats().links === 1,
      () => `${test.server.stats().links} links`,
    );
    await test.post("calm", "1");
    await calm.until(() => calm.ofType("entry").length === 1);
    calm.end();
    raw.close();
    await test.stop();
  });

  it("a storm of resets ends its own session and no other", async () => {
    const test = await testServer({ heartbeatMs: 60_000 });
    const calm = await H2Link.live(test.url, subscribe("calm"));
    const raw = await RawHttp2.open(test.port);
    const fields = requestFields("/v1/link", "POST", [["content-type", linkType]]);
    const reset = (stream: number): Buffer => Buffer.concat([Buffer.from([0, 0, 4, 3, 0]), uint32(stream), uint32(8)]);
    for (let n = 0; n < 400 && raw.ended === null; n++) raw.send(headers(1 + 2 * n, fields, 4), data(1 + 2 * n, framed(hello)), reset(1 + 2 * n));
    assert.ok(await raw.untilEnded());
    await until(
      () => test.server.stats().links === 1,
      () => `${test.server.stats().links} links`,
    );
    await test.post("calm", "1");
    await calm.until(() => calm.ofType("entry").length === 1);
    calm.end();
    raw.close();
    await test.stop();
  });

  it("a reader with a window of nothing is told its code by a reset, and the others of its session get everything", async () => {
    const test = await testServer({ stallMs: 1_500, heartbeatMs: 300 });
    const raw = await RawHttp2.open(test.port, [[settingIds.initialWindowSize, 0]]);
    const fields = requestFields("/v1/link", "POST", [["content-type", linkType]]);
    raw.send(headers(1, fields, 4), data(1, framed(hello)), data(1, framed(subscribe("wide"))));
    await until(
      () => test.server.stats().links === 1,
      () => "no link",
    );
    const beats = setInterval(() => raw.send(data(1, framed({ type: "beat" }))), 100);
    await until(
      () => test.server.stats().links === 0,
      () => "it stays",
    );
    clearInterval(beats);
    assert.equal(test.server.hub.counters.closed.get("slow_consumer"), 1);
    // Guard would end the whole session after 2 x stallMs and as much as here: the link's own deadline has stallMs to come first.
    const isReset = await raw.until(() => raw.count(frameTypes.rstStream, 1) >= 1);
    raw.close();
    await test.stop();
    assert.ok(isReset);
  });
});

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
