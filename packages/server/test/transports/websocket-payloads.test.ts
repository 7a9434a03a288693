import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { encodePublish, fromBase64, limits, rawData } from "@holdfast/protocol";
import { Wire } from "../../../../scripts/test-support/wire.ts";
import { type TestServer, testServer } from "../support/server.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Puts the newest entry that a link was sent together again: text for JSON, bytes for bytes. */
function lastPayload(wire: Wire): string | Uint8Array {
  const text = wire.texts.findLast((message) => message.startsWith('{"type":"entry"')) as string;
  const entry = JSON.parse(text) as { position: string; parts?: number; format?: string; base64?: string };
  if (entry.parts === undefined) return entry.base64 === undefined ? rawData(text) : (fromBase64(entry.base64) as Uint8Array);
  const parts = wire.messages("part").filter((part) => part["position"] === entry.position);
  assert.deepEqual(
    parts.map((part) => part["index"]),
    Array.from({ length: entry.parts }, (_, i) => i),
  );
  const bytes = Buffer.concat(parts.map((part) => fromBase64(part["base64"] as string) as Uint8Array));
  return entry.format === "json" ? decoder.decode(bytes) : bytes;
}

const inline = limits.inlineBytesMax.value;
const part = limits.partBytesMax.value;
const most = limits.entryBytesMax.value;
const text = (bytes: number): string => `"${"x".repeat(bytes - 2)}"`;

describe("payloads over WebSocket", () => {
  let test: TestServer;
  let wire: Wire;
  let id = 1;
  before(async () => {
    test = await testServer();
    wire = await Wire.live(test.port);
    wire.send({ type: "subscribe", id: 1, stream: "p", from: "now" });
    await wire.until(() => wire.messages("subscribed").length === 1);
  });
  after(async () => {
    wire.destroy();
    await test.stop();
  });

  /** Publishes and returns the answer. */
  async function publish(payload: string | Uint8Array): Promise<Record<string, unknown>> {
    const own = ++id;
    for (const message of encodePublish({ id: own, stream: "p", payload })) {
      assert.ok(encoder.encode(message).length <= limits.wireBytesMax.value, "a message above the wire's limit");
      wire.send(message);
    }
    const answer = (): Record<string, unknown> | undefined =>
      wire.messages().find((message) => message["id"] === own && (message["type"] === "published" || message["type"] === "refused"));
    await wire.until(() => answer() !== undefined);
    return answer() as Record<string, unknown>;
  }

  const json: readonly (readonly [string, string])[] = [
    ["duplicate keys", '{"a":1,"a":2}'],
    ["a number beyond 2^53", "123456789012345678901234567890.0000000000000000001"],
    ["U+2028, NUL and a lone surrogate, escaped or not", '"\u2028\\u0000\\ud800"'],
    ["white space and line breaks around and inside", ' {\r\n\t"a" :\n[ 1 , 2 ] } '],
    ["members called data, type and __proto__", '{"type":"entry","data":{"data":"}"},"__proto__":null,"\\u0064ata":1}'],
    ["64 levels", `${"[".repeat(64)}${"]".repeat(64)}`],
    ["as much as fits inside", text(inline)],
    ["one byte more", text(inline + 1)],
    ["exactly two parts", text(2 * part)],
    ["a character split between parts", `"${"x".repeat(part - 2)}ü${"y".repeat(part)}"`],
    ["as much as an entry may have", text(most)],
  ];
  for (const [what, payload] of json) {
    it(`passes on ${what} exactly as sent`, async () => {
      const entries = wire.messages("entry").length;
      const answer = await publish(payload);
      assert.equal(answer["type"], "published", JSON.stringify(answer));
      await wire.until(() => wire.messages("entry").length > entries);
      // Space around the value belongs to the message, not to the payload.
      assert.equal(lastPayload(wire), payload.length > inline ? payload : payload.trim());
    });
  }

  for (const size of [0, 1, 2, 3, 36_863, 36_864, 36_865, part, part + 1, most]) {
    it(`passes on ${size} bytes of bytes`, async () => {
      const payload = Uint8Array.from({ length: size }, (_, i) => (i * 31) & 255);
      const entries = wire.messages("entry").length;
      assert.equal((await publish(payload))["type"], "published");
      await wire.until(() => wire.messages("entry").length > entries);
      assert.deepEqual(Buffer.from(lastPayload(wire) as Uint8Array), Buffer.from(payload));
    });
  }

  it("refuses one byte above the limit, and 1 MB, and goes on", async () => {
    for (const size of [most + 1, 1_000_000]) assert.equal((await publish(text(size)))["code"], "entry_too_large");
    assert.equal((await publish("1"))["type"], "published");
  });

  it("refuses parts that leave one out, repeat one, or are too few, and goes on", async () => {
    const messages = encodePublish({ id: 9_000, stream: "p", payload: text(most) });
    const say = async (own: number, chosen: readonly string[]): Promise<unknown> => {
      const refused = wire.messages("refused").length;
      for (const message of chosen) wire.send(message.replace('"id":9000', `"id":${own}`));
      await wire.until(() => wire.messages("refused").length > refused);
      return wire.messages("refused").at(-1)?.["code"];
    };
    assert.equal(await say(9_001, [messages[0] as string, messages[2] as string]), "bad_request");
    assert.equal(await say(9_002, [messages[0] as string, messages[0] as string]), "bad_request");
    assert.equal(await say(9_003, [messages[0] as string, messages.at(-1) as string]), "bad_request");
    assert.equal(await say(9_004, [(messages[0] as string).replace(/"base64":"..../, '"base64":"!!!!')]), "bad_payload");
    assert.equal((await publish("2"))["type"], "published");
    const ids = wire.messages("refused").map((message) => message["id"]);
    assert.equal(new Set(ids).size, ids.length, "one answer per publish");
    assert.equal(wire.closeCode, null);
  });

  it("refuses parts that make no JSON", async () => {
    assert.equal((await publish(`"${"x".repeat(inline)}`))["code"], "bad_payload");
    assert.equal((await publish("[".repeat(inline + 10)))["code"], "payload_too_deep");
  });
});
