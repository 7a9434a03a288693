import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { codeRules } from "../../src/code-rules.ts";
import { decodeServerFrame } from "../../src/decode-server.ts";
import type { ClientFrame } from "../../src/frames.ts";
import {
  type CallFrame,
  decodePublishRequest,
  decodeSubscribeRequest,
  decodeSubscribeResponse,
  encodeCallFrame,
  encodeEntry,
  encodeSubscribeRequest,
} from "../../src/grpc/line-messages.ts";
import { lineSchema } from "../../src/grpc/line-schema.ts";
import { encodeMessage } from "../../src/grpc/protobuf.ts";
import { grpcMessage, grpcStatusOf, grpcTimeoutMs } from "../../src/grpc/status.ts";

const body = (framed: Uint8Array): Uint8Array => framed.subarray(5);

describe("messages of gRPC", () => {
  it("carry every frame of a client as it is", () => {
    const payload = new TextEncoder().encode('{"a":1,"a":2}');
    const frames: Exclude<ClientFrame, { type: "part" }>[] = [
      { type: "hello", protocol: 1, client: "c", token: "t", replaces: "r" },
      { type: "auth", id: 3, token: "t" },
      { type: "subscribe", id: 0, stream: "a/b", from: "first" },
      { type: "subscribe", id: 1, stream: "a", from: "now" },
      { type: "subscribe", id: 2, stream: "a", from: { last: 7 } },
      { type: "subscribe", id: Number.MAX_SAFE_INTEGER, stream: "a", from: { after: "0" } },
      { type: "unsubscribe", stream: "a" },
      {
        type: "publish",
        id: 4,
        stream: "a",
        parts: 0,
        format: "json",
        payload,
        key: "k",
        producer: { id: "p", epoch: 0, seq: 9 },
        close: true,
        hasEntry: true,
      },
      { type: "publish", id: 5, stream: "a", parts: 0, format: "bytes", payload: new Uint8Array(0), dedupeKey: "d", close: false, hasEntry: true },
      { type: "publish", id: 6, stream: "a", parts: 0, format: "json", payload: new Uint8Array(0), close: true, hasEntry: false },
      { type: "ping", id: 8 },
      { type: "pong", id: 9 },
    ];
    for (const frame of frames) assert.deepEqual(decodeSubscribeRequest(body(encodeSubscribeRequest(frame))), [{ ok: true, frame }]);
    assert.deepEqual(decodeSubscribeRequest(body(encodeSubscribeRequest({ type: "beat" }))), []);
  });

  it("carry every frame of a server, which reads as over any other transport", () => {
    const frames: CallFrame[] = [
      { type: "welcome", link: "l", node: "n", heartbeatMs: 12_000, entryBytesMax: 1, subscriptionsMax: 2, reconnect: { windowMs: 0 }, expiresMs: 0 },
      { type: "authed", id: 1, expiresMs: 5 },
      { type: "authed" },
      { type: "subscribed", id: 0, stream: "a", position: "0", head: "e.11" },
      { type: "unsubscribed", stream: "a" },
      { type: "unsubscribed", stream: "", id: 0, code: "bad_stream_name", message: "m" },
      { type: "gap", stream: "a", reason: "trimmed", from: "e.11", after: "e.12", head: "e.13" },
      { type: "closed", stream: "a", position: "0" },
      { type: "beat" },
      { type: "beat", streams: { a: { sent: "0", head: "e.11" } }, reconnect: { windowMs: 7 } },
      { type: "goaway", code: "draining", afterMs: 0, deadlineMs: 5 },
      { type: "published", id: 1, position: null, duplicate: false },
      { type: "published", id: 1, position: "e.11", duplicate: true },
      { type: "refused", id: 1, code: "engine_busy", message: "m", afterMs: 0 },
      { type: "error", code: "bad_request", message: "m" },
      { type: "ping", id: 0 },
      { type: "pong", id: 3 },
    ];
    for (const frame of frames) assert.deepEqual(decodeServerFrame(decodeSubscribeResponse(body(encodeCallFrame(frame))) as string), frame);
  });

  it("keep alive nothing that was read together with a payload", () => {
    const message = encodeMessage(lineSchema.PublishRequest, { stream: "a", json: new TextEncoder().encode("1") });
    const read = Buffer.alloc(65_536);
    read.set(message, 100);
    const decoded = decodePublishRequest(read.subarray(100, 100 + message.length));
    assert.ok(decoded?.ok === true && decoded.frame.type === "publish");
    assert.equal(decoded.frame.payload.buffer.byteLength, 1);
  });

  it("carry an entry's payload byte for byte", () => {
    const entry = { stream: "a", position: "e.12", prev: "e.11", timeMs: 5, key: undefined };
    const json = encodeEntry({ ...entry, format: "json", payload: new TextEncoder().encode('{"n":1.0,"n":12345678901234567890}') });
    assert.equal(
      decodeSubscribeResponse(body(json)),
      '{"type":"entry","stream":"a","position":"e.12","prev":"e.11","timeMs":5,"data":{"n":1.0,"n":12345678901234567890}}',
    );
    const binary = encodeEntry({ ...entry, key: "k", format: "bytes", payload: new Uint8Array([0, 255]) });
    assert.match(decodeSubscribeResponse(body(binary)) as string, /"key":"k","base64":"AP8="}$/);
    const none = encodeMessage(lineSchema.SubscribeResponse, { entry });
    assert.equal(decodeSubscribeResponse(none), "fault");
  });

  it("are judged by the rules of those that come as JSON", () => {
    const said = (message: object): unknown => decodeSubscribeRequest(encodeMessage(lineSchema.SubscribeRequest, message as Record<string, unknown>))?.[0];
    const code = (message: object): unknown => (said(message) as { code?: string }).code;
    assert.equal(code({ subscribe: [{ id: 1, stream: "a//b", after: "now" }] }), "bad_stream_name");
    assert.equal(code({ subscribe: [{ id: 1, stream: "a" }] }), "bad_position");
    assert.equal(code({ subscribe: [{ id: 1, stream: "a", after: "last:99999" }] }), "bad_request");
    assert.deepEqual(said({ publish: [{ id: 4, entry: { stream: "a" } }] }), {
      ok: false,
      code: "bad_request",
      message: "expected `json`, `binary` or `close`",
      of: "publish",
      id: 4,
    });
    assert.equal(code({ publish: [{ id: 4 }] }), "bad_stream_name");
    assert.equal(code({ publish: [{ id: 4, entry: { stream: "a", close: true, producer: { id: "p" }, dedupeKey: "d" } }] }), "bad_request");
    assert.equal(code({ publish: [{ id: 4, entry: { stream: "a", close: true, producer: {} } }] }), "bad_request");
    assert.equal(code({ unsubscribe: [""] }), "bad_stream_name");
    assert.equal(code({ renew: { id: 1 } }), "bad_request");
    assert.equal(code({ hello: { client: "x".repeat(129) } }), "bad_request");
    assert.equal(decodeSubscribeRequest(new Uint8Array([0x0b])), null);
    assert.equal(decodePublishRequest(new Uint8Array([0x0b])), null);
  });

  it("are taken in the order of their fields", () => {
    const all = {
      ping: { id: 1 },
      publish: [{ id: 2, entry: { stream: "a", close: true } }],
      subscribe: [{ stream: "b", after: "now" }],
      unsubscribe: ["b"],
      hello: {},
    };
    const order = decodeSubscribeRequest(encodeMessage(lineSchema.SubscribeRequest, all))?.map((decoded) => (decoded.ok ? decoded.frame.type : "wrong"));
    assert.deepEqual(order, ["hello", "unsubscribe", "subscribe", "publish", "ping"]);
  });

  it("of a newer server are no fault", () => {
    assert.equal(decodeSubscribeResponse(new Uint8Array([0xfa, 0x07, 0])), null);
    assert.equal(decodeSubscribeResponse(new Uint8Array([0x0b])), "fault");
  });
});

describe("the statuses of gRPC", () => {
  it("stand for codes that can end a link or a request, and for nothing that only a client says", () => {
    for (const code of Object.keys(grpcStatusOf)) assert.ok(Object.hasOwn(codeRules, code), code);
    for (const [code, { close }] of Object.entries(codeRules)) if (close !== null && close !== 1000) assert.ok(Object.hasOwn(grpcStatusOf, code), code);
  });

  it("come with a message that is visible ASCII", () => {
    assert.equal(grpcMessage("50 % ä\n"), "50 %25 %C3%A4%0A");
  });

  it("come at a deadline that the client has named", () => {
    assert.deepEqual(["1H", "2M", "3S", "4m", "5u", "6n", "0S", "99999999H"].map(grpcTimeoutMs), [3_600_000, 120_000, 3_000, 4, 1, 1, 0, 359_999_996_400_000]);
    for (const wrong of ["", "1", "S", "123456789S", "1s", "-1S", "1.5S", " 1S"]) assert.equal(grpcTimeoutMs(wrong), null, wrong);
  });
});
