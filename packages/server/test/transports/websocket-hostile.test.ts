import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { clientFrame, Wire } from "../../../../scripts/test-support/wire.ts";
import { type TestServer, testServer } from "../support/server.ts";

describe("a WebSocket link meets bytes that no client should send", () => {
  let test: TestServer;
  let bystander: Wire;
  before(async () => {
    test = await testServer();
    bystander = await Wire.live(test.port);
    bystander.send({ type: "subscribe", id: 1, stream: "calm", from: "now" });
    await bystander.until(() => bystander.messages("subscribed").length === 1);
  });
  after(async () => {
    // Whatever the others sent, this link went on undisturbed.
    await test.post("calm", '"still here"');
    await bystander.until(() => bystander.messages("entry").length === 1);
    assert.equal(bystander.closeCode, null);
    bystander.destroy();
    await test.stop();
  });

  const hello = clientFrame('{"type":"hello","protocol":1}');
  const bigLength = Buffer.concat([Buffer.from([0x81, 0xff]), Buffer.from("0000000000010001", "hex"), Buffer.alloc(4)]);
  const cases: readonly (readonly [string, Buffer, number])[] = [
    ["an unmasked frame", Buffer.concat([Buffer.from([0x81, 2]), Buffer.from("{}")]), 1002],
    ["RSV1 without an extension", clientFrame("{}", 1, 0xc0), 1002],
    ["opcode 3", clientFrame("{}", 3), 1002],
    ["opcode 11", clientFrame("{}", 11), 1002],
    ["a fragmented ping", clientFrame("", 9, 0x00), 1002],
    ["a ping of 126 bytes", clientFrame("p".repeat(126), 9), 1002],
    ["a continuation without a start", clientFrame("{}", 0), 1002],
    ["text inside a fragmented message", Buffer.concat([clientFrame("{", 1, 0), clientFrame("}", 1)]), 1002],
    ["invalid UTF-8", clientFrame(Buffer.from([0xff, 0xfe])), 1007],
    ["a lone surrogate in UTF-8", clientFrame(Buffer.from([0xed, 0xa0, 0x80])), 1007],
    ["a declared length above the limit", bigLength, 1009],
    ["a 64-bit length with the top bit set", Buffer.concat([Buffer.from([0x81, 0xff]), Buffer.alloc(8, 0xff), Buffer.alloc(4)]), 1009],
    ["fragments that sum above the limit", Buffer.concat([clientFrame("x".repeat(40_000), 1, 0), clientFrame("x".repeat(40_000), 0)]), 1009],
    ["a hundred empty fragments", Buffer.concat([clientFrame("", 1, 0), ...Array.from({ length: 100 }, () => clientFrame("", 0, 0))]), 1008],
    ["a close frame with one byte", clientFrame("x", 8), 1002],
    ["close code 1005", clientFrame(Buffer.from([0x03, 0xed]), 8), 1002],
    ["a binary message", clientFrame("{}", 2), 1003],
  ];
  for (const [what, bytes, closeCode] of cases) {
    it(`answers ${what} with ${closeCode} and ends the connection`, async () => {
      const wire = await Wire.open(test.port, Buffer.concat([hello, bytes]));
      await wire.until(() => wire.closeCode !== null);
      assert.equal(wire.closeCode, closeCode);
      wire.socket.end(clientFrame(Buffer.from([closeCode >> 8, closeCode & 255]), 8));
      await wire.until(() => wire.ended);
    });
  }

  it("takes frames glued to the handshake once", async () => {
    const wire = await Wire.open(test.port, Buffer.concat([hello, clientFrame('{"type":"ping","id":7}')]));
    await wire.until(() => wire.messages("pong").length === 1);
    assert.deepEqual(wire.messages("pong"), [{ type: "pong", id: 7 }]);
    wire.destroy();
  });

  it("takes a message that arrives byte by byte", async () => {
    const wire = await Wire.live(test.port);
    for (const byte of clientFrame('{"type":"ping","id":8}')) {
      wire.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await wire.until(() => wire.messages("pong").length === 1);
    wire.destroy();
  });

  it("bears ten pings in ten seconds, closes for the next, and echoes payloads until then", async () => {
    const wire = await Wire.live(test.port);
    for (let i = 0; i < 11; i++) wire.socket.write(clientFrame(`p${i}`, 9));
    await wire.until(() => wire.closeCode !== null);
    assert.equal(wire.closeCode, 1008);
    assert.equal(JSON.parse(wire.closeReason).code, "ping_flood");
    wire.destroy();
  });

  it("answers bad messages with errors and the eleventh with 4500", async () => {
    const wire = await Wire.live(test.port);
    const bad = [
      "nonsense",
      "[]",
      "null",
      '{"type":"no such"}',
      '{"type":"ping","id":-1}',
      '{"type":"ping","id":1.5}',
      '{"type":"subscribe","id":1}x',
      '{"type":"unsubscribe","stream":"../x"}',
      '{"type":"pong"}',
      `{"type":"beat","x":${"[".repeat(100)}${"]".repeat(100)}}`,
    ];
    for (const text of bad) wire.send(text);
    await wire.until(() => wire.messages("error").length === 10);
    assert.equal(wire.closeCode, null);
    wire.send("once more");
    await wire.until(() => wire.closeCode !== null);
    assert.equal(wire.closeCode, 4500);
    wire.destroy();
  });

  it("closes a link that says anything before hello", async () => {
    const wire = await Wire.open(test.port, clientFrame('{"type":"ping","id":1}'));
    await wire.until(() => wire.closeCode !== null);
    assert.equal(wire.closeCode, 4500);
    wire.destroy();
  });

  it("refuses a client that offers no subprotocol, after 101, with a reason", async () => {
    const wire = await Wire.open(test.port, Buffer.alloc(0), { "Sec-WebSocket-Protocol": "other" });
    await wire.until(() => wire.closeCode !== null);
    assert.equal(wire.closeCode, 4505);
    assert.equal(JSON.parse(wire.closeReason).code, "protocol_unsupported");
    wire.destroy();
  });
});

describe("a WebSocket link has finite caps", () => {
  it("closes a link without hello at the handshake's deadline", async () => {
    const test = await testServer({ handshakeMs: 300 });
    const wire = await Wire.open(test.port);
    await wire.until(() => wire.closeCode !== null);
    assert.equal(wire.closeCode, 4502);
    wire.destroy();
    await test.stop();
  });

  it("refuses one link too many with a slot to come back in, and takes it when one has left", async () => {
    const test = await testServer({ linksMax: 1 });
    const first = await Wire.live(test.port);
    const second = await Wire.open(test.port);
    await second.until(() => second.closeCode !== null);
    assert.equal(second.closeCode, 4504);
    assert.ok(Number.isInteger(JSON.parse(second.closeReason).afterMs));
    second.destroy();
    first.destroy();
    while (test.server.stats().links > 0) await new Promise((resolve) => setImmediate(resolve));
    (await Wire.live(test.port)).destroy();
    await test.stop();
  });

  it("refuses one subscription too many and keeps the others", async () => {
    const test = await testServer({ subscriptionsMax: 2 });
    const wire = await Wire.live(test.port);
    for (let id = 1; id <= 3; id++) wire.send({ type: "subscribe", id, stream: `s${id}`, from: "now" });
    await wire.until(() => wire.messages("unsubscribed").length === 1 && wire.messages("subscribed").length === 2);
    assert.equal(wire.messages("unsubscribed")[0]?.["code"], "too_many_subscriptions");
    wire.destroy();
    await test.stop();
  });

  it("frees a silent link two beats after its last byte", async () => {
    const test = await testServer({ heartbeatMs: 400 });
    const wire = await Wire.live(test.port);
    const startMs = performance.now();
    await wire.until(() => wire.ended);
    const silentMs = performance.now() - startMs;
    // Never sooner than two beats; later only by what a busy machine adds (the lifecycle's table fixes the exact moment).
    assert.ok(silentMs > 790 && silentMs < 3_000, `freed after ${silentMs} ms`);
    assert.equal(test.server.stats().links, 0);
    assert.equal(test.server.hub.counters.closed.get("heartbeat_lost"), 1);
    await test.stop();
  });

  it("beats every heartbeat, so that the client can do the same", async () => {
    const test = await testServer({ heartbeatMs: 200 });
    const wire = await Wire.live(test.port);
    const beating = setInterval(() => wire.send({ type: "beat" }), 150);
    await wire.until(() => wire.messages("beat").length >= 5, 3_000);
    clearInterval(beating);
    wire.destroy();
    await test.stop();
  });
});
