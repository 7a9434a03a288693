import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { HelloPeek, helloBytesMax, type Peek, peekBytesMax } from "../../src/tls/hello-peek.ts";
import { clientHello, type HelloParts, inRecords } from "../support/client-hello.ts";

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const named = (name: number, length = 64): Uint8Array => new Uint8Array(length).fill(name);
const hex = (name: number): string => name.toString(16).padStart(2, "0").repeat(16);

function peek(...chunks: readonly Uint8Array[]): Peek {
  const reader = new HelloPeek();
  let seen: Peek = { kind: "more" };
  for (const chunk of chunks) seen = reader.take(chunk);
  assert.deepEqual(Buffer.from(reader.taken), Buffer.concat(chunks), "every byte is kept, in order");
  return seen;
}

const hello = (parts: HelloParts, recordBytes?: number): Uint8Array => inRecords(clientHello(parts), recordBytes);

/** Cuts bytes at the given places. */
function cut(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return at.slice(1).map((end, i) => whole.subarray(at[i], end));
}

describe("peeking at a hello", () => {
  it("reads name, protocols and the key names of tickets of both versions", () => {
    const seen = peek(hello({ sni: "Node-1.Example.org", alpn: ["h2", "http/1.1"], ticket: named(7), identities: [named(8), named(9)] }));
    assert.deepEqual(seen, {
      kind: "hello",
      hello: { sni: "node-1.example.org", alpn: ["h2", "http/1.1"], ticketNames: [hex(7), hex(8), hex(9)] },
    });
  });

  it("finds nothing where nothing is", () => {
    const none = { kind: "hello", hello: { sni: null, alpn: [], ticketNames: [] } };
    assert.deepEqual(peek(hello({})), none);
    assert.deepEqual(peek(hello({ withoutExtensions: true })), none);
    assert.deepEqual(peek(hello({ ticket: bytes() })), none, "an empty ticket asks for one");
    assert.deepEqual(peek(hello({ ticket: named(7, 15) })), none, "too short to have a key's name");
    assert.deepEqual(peek(hello({ sni: "a\u0000b" })), none, "a name that cannot be shown");
  });

  it("is bounded in what it keeps of lists", () => {
    const seen = peek(hello({ alpn: Array.from({ length: 40 }, (_, i) => `p${i}`), identities: Array.from({ length: 20 }, (_, i) => named(i, 32)) }));
    assert.ok(seen.kind === "hello");
    assert.equal(seen.hello.alpn.length, 16);
    assert.equal(seen.hello.ticketNames.length, 8);
  });

  it("says at the first byte that something is not TLS, and at the second that it is no version of it", () => {
    assert.deepEqual(peek(Buffer.from("G")), { kind: "other", why: "not_tls" });
    assert.deepEqual(peek(bytes(22)), { kind: "more" });
    assert.deepEqual(peek(bytes(22, 2)), { kind: "other", why: "not_tls" });
    assert.deepEqual(peek(bytes(0x80, 0x2e, 1, 3, 1)), { kind: "other", why: "not_tls" }, "a hello of SSL 2");
  });

  it("calls malformed what begins as TLS and is no hello", () => {
    assert.deepEqual(peek(inRecords(bytes(2, 0, 0, 4, 1, 2, 3, 4))), { kind: "other", why: "malformed" }, "a server's hello");
    assert.deepEqual(peek(bytes(22, 3, 1, 0, 0)), { kind: "other", why: "malformed" }, "an empty record");
    assert.deepEqual(peek(bytes(22, 3, 1, 0x40, 1)), { kind: "other", why: "malformed" }, "a record that is too long");
    const whole = clientHello({ sni: "localhost", alpn: ["h2"], identities: [named(1)] });
    for (let length = 4; length < whole.length; length++) {
      const short = Uint8Array.from(whole.subarray(0, length));
      short[2] = (length - 4) >> 8;
      short[3] = (length - 4) & 255;
      const seen = peek(inRecords(short));
      const endsBeforeExtensions = length === clientHello({ withoutExtensions: true }).length;
      assert.equal(seen.kind, endsBeforeExtensions ? "hello" : "other", `cut to ${length} bytes`);
    }
  });

  it("reads a hello of 16 KiB and gives up one byte above, at its head", () => {
    const empty = clientHello({ padding: 0 }).length;
    const largest = clientHello({ padding: helloBytesMax - empty });
    assert.equal(largest.length, helloBytesMax);
    assert.equal(peek(inRecords(largest)).kind, "hello");
    const larger = inRecords(clientHello({ padding: helloBytesMax - empty + 1 }));
    assert.deepEqual(peek(larger.subarray(0, 9)), { kind: "other", why: "too_large" });
  });

  it("gives up when heads of records are most of what comes", () => {
    const whole = hello({ padding: 8_000 }, 1);
    assert.ok(whole.length > peekBytesMax);
    assert.deepEqual(peek(whole.subarray(0, peekBytesMax - 1)), { kind: "more" });
    assert.deepEqual(peek(whole.subarray(0, peekBytesMax)), { kind: "other", why: "too_large" });
    assert.deepEqual(peek(whole), { kind: "other", why: "too_large" });
  });

  it("keeps what comes behind the hello without looking at it", () => {
    const one = hello({ sni: "a" });
    assert.deepEqual(peek(one, Buffer.from("behind")), peek(one));
  });

  const parts = fc.record(
    {
      sni: fc.domain(),
      alpn: fc.array(fc.constantFrom("h2", "http/1.1", "x"), { minLength: 1, maxLength: 4 }),
      ticket: fc.uint8Array({ maxLength: 40 }),
      identities: fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 4 }),
      padding: fc.integer({ min: 0, max: 300 }),
    },
    { requiredKeys: [] },
  );
  const places = fc.array(fc.nat(), { maxLength: 12 });

  it("gives the same answer for any cut into segments and records", () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 400 }), places, (given, recordBytes, at) => {
        const message = clientHello(given);
        const whole = peek(inRecords(message));
        assert.equal(whole.kind, "hello");
        const cutUp = inRecords(message, recordBytes);
        assert.deepEqual(peek(...cut(cutUp, at)), whole);
        assert.deepEqual(peek(...[...cutUp].map((byte) => bytes(byte))), whole);
      }),
    );
  });

  it("throws for no bytes, and gives the same answer for any cut of any bytes", () => {
    const damaged = fc.tuple(parts, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })).map(([given, faults]) => {
      const whole = Uint8Array.from(hello(given));
      for (const [at, value] of faults) whole[at % whole.length] = value;
      return whole;
    });
    const startsAsTls = fc.uint8Array({ maxLength: 300 }).map((rest) => Buffer.concat([bytes(22, 3, 1), rest]));
    fc.assert(
      fc.property(fc.oneof(damaged, startsAsTls, fc.uint8Array({ maxLength: 300 })), places, (any, at) => {
        assert.deepEqual(peek(...cut(any, at)), peek(any));
      }),
      { numRuns: 2_000 },
    );
  });
});
