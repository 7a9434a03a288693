/** Addresses read, written and counted, with node:net as the judge of what an address is. */
import assert from "node:assert/strict";
import { BlockList, isIP, isIPv4 } from "node:net";
import { suite, test } from "node:test";
import fc from "fast-check";
import { addressKey, addressOfBytes, formatAddress, isLoopback, normalizeAddress, parseAddress } from "../../src/identity/address.ts";
import { cidrList } from "../../src/identity/cidr.ts";

const octet = fc.nat({ max: 255 });
const ipv4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join("."));
/** Groups that are often zero, so that runs of zeros and their shortening are met. */
const group = fc.oneof(fc.constant(0), fc.constant(0xffff), fc.nat({ max: 65_535 }));
const groups = fc.tuple(group, group, group, group, group, group, group, group);
const ipv6 = groups.map((each) => each.map((value) => value.toString(16)).join(":"));
/** IPv6 as people write it: with a gap, upper case, leading zeros, a dotted tail. */
const writtenIpv6 = fc.tuple(groups, fc.nat({ max: 7 }), fc.nat({ max: 7 }), fc.constantFrom("gap", "upper", "zeros", "quad")).map(([each, a, b, how]) => {
  const hex = each.map((value) => value.toString(16));
  if (how === "upper") return hex.join(":").toUpperCase();
  if (how === "zeros") return hex.map((value) => value.padStart(4, "0")).join(":");
  if (how === "quad") return `${hex.slice(0, 6).join(":")}:${a}.${b}.0.255`;
  const [from, to] = [Math.min(a, b), Math.max(a, b)];
  return `${hex.slice(0, from).join(":")}::${hex.slice(to + 1).join(":")}`;
});
const nearAddress = fc.string({ unit: fc.constantFrom(..."0123456789abcfF:.%[]/ "), maxLength: 24 });

suite("what is an address", () => {
  test("everything that node:net takes for one, and nothing else, but for brackets", () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6, writtenIpv6, nearAddress), (text) => {
        fc.pre(!text.startsWith("["));
        assert.equal(parseAddress(text) !== null, isIP(text) !== 0, text);
      }),
      { numRuns: 5_000 },
    );
  });
  test("any text is judged without a throw", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assert.ok(parseAddress(text) === null || addressKey(text) !== "unknown")));
  });

  const cases: readonly (readonly [text: string, canonical: string | null])[] = [
    ["192.0.2.1", "192.0.2.1"],
    ["255.255.255.255", "255.255.255.255"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:201", "192.0.2.1"],
    ["[::ffff:192.0.2.1]", "192.0.2.1"],
    ["::192.0.2.1", "::c000:201"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["::", "::"],
    ["1::", "1::"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["[fe80::1%25]", "fe80::1"],
    ["", null],
    ["192.0.2", null],
    ["192.0.2.1.", null],
    ["192.0.2.256", null],
    ["192.0.2.01", null],
    ["0x7f.0.0.1", null],
    ["192.0.2.1:80", null],
    ["192.0.2.1%eth0", null],
    ["[192.0.2.1]", null],
    ["[::1", null],
    ["::1]", null],
    ["[::1]:80", null],
    ["fe80::1%", null],
    ["fe80::1%a b", null],
    [":::", null],
    ["1::2::3", null],
    ["1:2:3:4:5:6:7:8:9", null],
    ["1:2:3:4:5:6:7::8", null],
    ["12345::", null],
    ["::1.2.3.4:5", null],
    [" ::1", null],
    ["localhost", null],
    ["1".repeat(100_000), null],
  ];
  for (const [text, canonical] of cases) {
    test(`${JSON.stringify(text.slice(0, 40))} is ${canonical ?? "none"}`, () => assert.equal(normalizeAddress(text), canonical));
  }
});

suite("the canonical text", () => {
  test("reads back as the same address, and is its own canonical text", () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6, writtenIpv6), (text) => {
        const address = parseAddress(text);
        fc.pre(address !== null);
        const canonical = formatAddress(address);
        assert.deepEqual(parseAddress(canonical), address);
        assert.equal(normalizeAddress(canonical), canonical);
      }),
    );
  });
  test("is what a URL makes of an IPv6 address", () => {
    fc.assert(
      fc.property(ipv6, (text) => {
        const address = parseAddress(text);
        fc.pre(address?.family === 6);
        assert.equal(`[${formatAddress(address)}]`, new URL(`http://[${text}]/`).hostname);
      }),
    );
  });
  test("bytes in network order are the address that they are", () => {
    fc.assert(
      fc.property(groups, (each) => {
        const bytes = Uint8Array.from(each.flatMap((value) => [value >> 8, value & 255]));
        assert.deepEqual(addressOfBytes(bytes), parseAddress(each.map((value) => value.toString(16)).join(":")));
      }),
    );
    assert.equal(formatAddress(addressOfBytes(Uint8Array.of(203, 0, 113, 9))), "203.0.113.9");
  });
});

suite("the key of a client", () => {
  const cases: readonly (readonly [text: string | undefined, bits: number, key: string])[] = [
    ["192.0.2.1", 64, "192.0.2.1"],
    ["::ffff:192.0.2.1", 64, "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::/64"],
    ["2001:db8:1:2:ffff:ffff:ffff:ffff", 64, "2001:db8:1:2::/64"],
    ["2001:db8:1:2:3:4:5:6", 56, "2001:db8:1::/56"],
    ["2001:db8:1:2:3:4:5:6", 48, "2001:db8:1::/48"],
    ["2001:db8:1:2:3:4:5:6", 128, "2001:db8:1:2:3:4:5:6/128"],
    ["fe80::1%eth0", 64, "fe80::/64"],
    ["127.0.0.1", 64, "127.0.0.1"],
    ["::1", 64, "::1"],
    [undefined, 64, "unix"],
    ["nonsense", 64, "unknown"],
  ];
  for (const [text, bits, key] of cases) test(`${text} by /${bits} is ${key}`, () => assert.equal(addressKey(text, bits), key));
  test("the machine itself is known in both families", () => {
    const loops = ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"].map((text) => isLoopback(parseAddress(text) ?? assert.fail(text)));
    assert.deepEqual(loops, [true, true, true, true]);
    for (const text of ["128.0.0.1", "::2", "::", "1::1"]) assert.equal(isLoopback(parseAddress(text) ?? assert.fail(text)), false);
  });
});

suite("lists of networks", () => {
  const network = fc.oneof(
    fc.tuple(ipv4, fc.nat({ max: 32 })).map(([base, bits]) => ({ base, bits, family: "ipv4" as const })),
    fc.tuple(ipv6, fc.nat({ max: 128 })).map(([base, bits]) => ({ base, bits, family: "ipv6" as const })),
  );
  /** The network that an address is in, with nothing beyond the prefix; null where a list refuses the form. */
  const entryOf = ({ base, bits, family }: { base: string; bits: number; family: "ipv4" | "ipv6" }): string | null => {
    try {
      return cidrList([`${base}/${bits}`]).entries[0] ?? null;
    } catch (error) {
      const whole = /; (\S+) is the whole network/.exec(String(error))?.[1];
      return family === "ipv6" && parseAddress(base)?.family === 4 ? null : (whole ?? null);
    }
  };
  test("answer as the BlockList of node:net does, for addresses of the network's family", () => {
    fc.assert(
      fc.property(fc.array(network, { minLength: 1, maxLength: 4 }), fc.oneof(ipv4, ipv6), fc.nat({ max: 3 }), (networks, free, pick) => {
        const entries = networks.map(entryOf);
        fc.pre(entries.every((entry) => entry !== null));
        // Half of the addresses are the base of a network, or else hardly any would be inside.
        const address = pick > 1 ? free : (networks[0]?.base ?? free);
        const family = isIPv4(address) ? "ipv4" : "ipv6";
        fc.pre(family === "ipv4" || parseAddress(address)?.family === 6);
        const oracle = new BlockList();
        for (const each of networks) if (each.family === family) oracle.addSubnet(each.base, each.bits, each.family);
        const list = cidrList(entries as string[]);
        assert.equal(list.has(address), oracle.check(address, family), `${address} in ${list.entries}`);
      }),
      { numRuns: 3_000 },
    );
  });
  test("an IPv4-mapped address is in the IPv4 network, and in no IPv6 network", () => {
    assert.equal(cidrList(["10.0.0.0/8"]).has("::ffff:10.1.2.3"), true);
    assert.equal(cidrList(["::ffff:10.0.0.0/104"]).has("10.1.2.3"), true);
    assert.equal(cidrList(["::/0"]).has("10.1.2.3"), false);
    assert.equal(cidrList(["0.0.0.0/0"]).has("2001:db8::1"), false);
  });
  test("a single address is a network of its own, and a Unix socket is in the list that says so", () => {
    const list = cidrList(["192.0.2.7", "2001:db8::7", "unix"]);
    assert.deepEqual(list.entries, ["192.0.2.7/32", "2001:db8::7/128", "unix"]);
    assert.deepEqual(["192.0.2.7", "192.0.2.8", "2001:db8::7", "2001:db8::8", undefined].map(list.has), [true, false, true, false, true]);
    assert.equal(cidrList(["0.0.0.0/0", "::/0"]).has(undefined), false);
    assert.equal(cidrList(["0.0.0.0/0", "::/0"]).has("nonsense"), false);
  });
  const faults: readonly (readonly [entry: unknown, message: RegExp])[] = [
    ["10.0.0.1/8", /10\.0\.0\.0\/8 is the whole network/],
    ["fd00::1/8", /fd00::\/8 is the whole network/],
    ["10.0.0.0/33", /0 to 32 bits/],
    ["10.0.0.0/08", /0 to 32 bits/],
    ["10.0.0.0/-1", /0 to 32 bits/],
    ["10.0.0.0/", /0 to 32 bits/],
    ["10.0.0.0/8/8", /0 to 32 bits/],
    ["::/129", /0 to 128 bits/],
    ["::ffff:0:0/90", /written as IPv4/],
    ["10.0.0/8", /Expected a network such as/],
    ["fe80::%eth0/64", /Expected a network such as/],
    ["[::1]", /Expected a network such as/],
    ["proxy.internal", /Expected a network such as/],
    ["", /Expected a network such as/],
    [8, /to be strings, got number/],
  ];
  for (const [entry, message] of faults) {
    test(`${JSON.stringify(entry)} is refused with what is wrong`, () => {
      assert.throws(
        () => cidrList([entry as string]),
        (error) => error instanceof TypeError && message.test(error.message),
      );
    });
  }
  test("what is no list is refused", () => assert.throws(() => cidrList("10.0.0.0/8" as unknown as string[]), /a list of networks, got string/));
});
