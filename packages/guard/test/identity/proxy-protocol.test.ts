/** The PROXY protocol as tables of bytes and their meaning, and as properties: any split is the same, any bytes are survived. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { crc32c } from "../../src/identity/proxy-protocol/crc32c.ts";
import { ProxyReader, type ReadProxy } from "../../src/identity/proxy-protocol/reader.ts";
import { addition, checked, signature, tcp4, tcp6, tlsAddition, unixPaths, v1, v2 } from "./support/headers.ts";

type Mode = "v1" | "v2" | "v1-or-v2";

/** Pushes chunks until the reader has an answer; what is said is where the client's bytes begin in all of them. */
function read(mode: Mode, chunks: readonly Uint8Array[], bytesMax = 536): ReadProxy & { readonly at: number; readonly held: number } {
  const reader = new ProxyReader(mode, bytesMax);
  let pushed = 0;
  let held = 0;
  for (const chunk of chunks) {
    const answer = reader.push(chunk);
    held = Math.max(held, reader.heldBytes);
    if (answer.kind !== "more") return { ...answer, at: answer.kind === "header" ? pushed + answer.rest : pushed, held };
    pushed += chunk.length;
  }
  return { kind: "more", at: pushed, held };
}

const verdict = (answer: ReadProxy): string => (answer.kind === "fault" ? answer.code : answer.kind === "more" ? "more" : answer.header.kind);
const ends = (answer: ReadProxy): string => {
  assert.ok(answer.kind === "header" && answer.header.kind === "tcp", verdict(answer));
  const { source, destination } = answer.header;
  return `${source.family} ${source.address} ${source.port} > ${destination.family} ${destination.address} ${destination.port}`;
};

const longest = "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

suite("good headers", () => {
  const named: readonly (readonly [what: string, mode: Mode, header: Buffer, ends: string])[] = [
    ["TCP4", "v1", bytes(v1), "IPv4 203.0.113.9 56324 > IPv4 198.51.100.2 443"],
    ["TCP6", "v1", bytes("PROXY TCP6 2001:DB8::9 2001:db8::2 1 0\r\n"), "IPv6 2001:db8::9 1 > IPv6 2001:db8::2 0"],
    ["TCP6 with mapped addresses", "v1", bytes("PROXY TCP6 ::ffff:203.0.113.9 ::1 1 2\r\n"), "IPv4 203.0.113.9 1 > IPv6 ::1 2"],
    ["the longest TCP6", "v1", bytes(longest), `IPv6 ${"ffff:".repeat(7)}ffff 65535 > IPv6 ${"ffff:".repeat(7)}ffff 65535`],
    ["TCP4", "v2", v2(), "IPv4 203.0.113.9 56324 > IPv4 198.51.100.2 443"],
    ["TCP6", "v2", v2({ familyKind: 0x21, addresses: tcp6 }), "IPv6 2001:db8::9 56324 > IPv6 2001:db8::2 443"],
    ["TCP4 with additions nobody knows", "v2", v2({ additions: addition(0xee, "x") }), "IPv4 203.0.113.9 56324 > IPv4 198.51.100.2 443"],
    ["TCP4 with a true checksum", "v2", checked({ additions: addition(4, "padding") }), "IPv4 203.0.113.9 56324 > IPv4 198.51.100.2 443"],
    ["the first version", "v1-or-v2", bytes(v1), "IPv4 203.0.113.9 56324 > IPv4 198.51.100.2 443"],
    ["the second version", "v1-or-v2", v2(), "IPv4 203.0.113.9 56324 > IPv4 198.51.100.2 443"],
  ];
  for (const [what, mode, header, said] of named) {
    test(`${mode}: ${what} names both ends, and what follows is the client's`, () => {
      const answer = read(mode, [Buffer.concat([header, bytes("GET / HTTP/1.1\r\n")])]);
      assert.equal(ends(answer), said);
      assert.equal(answer.at, header.length);
    });
  }
  const unnamed: readonly (readonly [what: string, mode: Mode, header: Buffer, kind: string])[] = [
    ["UNKNOWN alone", "v1", bytes("PROXY UNKNOWN\r\n"), "unknown"],
    ["UNKNOWN with anything behind", "v1", bytes("PROXY UNKNOWN ffff:: \x00\xff x 1 2\r\n"), "unknown"],
    ["UNKNOWN of 107 bytes", "v1", bytes(`PROXY UNKNOWN ${"x".repeat(91)}\r\n`), "unknown"],
    ["LOCAL without a block", "v2", v2({ versionCommand: 0x20, familyKind: 0, addresses: Buffer.alloc(0) }), "local"],
    ["LOCAL with addresses, which are skipped", "v2", v2({ versionCommand: 0x20 }), "local"],
    ["LOCAL with a block that is nothing", "v2", v2({ versionCommand: 0x20, familyKind: 0x21, addresses: Buffer.alloc(7, 0xff) }), "local"],
    ["UNSPEC", "v2", v2({ familyKind: 0x00, addresses: Buffer.alloc(5) }), "unknown"],
    ["UDP over IPv4", "v2", v2({ familyKind: 0x12 }), "unknown"],
    ["an unspecified kind of IPv6", "v2", v2({ familyKind: 0x20, addresses: tcp6 }), "unknown"],
    ["UNIX", "v2", v2({ familyKind: 0x31, addresses: unixPaths }), "unix"],
  ];
  for (const [what, mode, header, kind] of unnamed) {
    test(`${mode}: ${what} is a header of kind ${kind}`, () => {
      const answer = read(mode, [Buffer.concat([header, bytes("x")])]);
      assert.equal(verdict(answer), kind);
      assert.equal(answer.at, header.length);
    });
  }
  test("paths of Unix sockets end at their first NUL", () => {
    const answer = read("v2", [v2({ familyKind: 0x31, addresses: unixPaths })]);
    assert.ok(answer.kind === "header" && answer.header.kind === "unix");
    assert.deepEqual([answer.header.source, answer.header.destination], ["/run/client.sock", "/run/front.sock"]);
  });
});

suite("additions of version 2", () => {
  const additions = (...items: Buffer[]) => {
    const answer = read("v2", [v2({ additions: Buffer.concat(items) })]);
    assert.ok(answer.kind === "header" && answer.header.kind === "tcp", verdict(answer));
    return answer.header.additions;
  };
  test("ALPN, the name asked for, and the unique id are read", () => {
    const read = additions(addition(1, "h2"), addition(2, "bücher.example"), addition(5, Buffer.of(0, 255, 7)));
    assert.deepEqual(read, { alpn: "h2", authority: "bücher.example", uniqueId: Uint8Array.of(0, 255, 7), tls: null });
  });
  const tls: readonly (readonly [what: string, item: Buffer, read: object])[] = [
    [
      "a checked certificate",
      tlsAddition(0b111, 0, addition(0x21, "TLSv1.3"), addition(0x22, "alice"), addition(0x23, "TLS_AES_128_GCM_SHA256")),
      { encrypted: true, certificate: true, verified: true, version: "TLSv1.3", commonName: "alice" },
    ],
    [
      "no certificate",
      tlsAddition(0b001, 0, addition(0x21, "TLSv1.2")),
      { encrypted: true, certificate: false, verified: false, version: "TLSv1.2", commonName: null },
    ],
    ["a certificate that failed", tlsAddition(0b011, 20), { encrypted: true, certificate: true, verified: false, version: null, commonName: null }],
    ["plain TCP", tlsAddition(0, 1), { encrypted: false, certificate: false, verified: false, version: null, commonName: null }],
  ];
  for (const [what, item, expected] of tls) test(`TLS at the proxy with ${what}`, () => assert.deepEqual(additions(item).tls, expected));
  test("CRC32C is the one of Castagnoli", () => assert.equal(crc32c(bytes("123456789")), 0xe306_9283));
});

suite("headers that are none", () => {
  const line = (text: string): Buffer => bytes(`PROXY ${text}\r\n`);
  const good = "TCP4 203.0.113.9 198.51.100.2 56324 443";
  const more = (...items: Buffer[]): Buffer => v2({ additions: Buffer.concat(items) });
  const rows: readonly (readonly [what: string, mode: Mode, sent: Buffer, code: string])[] = [
    ["HTTP where a header is declared", "v1", bytes("GET / HTTP/1.1\r\n\r\n"), "proxy_header_missing"],
    ["HTTP where a header is declared", "v2", bytes("GET / HTTP/1.1\r\n\r\n"), "proxy_header_missing"],
    ["HTTP where a header is declared", "v1-or-v2", bytes("GET / HTTP/1.1\r\n\r\n"), "proxy_header_missing"],
    ["HTTP that begins as a header does", "v1-or-v2", bytes("POST / HTTP/1.1\r\n\r\n"), "proxy_header_missing"],
    ["the preface of HTTP/2", "v1-or-v2", bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "proxy_header_missing"],
    ["a TLS hello", "v1-or-v2", Buffer.from("160301", "hex"), "proxy_header_missing"],
    ["a header behind TLS bytes", "v2", Buffer.concat([Buffer.from("1603010005", "hex"), v2()]), "proxy_header_missing"],
    ["a header behind TLS bytes", "v1", Buffer.concat([Buffer.from("1603010005", "hex"), bytes(v1)]), "proxy_header_missing"],
    ["version 1 where version 2 is declared", "v2", bytes(v1), "proxy_header_missing"],
    ["version 2 where version 1 is declared", "v1", v2(), "proxy_header_missing"],
    ["lower case", "v1", bytes(v1.toLowerCase()), "proxy_header_missing"],
    ["an empty line first", "v1-or-v2", bytes(`\r\n${v1}`), "proxy_header_missing"],
    ["UDP4", "v1", line(good.replace("TCP4", "UDP4")), "proxy_header_malformed"],
    ["UNKNOWN that goes on", "v1", line("UNKNOWNx"), "proxy_header_malformed"],
    ["nothing but the word", "v1", line(""), "proxy_header_malformed"],
    ["two spaces", "v1", line(good.replace(" 198", "  198")), "proxy_header_malformed"],
    ["a space at the end", "v1", line(`${good} `), "proxy_header_malformed"],
    ["a tab", "v1", line(good.replace(" 198", "\t198")), "proxy_header_malformed"],
    ["one port", "v1", line("TCP4 203.0.113.9 198.51.100.2 56324"), "proxy_header_malformed"],
    ["three ports", "v1", line(`${good} 1`), "proxy_header_malformed"],
    ["port 65536", "v1", line(good.replace("443", "65536")), "proxy_header_malformed"],
    ["port -1", "v1", line(good.replace("443", "-1")), "proxy_header_malformed"],
    ["port 0443", "v1", line(good.replace("443", "0443")), "proxy_header_malformed"],
    ["port +443", "v1", line(good.replace("443", "+443")), "proxy_header_malformed"],
    ["an empty port", "v1", line("TCP4 203.0.113.9 198.51.100.2 56324 "), "proxy_header_malformed"],
    ["IPv6 under TCP4", "v1", line("TCP4 2001:db8::9 2001:db8::2 1 2"), "proxy_header_malformed"],
    ["IPv4 under TCP6", "v1", line(good.replace("TCP4", "TCP6")), "proxy_header_malformed"],
    ["an octal octet", "v1", line(good.replace("203.0", "203.00")), "proxy_header_malformed"],
    ["brackets", "v1", line("TCP6 [2001:db8::9] ::2 1 2"), "proxy_header_malformed"],
    ["a zone", "v1", line("TCP6 fe80::1%eth0 ::2 1 2"), "proxy_header_malformed"],
    ["a NUL", "v1", line(good.replace(" 198", "\0 198")), "proxy_header_malformed"],
    ["a line feed alone", "v1", bytes(`PROXY ${good}\n`), "proxy_header_malformed"],
    ["a carriage return alone", "v1", bytes(`PROXY ${good}\rx`), "proxy_header_malformed"],
    ["108 bytes", "v1", bytes(`PROXY UNKNOWN ${"x".repeat(92)}\r\n`), "proxy_header_too_long"],
    ["a line without an end", "v1", bytes(`PROXY ${"x".repeat(4_000)}`), "proxy_header_too_long"],
    ["version 1 in the binary form", "v2", v2({ versionCommand: 0x11 }), "proxy_header_malformed"],
    ["version 3", "v2", v2({ versionCommand: 0x31 }), "proxy_header_malformed"],
    ["command 2", "v2", v2({ versionCommand: 0x22 }), "proxy_header_malformed"],
    ["family 4", "v2", v2({ familyKind: 0x41 }), "proxy_header_malformed"],
    ["kind 3", "v2", v2({ familyKind: 0x13 }), "proxy_header_malformed"],
    ["length 0 with TCP4", "v2", v2({ length: 0 }), "proxy_header_malformed"],
    ["length 11 with TCP4", "v2", v2({ length: 11 }), "proxy_header_malformed"],
    ["length 12 with TCP6", "v2", v2({ familyKind: 0x21, addresses: tcp6, length: 12 }), "proxy_header_malformed"],
    ["length 215 with UNIX", "v2", v2({ familyKind: 0x31, addresses: unixPaths, length: 215 }), "proxy_header_malformed"],
    ["length 521, one above the limit", "v2", v2({ length: 521 }), "proxy_header_too_long"],
    ["length 65535", "v2", v2({ length: 65_535 }), "proxy_header_too_long"],
    ["length 65535 of LOCAL", "v2", v2({ versionCommand: 0x20, length: 65_535 }), "proxy_header_too_long"],
    ["a signature with one bit wrong", "v2", Buffer.concat([signature.subarray(0, 11), Buffer.of(0x0b), v2().subarray(12)]), "proxy_header_missing"],
    ["an addition of two bytes", "v2", v2({ additions: Buffer.of(1, 0) }), "proxy_header_malformed"],
    ["an addition longer than the header", "v2", v2({ additions: Buffer.of(1, 0, 3, 65, 65) }), "proxy_header_malformed"],
    ["one name twice", "v2", more(addition(2, "a.example"), addition(2, "b.example")), "proxy_header_malformed"],
    ["a name that is not UTF-8", "v2", more(addition(2, Buffer.of(0xc3, 0x28))), "proxy_header_malformed"],
    ["a unique id of 129 bytes", "v2", more(addition(5, "x".repeat(129))), "proxy_header_malformed"],
    ["a checksum of three bytes", "v2", more(addition(3, "abc")), "proxy_header_malformed"],
    ["a TLS addition of four bytes", "v2", more(addition(0x20, Buffer.alloc(4))), "proxy_header_malformed"],
    ["an addition within TLS longer than that", "v2", more(addition(0x20, Buffer.of(1, 0, 0, 0, 0, 0x21, 0, 9, 65))), "proxy_header_malformed"],
    ["a common name twice", "v2", more(tlsAddition(3, 0, addition(0x22, "alice"), addition(0x22, "bob"))), "proxy_header_malformed"],
    ["a common name that is not UTF-8", "v2", more(tlsAddition(3, 0, addition(0x22, Buffer.of(0xff)))), "proxy_header_malformed"],
    ["a checksum with one bit wrong", "v2", checked({}, 1), "proxy_header_checksum"],
    ["a checksum of UNIX with one bit wrong", "v2", checked({ familyKind: 0x31, addresses: unixPaths }, 0x8000_0000), "proxy_header_checksum"],
  ];
  for (const [what, mode, sent, code] of rows) {
    test(`${mode}: ${what} is ${code}, whole or byte by byte`, () => {
      assert.equal(verdict(read(mode, [sent])), code);
      assert.equal(
        verdict(
          read(
            mode,
            Array.from(sent, (byte) => Uint8Array.of(byte)),
          ),
        ),
        code,
      );
    });
  }
  const cut: readonly (readonly [mode: Mode, header: Buffer])[] = [
    ["v1", bytes(v1)],
    ["v2", v2({ additions: addition(2, "a.example") })],
    ["v1-or-v2", checked({})],
  ];
  for (const [mode, header] of cut) {
    test(`${mode}: every beginning of a header wants more`, () => {
      for (let length = 0; length < header.length; length++) assert.equal(verdict(read(mode, [header.subarray(0, length)])), "more", String(length));
    });
  }
});

suite("properties", () => {
  const mode = fc.constantFrom<Mode>("v1", "v2", "v1-or-v2");
  const item = fc.tuple(fc.constantFrom(1, 2, 3, 4, 5, 0x20, 0xee), fc.uint8Array({ maxLength: 40 })).map(([type, value]) => addition(type, value));
  const spoiledV2 = fc
    .record({
      versionCommand: fc.constantFrom(0x20, 0x21, 0x22),
      familyKind: fc.constantFrom(0, 0x11, 0x12, 0x21, 0x31, 0x41),
      items: fc.array(item, { maxLength: 6 }),
    })
    .chain(({ versionCommand, familyKind, items }) => {
      const addresses = familyKind === 0x21 ? tcp6 : familyKind === 0x31 ? unixPaths : tcp4;
      const whole = v2({ versionCommand, familyKind, addresses, additions: Buffer.concat(items) });
      return fc.tuple(fc.constant(whole), fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), fc.boolean());
    })
    .map(([whole, at, byte, spoil]) => (spoil ? Buffer.from(whole).fill(byte, at, at + 1) : whole));
  const spoiledV1 = fc
    .tuple(fc.constantFrom(v1, longest, "PROXY UNKNOWN x\r\n"), fc.nat({ max: 46 }), fc.constantFrom("", " ", "0", ":", "\r", "\n", "\r\n"))
    .map(([text, at, inserted]) => bytes(text.slice(0, at) + inserted + text.slice(at)));
  const anything = fc.oneof(spoiledV2, spoiledV1, fc.uint8Array({ maxLength: 700 }));

  test("however it is split, the answer is the same, and no more is held than a header can be long", () => {
    fc.assert(
      fc.property(
        mode,
        anything,
        fc.uint8Array({ maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 }),
        (which, header, tail, cuts) => {
          const all = Buffer.concat([header, tail]);
          const chunks: Buffer[] = [];
          for (let at = 0, i = 0; at < all.length; i++) {
            const size = cuts[i % cuts.length] ?? 1;
            chunks.push(all.subarray(at, at + size));
            at += size;
          }
          const whole = read(which, [all]);
          const split = read(which, chunks);
          assert.equal(verdict(split), verdict(whole));
          if (whole.kind === "header" && split.kind === "header") assert.deepEqual([split.header, split.at], [whole.header, whole.at]);
          assert.ok(split.held <= 536 && whole.held <= 536);
        },
      ),
      { numRuns: 2_000 },
    );
  });
  test("what is written is read", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV6(), fc.nat({ max: 65_535 }), fc.nat({ max: 65_535 }), (four, six, from, to) => {
        assert.match(ends(read("v1", [bytes(`PROXY TCP4 ${four} ${four} ${from} ${to}\r\n`)])), new RegExp(` ${four} ${from} > .* ${to}$`));
        assert.match(ends(read("v1-or-v2", [bytes(`PROXY TCP6 ${six} ${six} ${from} ${to}\r\n`)])), new RegExp(` ${from} > .* ${to}$`));
      }),
    );
  });
});
