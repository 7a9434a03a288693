/** Links over HTTP/2: both ways on one stream, one way when the client has ended its body, and each ends alone. */
import assert from "node:assert/strict";
import { type ClientHttp2Session, connect } from "node:http2";
import { after, describe, it, type TestContext } from "node:test";
import { certificates } from "../../../../scripts/test-support/certificates.ts";
import { until } from "../../../../scripts/test-support/http2-client.ts";
import { data, flags, frameTypes, headers, RawHttp2, requestFields } from "../../../../scripts/test-support/http2-frames.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import type { AuthorizeFunction, ServerOptions, ServerParts } from "../../src/index.ts";
import { framed, H2Link, hello, type Message } from "../support/h2-link.ts";
import { type TestServer, testServer } from "../support/server.ts";

const subscribe = (stream: string, from: unknown = "first", id = 1): Message => ({ type: "subscribe", id, stream, from });
const big = JSON.stringify("x".repeat(40_000));

async function start(
  t: TestContext,
  options: Partial<ServerOptions> = {},
  parts: Partial<ServerParts> = {},
): Promise<{ test: TestServer; session: ClientHttp2Session }> {
  const test = await testServer({ heartbeatMs: 60_000, ...options }, parts);
  const session = connect(test.url, { rejectUnauthorized: false });
  session.on("error", () => {});
  t.after(async () => {
    session.destroy();
    await test.stop();
  });
  return { test, session };
}

const linksAre = (test: TestServer, count: number): Promise<void> =>
  until(
    () => test.server.stats().links === count,
    () => `${test.server.stats().links} links`,
  );

describe("a link over HTTP/2", () => {
  const folder = needs("openssl") === false ? certificates() : null;
  after(() => folder?.[Symbol.dispose]());

  it("reads and publishes on one stream, large payloads in parts, and resumes where another left off", async (t) => {
    const { test, session } = await start(t);
    const link = await H2Link.on(session, subscribe("a"));
    assert.deepEqual([link.headers?.["content-type"], link.headers?.["cache-control"]], ["application/vnd.holdfast.v1", "no-store, no-transform"]);
    link.say({ type: "publish", id: 2, stream: "a", data: { n: 1 } }, { type: "publish", id: 3, stream: "a", base64: "AP8=" });
    await link.until(() => link.ofType("published").length === 2 && link.ofType("entry").length === 2);
    assert.equal((await test.post("a", JSON.stringify("y".repeat(200_000)))).status, 200);
    await link.until(() => link.ofType("entry").length === 3);
    assert.ok(link.ofType("part").length > 2);
    const [first, second] = link.ofType("entry");
    assert.deepEqual([first?.["data"], second?.["base64"]], [{ n: 1 }, "AP8="]);
    const later = await H2Link.on(session, subscribe("a", { after: first?.["position"] }));
    await later.until(() => later.ofType("entry").length === 2);
    assert.equal(later.ofType("entry")[0]?.["position"], second?.["position"]);
    assert.deepEqual(test.server.stats().linksByTransport, { h2: 2 });
  });

  it("works over TLS, beside requests on the same session", { skip: needs("openssl") }, async (t) => {
    const pair = folder?.make("server");
    if (pair === undefined) return assert.fail("no certificate");
    const { test, session } = await start(t, {}, { listener: { tls: { certFile: pair.certFile, keyFile: pair.keyFile } } });
    const link = await H2Link.on(session, subscribe("a"), { type: "publish", id: 2, stream: "a", data: 1 });
    await link.until(() => link.ofType("entry").length === 1);
    assert.equal(test.server.guard.connections()[0]?.protocol, "h2");
  });

  it("is left in good order by a message without bytes, and no stream is reset for it", async (t) => {
    const { test, session } = await start(t);
    for (let n = 0; n < 5; n++) {
      const link = await H2Link.on(session, subscribe("a"));
      link.stream.end(framed(""));
      await link.until(() => link.isOver);
      assert.deepEqual([link.hasEnded, link.stream.rstCode, link.byeCode], [true, 0, undefined]);
    }
    await linksAre(test, 0);
    assert.equal(test.server.guard.counters.http2.resets, 0);
  });

  it("goes on one way when the client ends its body: silence does not end it, its age does", async (t) => {
    const { test, session } = await start(t, { heartbeatMs: 200, rotateMs: 1_500 });
    const link = new H2Link(session);
    link.stream.end(Buffer.concat([framed(hello), framed(subscribe("a"))]));
    await link.until(() => link.ofType("subscribed").length === 1);
    await link.until(() => link.ofType("beat").length >= 4);
    await test.post("a", "1");
    await link.until(() => link.ofType("entry").length === 1);
    await link.until(() => link.ofType("goaway").length === 1);
    assert.equal(link.ofType("goaway")[0]?.["code"], "rotated");
    await link.until(() => link.isOver);
    assert.deepEqual([link.byeCode, link.hasEnded, link.stream.rstCode], ["rotated", true, 0]);
  });

  it("that says nothing while its body is open is let go after two beats", async (t) => {
    const { test, session } = await start(t, { heartbeatMs: 150 });
    const link = await H2Link.on(session);
    await link.until(() => link.isOver);
    await linksAre(test, 0);
    assert.equal(test.server.hub.counters.closed.get("heartbeat_lost"), 1);
    assert.equal(session.destroyed, false);
  });

  it("gives a reader that was slow everything once it reads again, and holds nobody of its session up", async (t) => {
    const { test, session } = await start(t);
    const [slow, quick] = [await H2Link.on(session, subscribe("wide")), await H2Link.on(session, subscribe("wide"))];
    slow.stream.pause();
    for (let n = 1; n <= 60; n++) {
      await test.post("wide", big);
      await quick.until(() => quick.bytes.length >= n * 40_000);
    }
    assert.ok(slow.bytes.length < 30 * 40_000, "a closed window holds back what does not fit");
    slow.stream.resume();
    await slow.until(() => slow.ofType("entry").length === 60);
    assert.equal(quick.ofType("entry").length, 60);
  });

  it("is not read while its answers wait, and the others of its session are", async (t) => {
    const { session } = await start(t, { publishesInFlightMax: 1, controlBytesMax: 1_024 });
    const [busy, other] = [await H2Link.on(session), await H2Link.on(session)];
    const count = 400;
    for (let id = 1; id <= count; id++) busy.say({ type: "publish", id, stream: "p", data: "x".repeat(500) });
    other.say({ type: "ping", id: 1 });
    await other.until(() => other.ofType("pong").length === 1);
    await busy.until(() => busy.ofType("published").length === count);
  });

  it("whose access is revoked is given nothing that waits, and the session's other links go on", async (t) => {
    const auth: AuthorizeFunction = ({ action, credentials }) => (action === "connect" ? { subject: credentials.token ?? "" } : true);
    const { test, session } = await start(t, {}, { auth });
    const [alice, bob] = await Promise.all(
      ["alice", "bob"].map(async (token) => {
        const link = new H2Link(session, { authorization: `Bearer ${token}` });
        link.say(hello, subscribe("wide"));
        await link.until(() => link.ofType("subscribed").length === 1);
        return link;
      }),
    );
    if (alice === undefined || bob === undefined) return assert.fail("no links");
    alice.stream.pause();
    const encoder = new TextEncoder();
    for (let n = 0; n < 10; n++) assert.ok((await test.server.hub.append({ stream: "wide", entries: [{ format: "json", payload: encoder.encode(big) }] })).ok);
    await bob.until(() => bob.ofType("entry").length === 10);
    const before = alice.bytes.length;
    assert.deepEqual(test.server.revoke({ subject: "alice" }), { links: 1 });
    await linksAre(test, 1);
    alice.stream.resume();
    await alice.until(() => alice.isOver);
    assert.ok(alice.bytes.length - before <= 65_535 + 40_100, "what had left already: a window at most");
    assert.ok(alice.ofType("entry").length < 10);
    assert.ok((await test.server.hub.append({ stream: "wide", entries: [{ format: "json", payload: encoder.encode("1") }] })).ok);
    await bob.until(() => bob.ofType("entry").length === 11);
  });

  it("whose session's age has come is told to move, and goes on until it has", async (t) => {
    const { test, session } = await start(t, {}, { guard: { ageMs: 400 } });
    let isLeft = false;
    session.on("goaway", () => {
      isLeft = true;
    });
    const link = await H2Link.on(session, subscribe("a"));
    await link.until(() => link.ofType("goaway").length === 1 && isLeft);
    assert.equal(link.ofType("goaway")[0]?.["code"], "rotated");
    await test.post("a", "1");
    await link.until(() => link.ofType("entry").length === 1);
    link.stream.end(framed(""));
    await link.until(() => link.isOver);
    await until(
      () => session.destroyed,
      () => "the session stays",
    );
  });

  it("is ended by its own word before what is left of its session is reset, however little time that has", async (t) => {
    const { session } = await start(t, {}, { guard: { ageMs: 400, drainMs: 3_000 } });
    const link = await H2Link.on(session, subscribe("a"));
    await link.until(() => link.ofType("goaway").length === 1);
    // Not even the end of its body gives it other times.
    link.stream.end();
    await link.until(() => link.isOver);
    assert.deepEqual([link.byeCode, link.hasEnded, link.stream.rstCode], ["rotated", true, 0]);
    assert.ok(Number(link.ofType("goaway")[0]?.["deadlineMs"]) < 3_000);
  });

  it("is not held for bytes that come one by one while nothing is read from it", async (t) => {
    const auth: AuthorizeFunction = ({ action, credentials }) =>
      action === "connect" && credentials.token === "slow" ? new Promise(() => {}) : action === "connect" ? { subject: "alice" } : true;
    const { test } = await start(t, {}, { auth });
    for (const [path, type] of [
      ["/v1/link", "application/vnd.holdfast.v1"],
      ["/holdfast.v1.Line/Subscribe", "application/grpc"],
    ] as const) {
      const raw = await RawHttp2.open(test.port);
      const fields = requestFields(path, "POST", [
        ["content-type", type],
        ["authorization", "Bearer slow"],
      ]);
      // The first message of gRPC may be empty; that of h2 says hello.
      raw.send(headers(1, fields, flags.endHeaders), data(1, framed(path === "/v1/link" ? hello : "")));
      raw.send(...Array.from({ length: 5_000 }, () => data(1, Buffer.of(0))));
      assert.ok(await raw.until(() => raw.frames.some(({ payload }) => payload.includes("frame_too_large")) || raw.count(frameTypes.headers, 1) > 0));
      raw.close();
    }
    assert.equal(test.server.hub.counters.closed.get("frame_too_large"), 2);
  });

  it("is not told to move before it is welcome", async (t) => {
    const decided = Promise.withResolvers<void>();
    const auth: AuthorizeFunction = async ({ action }) => {
      if (action === "connect") await decided.promise;
      return action === "connect" ? { subject: "alice" } : true;
    };
    const { session } = await start(t, {}, { auth, guard: { ageMs: 400, drainMs: 8_000 } });
    const link = new H2Link(session);
    link.say(hello);
    await new Promise((resolve) => session.once("goaway", resolve)); // The last of two is sent when links have been told.
    await new Promise((resolve) => session.once("goaway", resolve));
    decided.resolve();
    await link.until(() => link.messages.length > 0);
    assert.equal(link.messages[0]?.["type"], "welcome");
    link.stream.end(framed(""));
  });

  it("of a server that drains is told its slot, then left; the session is left in two steps", async (t) => {
    const { test, session } = await start(t, { drainMs: 2_000 });
    const link = await H2Link.on(session, subscribe("a"));
    const closing = test.server.close();
    await link.until(() => link.ofType("goaway").length === 1);
    const goaway = link.ofType("goaway")[0] as { code: string; afterMs: number; deadlineMs: number };
    assert.equal(goaway.code, "draining");
    assert.ok(goaway.afterMs <= goaway.deadlineMs);
    await link.until(() => link.isOver);
    assert.equal(link.byeCode, "draining");
    await closing;
    assert.equal(test.server.guard.counters.http2.announced, 1);
  });
});
