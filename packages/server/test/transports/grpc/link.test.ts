/** Links and publishes over gRPC, as clients that follow line.proto see them. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { lengthPrefixed } from "@holdfast/protocol";
import { encodeMessage, lineSchema, type Schema } from "@holdfast/protocol/grpc";
import { errorNames, flags, frameTypes, headers, RawHttp2 } from "../../../../../scripts/test-support/http2-frames.ts";
import type { AuthorizeFunction, ServerOptions, ServerParts } from "../../../src/index.ts";
import { grpcFormat } from "../../../src/transports/grpc/link.ts";
import { GrpcSession } from "../../support/grpc-call.ts";
import { type TestServer, testServer } from "../../support/server.ts";

async function start(t: TestContext, options: Partial<ServerOptions> = {}, parts: Partial<ServerParts> = {}): Promise<readonly [TestServer, GrpcSession]> {
  const test = await testServer({ heartbeatMs: 60_000, ...options }, parts);
  t.after(() => test.stop());
  const session = await GrpcSession.open(test.url);
  t.after(() => session.session.destroy());
  return [test, session];
}

const text = (bytes: unknown): string => Buffer.from(bytes as Uint8Array).toString();
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const Health = { status: { no: 1, kind: "number" } } as const satisfies Schema;

describe("a server that speaks gRPC", { concurrency: 4 }, () => {
  it("serves a client that says all in one message, and ends the call well when its streams have ended", async (t) => {
    const [test, session] = await start(t);
    await test.post("a", "1");
    const call = session.subscribe().ask({
      subscribe: [
        { stream: "a", after: "first" },
        { id: 1, stream: "b", after: "last:3" },
      ],
    });
    call.stream.end();
    await call.until(() => call.ofKind("entry").length === 1);
    await test.post("b", '{"b":1,"b":2}');
    await call.until(() => call.ofKind("entry").length === 2);
    assert.deepEqual(
      call.ofKind("entry").map(({ json }) => text(json)),
      ["1", '{"b":1,"b":2}'],
    );
    for (const stream of ["a", "b"]) await test.post(stream, "", { "holdfast-close": "true" });
    assert.deepEqual(await call.ended(), [0, undefined]);
    assert.equal(call.ofKind("closed").length, 2);
    assert.equal(call.end["content-type"], "application/grpc");
  });

  it("resumes after a position, without a hole and without a repetition", async (t) => {
    const [test, session] = await start(t);
    for (const value of ["1", "2", "3"]) await test.post("a", value);
    const first = session.subscribe().ask({ subscribe: [{ stream: "a", after: "0" }] });
    await first.until(() => first.ofKind("entry").length === 3);
    const cursor = first.ofKind("entry")[1]?.["position"];
    first.stream.close(8);
    const second = session.subscribe().ask({ subscribe: [{ stream: "a", after: cursor }] });
    await second.until(() => second.ofKind("entry").length === 1);
    assert.equal(second.ofKind("entry")[0]?.["prev"], cursor);
    assert.equal(text(second.ofKind("entry")[0]?.["json"]), "3");
  });

  it("takes what comes while it is decided who the client is in the order in which it came", async (t) => {
    const decided = Promise.withResolvers<void>();
    const auth: AuthorizeFunction = async ({ action }) => {
      if (action === "connect") await decided.promise;
      return action === "connect" ? { subject: "alice" } : true;
    };
    const [, session] = await start(t, {}, { auth });
    const message = (...values: number[]): Uint8Array =>
      lengthPrefixed(encodeMessage(lineSchema.SubscribeRequest, { publish: values.map((id) => ({ id, entry: { stream: "a", json: json(id) } })) }));
    const call = session.subscribe();
    call.stream.write(Buffer.concat([message(1, 2), message(3), message(4, 5)]));
    call.ask({ subscribe: [{ stream: "a", after: "first" }] });
    session.session.ping(() => decided.resolve());
    await call.until(() => call.ofKind("entry").length === 5);
    assert.deepEqual(
      call.ofKind("entry").map(({ json }) => text(json)),
      ["1", "2", "3", "4", "5"],
    );
  });

  it("takes more on a call that stays open: subscriptions, ends of them, publishes, pings", async (t) => {
    const [, session] = await start(t);
    const call = session.subscribe().ask({ hello: { client: "test/1" }, subscribe: [{ id: 1, stream: "a", after: "now" }] });
    call.ask({
      publish: [
        { id: 2, entry: { stream: "a", json: json(1) } },
        { id: 3, entry: { stream: "a", json: Buffer.from("{") } },
      ],
      ping: { id: 9 },
    });
    await call.until(() => call.ofKind("entry").length === 1 && call.ofKind("pong").length === 1 && call.ofKind("published").length === 1);
    assert.equal(call.ofKind("refused")[0]?.["code"], "bad_payload");
    assert.equal(call.ofKind("published")[0]?.["position"], call.ofKind("entry")[0]?.["position"]);
    call.ask({ unsubscribe: ["a"] });
    await call.until(() => call.ofKind("unsubscribed").length === 1);
    call.ask({ subscribe: [{ id: 4, stream: "a//b", after: "now" }] });
    await call.until(() => call.ofKind("unsubscribed").length === 2);
    assert.deepEqual(call.ofKind("unsubscribed")[1], { id: 4, stream: "a//b", code: "bad_stream_name", message: call.ofKind("unsubscribed")[1]?.["message"] });
  });

  it("carries the largest entries whole, both ways", async (t) => {
    const [, session] = await start(t);
    const payload = Uint8Array.from({ length: 262_144 }, (_, i) => i * 31);
    const call = session.subscribe().ask({ subscribe: [{ stream: "a", after: "first" }], publish: [{ id: 1, entry: { stream: "a", binary: payload } }] });
    await call.until(() => call.ofKind("entry").length === 1);
    assert.deepEqual(call.ofKind("entry")[0]?.["binary"], payload);
  });

  it("encodes an entry once for all links", async (t) => {
    const [test, session] = await start(t);
    const encode = t.mock.method(grpcFormat, "encode");
    const calls = Array.from({ length: 5 }, () => session.subscribe().ask({ subscribe: [{ stream: "shared", after: "now" }] }));
    for (const call of calls) await call.until(() => call.ofKind("subscribed").length === 1);
    await test.post("shared", "1");
    for (const call of calls) await call.until(() => call.ofKind("entry").length === 1);
    assert.equal(encode.mock.calls.filter(({ arguments: [{ stream }] }) => stream === "shared").length, 1);
  });

  it("adds a publish once, however often it is sent, and says in status and code why not", async (t) => {
    const [, session] = await start(t);
    const send = async (message: object): Promise<readonly unknown[]> => {
      const call = session.publish(message as Record<string, unknown>);
      const [status, code] = await call.ended();
      return status === 0 ? [status, call.messages[0]?.["duplicate"] ?? false] : [status, code];
    };
    const producer = { id: "p", epoch: 1, seq: 0 };
    assert.deepEqual(await send({ stream: "a", json: json(1), producer }), [0, false]);
    assert.deepEqual(await send({ stream: "a", json: json(1), producer }), [0, true]);
    assert.deepEqual(await send({ stream: "a", json: json(1), producer: { id: "p", seq: 1 } }), [10, "fenced"]);
    assert.deepEqual(await send({ stream: "a", json: json(1), producer: { ...producer, seq: 2 } }), [9, "out_of_order"]);
    assert.deepEqual(await send({ stream: "a", binary: new Uint8Array(0), dedupeKey: "k" }), [0, false]);
    assert.deepEqual(await send({ stream: "a", binary: new Uint8Array(0), dedupeKey: "k" }), [0, true]);
    assert.deepEqual(await send({ stream: "a", binary: new Uint8Array(262_145) }), [3, "entry_too_large"]);
    assert.deepEqual(await send({ stream: "a" }), [3, "bad_request"]);
    assert.deepEqual(await send({ stream: "a", close: true }), [0, false]);
    assert.deepEqual(await send({ stream: "a", json: json(2) }), [9, "stream_closed"]);
  });

  it("asks who it is by metadata or hello, takes another token, and ends a call when the last is over", async (t) => {
    const auth: NonNullable<ServerParts["auth"]> = ({ action, credentials, stream }) => {
      if (action !== "connect") return stream === "open";
      const ms = Number(credentials.token?.split(".")[1]);
      return credentials.token?.startsWith("good") === true && { subject: "s", expiresMs: Date.now() + ms };
    };
    const [, session] = await start(t, {}, { auth });
    assert.deepEqual(await session.subscribe().ask({}).ended(), [16, "unauthenticated"]);
    assert.deepEqual(await session.publish({ stream: "open", json: json(1) }).ended(), [16, "unauthenticated"]);
    const authorization = "Bearer good.60000";
    assert.deepEqual(await session.publish({ stream: "open", json: json(1) }, { authorization }).ended(), [0, undefined]);
    assert.deepEqual(await session.publish({ stream: "shut", json: json(1) }, { authorization }).ended(), [7, "forbidden"]);
    const call = session.subscribe().ask({ hello: { token: "good.60000" }, subscribe: [{ id: 1, stream: "shut", after: "now" }] });
    await call.until(() => call.ofKind("unsubscribed").length === 1);
    assert.equal(call.ofKind("unsubscribed")[0]?.["code"], "forbidden");
    call.ask({ renew: { id: 2, token: "good.1500" } });
    await call.until(() => call.ofKind("renewed").length === 1);
    assert.deepEqual(await call.ended(), [16, "token_expired"]);
  });

  it("honours a client's deadline, and tells it to come again", async (t) => {
    const [, session] = await start(t);
    assert.deepEqual(
      await session
        .subscribe({ "grpc-timeout": "300m" })
        .ask({ subscribe: [{ stream: "a", after: "now" }] })
        .ended(),
      [4, "rotated"],
    );
  });

  it("ends what is no call of gRPC by HTTP's own means", async (t) => {
    const [, session] = await start(t);
    const body = lengthPrefixed(new Uint8Array(0));
    const web = session.call("/holdfast.v1.Line/Publish", body, { "content-type": "application/grpc-web" });
    await web.until(() => web.isOver);
    assert.equal(web.end[":status"], 415);
    const plain = session.call("/holdfast.v1.Line/Publish", body, { "content-type": "application/json" });
    await plain.until(() => plain.isOver);
    assert.equal(plain.end[":status"], 405);
    const foreign = session.publish({ stream: "a", json: json(1) }, { ":authority": "example.org" });
    assert.deepEqual(await foreign.ended(), [7, "bad_host"]);
  });

  it("ends a call by its status before what is left of its session is reset, however little time that has", async (t) => {
    const [, session] = await start(t, { drainMs: 30_000 }, { guard: { ageMs: 400, drainMs: 3_000 } });
    const call = session.subscribe().ask({ subscribe: [{ stream: "a", after: "now" }] });
    assert.deepEqual(await call.ended(), [14, "rotated"]);
    assert.equal(call.ofKind("goaway").length, 1);
  });

  it("ends a watch of its health when the session is left, so that nobody is reset", async (t) => {
    const [, session] = await start(t, {}, { guard: { ageMs: 400, drainMs: 8_000 } });
    const watch = session.call("/grpc.health.v1.Health/Watch", lengthPrefixed(new Uint8Array(0)), {}, Health);
    assert.deepEqual(await watch.ended(), [14, "rotated"]);
    assert.deepEqual(watch.messages, [{ status: 1 }]);
  });

  it("keeps few answers of reflection for a tool that does not read them", async (t) => {
    const [, session] = await start(t);
    const ask = encodeMessage({ symbol: { no: 4, kind: "string" } }, { symbol: "holdfast.v1.Line" });
    const call = session.call("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", null, {}, {});
    call.stream.pause();
    call.stream.write(Buffer.concat(Array.from({ length: 900 }, () => lengthPrefixed(ask))));
    await new Promise((resolve) => session.session.ping(resolve)); // It has been asked all of it, and a window full is out.
    call.stream.resume();
    assert.deepEqual(await call.ended(), [8, undefined]);
  });

  it("leaves a session at its age in two steps, after its links were told to move", async (t) => {
    const [test] = await start(t, { drainMs: 2_000 }, { guard: { ageMs: 1_000 } });
    const peer = await RawHttp2.open(test.port);
    t.after(() => peer.close());
    peer.answersPings = true;
    const fields = [
      [":method", "POST"],
      [":scheme", "http"],
      [":authority", "127.0.0.1"],
      [":path", "/holdfast.v1.Line/Subscribe"],
      ["content-type", "application/grpc"],
    ] as const;
    peer.send(headers(1, fields, flags.endHeaders));
    assert.ok(await peer.until(() => peer.goaways().length === 2));
    assert.deepEqual(
      peer.goaways().map(({ code, lastStream }) => [errorNames[code], lastStream]),
      [
        ["NO_ERROR", 0x7fff_ffff],
        ["NO_ERROR", 1],
      ],
    );
    assert.ok(
      await peer.until(() =>
        peer.frames.some(({ type, stream, flags: bits }) => type === frameTypes.headers && stream === 1 && (bits & flags.endStream) !== 0),
      ),
    );
    assert.equal(test.server.hub.counters.closed.get("rotated"), 1);
  });

  it("tells of its health: serving, unknown services, and not any more when it drains", async (t) => {
    const [test, session] = await start(t);
    const ask = (service: string): Uint8Array => lengthPrefixed(encodeMessage({ service: { no: 1, kind: "string" } }, { service }));
    const check = session.call("/grpc.health.v1.Health/Check", ask("holdfast.v1.Line"), {}, Health);
    assert.deepEqual(await check.ended(), [0, undefined]);
    assert.deepEqual(check.messages, [{ status: 1 }]);
    assert.deepEqual(await session.call("/grpc.health.v1.Health/Check", ask("other"), {}, Health).ended(), [5, undefined]);
    const unknown = session.call("/grpc.health.v1.Health/Watch", ask("other"), {}, Health);
    const watch = session.call("/grpc.health.v1.Health/Watch", ask(""), {}, Health);
    await watch.until(() => watch.messages.length === 1 && unknown.messages.length === 1);
    assert.deepEqual(unknown.messages, [{ status: 3 }]);
    test.server.guard.unready();
    await watch.until(() => watch.messages.length === 2);
    assert.deepEqual(watch.messages, [{ status: 1 }, { status: 2 }]);
  });
});
