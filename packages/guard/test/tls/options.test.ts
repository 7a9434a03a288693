import assert from "node:assert/strict";
import { it } from "node:test";
import { resolveTlsOptions, secretBytes, type TlsFrontSettings } from "../../src/tls/options.ts";

const files = { certFile: "a.crt", keyFile: "a.key" };

it("fills defaults and freezes", () => {
  const options = resolveTlsOptions(files);
  assert.equal(options.handshakeMs, 10_000);
  assert.equal(options.ticketRotateMs, 12 * 3_600_000);
  assert.deepEqual(options.alpn, ["h2", "http/1.1"]);
  assert.ok(Object.isFrozen(options) && Object.isFrozen(options.alpn));
});

it("counts the bytes of a secret, of text as UTF-8", () => {
  assert.equal(secretBytes("é".repeat(16)).length, 32);
  resolveTlsOptions({ ...files, ticketSecret: "é".repeat(16) });
  resolveTlsOptions({ ...files, ticketSecret: new Uint8Array(32) });
});

const refused: readonly (readonly [what: string, given: object, message: RegExp])[] = [
  ["an option that does not exist", { certfile: "x" }, /known TLS option, got `certfile`/],
  ["no certificate", { certFile: undefined }, /`certFile` to be a path/],
  ["an empty path of a key", { keyFile: "" }, /`keyFile` to be a path, got ""/],
  ["a time that is none", { handshakeMs: 0 }, /`handshakeMs` to be a whole number of ms from 1/],
  ["an infinite time", { reloadCheckMs: Number.POSITIVE_INFINITY }, /`reloadCheckMs`/],
  ["a rotation within the skew", { ticketRotateMs: 60_000 }, /`ticketSkewMs` to be below `ticketRotateMs`/],
  ["a ticket that TLS 1.3 forbids", { ticketLifeMs: 8 * 86_400_000 }, /`ticketLifeMs`/],
  ["an old version", { minVersion: "TLSv1.1" }, /`minVersion`/],
  ["no protocols", { alpn: [] }, /`alpn` to be a list/],
  ["a secret of another type", { ticketSecret: 7 }, /`ticketSecret` to be text or bytes/],
];

for (const [what, given, message] of refused) {
  it(`refuses ${what}`, () => {
    assert.throws(() => resolveTlsOptions({ ...files, ...given } as TlsFrontSettings), { name: "TypeError", message });
  });
}

it("refuses a short secret without showing it", () => {
  assert.throws(
    () => resolveTlsOptions({ ...files, ticketSecret: "hunter2" }),
    (error: Error) => /at least 32 bytes, got 7/.test(error.message) && !error.message.includes("hunter2"),
  );
});
