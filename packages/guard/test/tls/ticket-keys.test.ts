import assert from "node:assert/strict";
import { hkdfSync } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hkdf, honouredPeriods, sessionContextFor, ticketKeysBytes, ticketKeysFor, ticketName } from "../../src/tls/ticket-keys.ts";

const secret = new TextEncoder().encode("a secret of at least thirty-two bytes");
const hourMs = 3_600_000;
const rotateMs = 12 * hourMs;

describe("ticket keys", () => {
  it("are HKDF of RFC 5869, as Node has it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), fc.string(), fc.integer({ min: 1, max: 200 }), (from, info, bytes) => {
        const expected = new Uint8Array(hkdfSync("sha256", from, "holdfast tls tickets", info, bytes));
        assert.deepEqual(hkdf(from, info, bytes), expected);
      }),
    );
  });

  it("are the same on every node, and another for each period, each secret and each length of a period", () => {
    const all = [
      ticketKeysFor(secret, rotateMs, 7),
      ticketKeysFor(secret, rotateMs, 8),
      ticketKeysFor(secret, rotateMs + 1, 7),
      ticketKeysFor(new TextEncoder().encode("another secret of more than 32 bytes"), rotateMs, 7),
    ];
    assert.deepEqual(ticketKeysFor(Uint8Array.from(secret), rotateMs, 7), all[0]);
    assert.ok(all.every(({ length }) => length === ticketKeysBytes));
    assert.equal(new Set(all.map(ticketName)).size, all.length);
    assert.equal(new Set(all.map((keys) => Buffer.from(keys.subarray(16)).toString("hex"))).size, all.length);
  });

  it("have their name in front, in hexadecimal", () => {
    const keys = ticketKeysFor(secret, rotateMs, 7);
    assert.equal(ticketName(keys), Buffer.from(keys.subarray(0, 16)).toString("hex"));
    assert.equal(ticketName(keys.subarray(16)), Buffer.from(keys.subarray(16, 32)).toString("hex"), "a view of a larger buffer is read from where it begins");
  });

  it("come with a session context that fits into the 32 bytes that OpenSSL has for it", () => {
    assert.match(sessionContextFor(secret), /^[0-9a-f]{32}$/);
  });
});

describe("honoured periods", () => {
  const at = (wallMs: number, skewMs = 60_000, first?: number) => honouredPeriods(wallMs, rotateMs, skewMs, first);

  it("are the current one and two before it", () => {
    assert.deepEqual(at(10 * rotateMs + hourMs), { current: 10, all: [10, 9, 8] });
  });

  it("include the next one while another node's clock may have reached it", () => {
    assert.deepEqual(at(11 * rotateMs - 60_000), { current: 10, all: [11, 10, 9, 8] });
    assert.deepEqual(at(11 * rotateMs - 60_001), { current: 10, all: [10, 9, 8] });
    assert.deepEqual(at(11 * rotateMs), { current: 11, all: [11, 10, 9] });
  });

  it("begin with the first one whose tickets can exist, and always hold the current one", () => {
    assert.deepEqual(at(10 * rotateMs, 0, 10), { current: 10, all: [10] });
    assert.deepEqual(at(11 * rotateMs, 0, 10), { current: 11, all: [11, 10] });
    assert.deepEqual(at(9 * rotateMs, 0, 10), { current: 9, all: [9] }, "a clock that was set back");
  });

  it("overlap so that nodes whose clocks differ by less than the skew read what the other makes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 60_000 }), (wallMs, apartMs) => {
        const [one, other] = [at(wallMs), at(wallMs + apartMs)];
        assert.ok(one.all.includes(other.current));
        assert.ok(other.all.includes(one.current));
      }),
    );
  });
});
