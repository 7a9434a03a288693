/** Who a request is from, as a table of headers: counted from the right, as far as trust goes, and not one entry further. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { cidrList } from "../../src/identity/cidr.ts";
import { type ForwardedOptions, forwardedReader } from "../../src/identity/forwarded.ts";

const trusted = cidrList(["10.0.0.0/8", "fd00::/8", "unix"]);
const xff = (value: string | readonly string[]): string[] => [value].flat().flatMap((each) => ["X-Forwarded-For", each]);
const fwd = (value: string | readonly string[]): string[] => [value].flat().flatMap((each) => ["Forwarded", each]);

type Row = readonly [what: string, peer: string | undefined, rawHeaders: readonly string[], client: string | undefined, stop: string, port?: number];

function table(options: ForwardedOptions, rows: readonly Row[]): void {
  const read = forwardedReader(options);
  for (const [what, peer, rawHeaders, client, stop, port] of rows) {
    test(what, () => {
      const { address, port: found, stop: why } = read({ peer, rawHeaders });
      assert.deepEqual({ address, port: found, stop: why }, { address: client, port: port ?? null, stop });
    });
  }
}

suite("X-Forwarded-For over trusted networks", () => {
  table({ header: "x-forwarded-for", trusted }, [
    ["from an untrusted peer it is ignored", "203.0.113.9", xff("198.51.100.7"), "203.0.113.9", "peer_untrusted"],
    ["without it the peer is the client", "10.0.0.1", [], "10.0.0.1", "exhausted"],
    ["one proxy: the entry that it wrote", "10.0.0.1", xff("203.0.113.9"), "203.0.113.9", "client"],
    ["what the client wrote is left of it, and is not read", "10.0.0.1", xff("127.0.0.1, 203.0.113.9"), "203.0.113.9", "client"],
    ["two proxies", "10.0.0.1", xff("127.0.0.1, 203.0.113.9, 10.0.0.2"), "203.0.113.9", "client"],
    ["all entries are proxies: the leftmost", "10.0.0.1", xff("10.0.0.3, 10.0.0.2"), "10.0.0.3", "exhausted"],
    ["repeated headers are one list", "10.0.0.1", xff(["127.0.0.1", "203.0.113.9", "10.0.0.2"]), "203.0.113.9", "client"],
    ["a peer shown in its mapped form is the same proxy", "::ffff:10.0.0.1", xff("203.0.113.9"), "203.0.113.9", "client"],
    ["a Unix socket that is trusted", undefined, xff("203.0.113.9"), "203.0.113.9", "client"],
    ["IPv6, written in any way", "fd00::1", xff("2001:DB8:0::9"), "2001:db8::9", "client"],
    ["IPv6 in brackets", "fd00::1", xff("[2001:db8::9]"), "2001:db8::9", "client"],
    ["IPv6 in brackets with a port", "fd00::1", xff("[2001:db8::9]:443"), "2001:db8::9", "client", 443],
    ["IPv4 with a port", "10.0.0.1", xff("203.0.113.9:5555"), "203.0.113.9", "client", 5555],
    ["tabs and no spaces", "10.0.0.1", xff("127.0.0.1,203.0.113.9\t,\t10.0.0.2"), "203.0.113.9", "client"],
    ["a name stops the walk", "10.0.0.1", xff("203.0.113.9, proxy.internal, 10.0.0.2"), "10.0.0.2", "garbage"],
    ["garbage from the client is not reached", "10.0.0.1", xff("<script>, 203.0.113.9"), "203.0.113.9", "client"],
    ["an empty header", "10.0.0.1", xff(""), "10.0.0.1", "garbage"],
    ["an empty entry stops it: to skip it would be a hop too few", "10.0.0.1", xff("127.0.0.1, , 10.0.0.2"), "10.0.0.2", "garbage"],
    ["unknown stops it", "10.0.0.1", xff("127.0.0.1, unknown, 10.0.0.2"), "10.0.0.2", "hidden"],
    ["an octal address", "10.0.0.1", xff("0177.0.0.1"), "10.0.0.1", "garbage"],
    ["a port too large", "10.0.0.1", xff("203.0.113.9:65536"), "10.0.0.1", "garbage"],
    ["a zone", "10.0.0.1", xff("fe80::1%eth0"), "10.0.0.1", "garbage"],
    ["an open bracket", "10.0.0.1", xff("[2001:db8::9"), "10.0.0.1", "garbage"],
    ["a quoted address", "10.0.0.1", xff('"203.0.113.9"'), "10.0.0.1", "garbage"],
    ["17 proxies are more than the limit", "10.0.0.1", xff(Array.from({ length: 17 }, (_, i) => `10.0.1.${i}`).join(", ")), "10.0.1.1", "hops_limit"],
    ["a Forwarded header beside it is nobody's word", "10.0.0.1", [...fwd("for=198.51.100.7"), ...xff("203.0.113.9")], "203.0.113.9", "client"],
    ["a Forwarded header alone is nobody's word", "10.0.0.1", fwd("for=198.51.100.7"), "10.0.0.1", "exhausted"],
  ]);
});

suite("X-Forwarded-For by the number of proxies", () => {
  table({ header: "x-forwarded-for", hops: 1 }, [
    ["one: the rightmost entry, whoever the peer is", "192.0.2.1", xff("127.0.0.1, 203.0.113.9"), "203.0.113.9", "client"],
    ["one: nothing was written", "192.0.2.1", [], "192.0.2.1", "exhausted"],
  ]);
  table({ header: "x-forwarded-for", hops: 2 }, [
    ["two: the second from the right", "192.0.2.1", xff("127.0.0.1, 203.0.113.9, 192.0.2.2"), "203.0.113.9", "client"],
    ["two, and one entry: the one that there is", "192.0.2.1", xff("203.0.113.9"), "203.0.113.9", "exhausted"],
  ]);
  table({ header: "x-forwarded-for", hops: 2, trusted }, [
    ["both: whichever ends first, here the count", "10.0.0.1", xff("127.0.0.1, 10.0.0.3, 10.0.0.2"), "10.0.0.3", "client"],
    ["both: whichever ends first, here the trust", "10.0.0.1", xff("127.0.0.1, 203.0.113.9"), "203.0.113.9", "client"],
    ["both: a peer outside the networks", "203.0.113.9", xff("127.0.0.1"), "203.0.113.9", "peer_untrusted"],
  ]);
});

suite("Forwarded", () => {
  table({ header: "forwarded", trusted }, [
    ["from an untrusted peer it is ignored", "203.0.113.9", fwd("for=198.51.100.7"), "203.0.113.9", "peer_untrusted"],
    ["one proxy", "10.0.0.1", fwd("for=203.0.113.9"), "203.0.113.9", "client"],
    ["names in any case", "10.0.0.1", fwd("FOR=203.0.113.9;Proto=https"), "203.0.113.9", "client"],
    ["two proxies, and the client's own wish", "10.0.0.1", fwd("for=127.0.0.1, for=203.0.113.9, for=10.0.0.2"), "203.0.113.9", "client"],
    ["repeated headers are one list", "10.0.0.1", fwd(["for=127.0.0.1", "for=203.0.113.9"]), "203.0.113.9", "client"],
    ["IPv6 in quotes and brackets", "10.0.0.1", fwd('for="[2001:db8::9]"'), "2001:db8::9", "client"],
    ["IPv6 with a port", "10.0.0.1", fwd('for="[2001:db8::9]:4711"'), "2001:db8::9", "client", 4711],
    ["IPv4 with a port", "10.0.0.1", fwd('for="203.0.113.9:80";by=10.0.0.1'), "203.0.113.9", "client", 80],
    ["a hidden port", "10.0.0.1", fwd('for="203.0.113.9:_p1"'), "203.0.113.9", "client"],
    ["spaces around semicolons", "10.0.0.1", fwd("proto=https ; for=203.0.113.9 ; by=_me"), "203.0.113.9", "client"],
    ["a comma and a quote within quotes", "10.0.0.1", fwd('for=127.0.0.1, by="a,\\"b\\\\";for=203.0.113.9'), "203.0.113.9", "client"],
    ["a quote that the client left open swallows nothing", "10.0.0.1", fwd(['for="', "for=203.0.113.9"]), "203.0.113.9", "client"],
    ["nor one with a backslash", "10.0.0.1", fwd(['for="\\', 'for="[2001:db8::9]"']), "2001:db8::9", "client"],
    ["a hidden name stops the walk", "10.0.0.1", fwd("for=127.0.0.1, for=_hidden, for=10.0.0.2"), "10.0.0.2", "hidden"],
    ["unknown stops it", "10.0.0.1", fwd("for=127.0.0.1, for=unknown"), "10.0.0.1", "hidden"],
    ["unknown with a port stops it", "10.0.0.1", fwd('for="unknown:80"'), "10.0.0.1", "hidden"],
    ["an element without for", "10.0.0.1", fwd("for=127.0.0.1, proto=https"), "10.0.0.1", "hidden"],
    ["IPv6 without brackets", "10.0.0.1", fwd('for="2001:db8::9"'), "10.0.0.1", "garbage"],
    ["IPv6 without quotes", "10.0.0.1", fwd("for=[2001:db8::9]"), "10.0.0.1", "garbage"],
    ["for twice", "10.0.0.1", fwd("for=203.0.113.9;for=127.0.0.1"), "10.0.0.1", "garbage"],
    ["no equals sign", "10.0.0.1", fwd("203.0.113.9"), "10.0.0.1", "garbage"],
    ["a quote that is not closed", "10.0.0.1", fwd('for="203.0.113.9'), "10.0.0.1", "garbage"],
    ["text behind a quote", "10.0.0.1", fwd('for="203.0.113.9"x'), "10.0.0.1", "garbage"],
    ["an empty element", "10.0.0.1", fwd("for=127.0.0.1,,for=10.0.0.2"), "10.0.0.2", "hidden"],
    ["an X-Forwarded-For beside it is nobody's word", "10.0.0.1", [...xff("198.51.100.7"), ...fwd("for=203.0.113.9")], "203.0.113.9", "client"],
    ["an X-Forwarded-For alone is nobody's word", "10.0.0.1", xff("198.51.100.7"), "10.0.0.1", "exhausted"],
  ]);
});

suite("scheme and host", () => {
  const said = (options: ForwardedOptions, rawHeaders: readonly string[], peer = "10.0.0.1") => {
    const { proto, host } = forwardedReader(options)({ peer, rawHeaders });
    return `${proto} ${host}`;
  };
  const forwarded: ForwardedOptions = { header: "forwarded", trusted };
  const x: ForwardedOptions = { header: "x-forwarded-for", trusted };
  const rows: readonly (readonly [what: string, options: ForwardedOptions, rawHeaders: readonly string[], said: string, peer?: string])[] = [
    [
      "Forwarded: of the element that names the client",
      forwarded,
      fwd("for=1.1.1.1;proto=http;host=evil.example, for=203.0.113.9;proto=https;host=App.Example, for=10.0.0.2;proto=http"),
      "https app.example",
    ],
    ["Forwarded: a host with a port is quoted", forwarded, fwd('for=203.0.113.9;host="app.example:8443"'), "null app.example:8443"],
    ["Forwarded: a host that is none", forwarded, fwd('for=203.0.113.9;host="a/b";proto=gopher'), "null null"],
    ["Forwarded: X-Forwarded-Proto beside it is nobody's word", forwarded, [...fwd("for=203.0.113.9"), "X-Forwarded-Proto", "https"], "null null"],
    ["X-Forwarded: what the proxy set", x, [...xff("203.0.113.9"), "X-Forwarded-Proto", "https", "X-Forwarded-Host", "app.example"], "https app.example"],
    [
      "X-Forwarded: of several the last",
      x,
      [...xff("203.0.113.9"), "X-Forwarded-Proto", "http, https", "X-Forwarded-Host", "evil.example", "X-Forwarded-Host", "app.example"],
      "https app.example",
    ],
    ["X-Forwarded: wss is https", x, [...xff("203.0.113.9"), "X-Forwarded-Proto", "WSS"], "https null"],
    ["X-Forwarded: garbage", x, [...xff("203.0.113.9"), "X-Forwarded-Proto", "https;", "X-Forwarded-Host", "user@app.example"], "null null"],
    [
      "X-Forwarded: nothing of an untrusted peer",
      x,
      [...xff("1.1.1.1"), "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example"],
      "null null",
      "203.0.113.9",
    ],
  ];
  for (const [what, options, rawHeaders, expected, peer] of rows) test(what, () => assert.equal(said(options, rawHeaders, peer), expected));
});

suite("options", () => {
  const faults: readonly (readonly [what: string, options: ForwardedOptions, message: RegExp])[] = [
    ["neither networks nor a count", { header: "forwarded" }, /`trusted` or `hops`/],
    ["no hop", { header: "forwarded", hops: 0 }, /`hops` to be a whole number in \[1, 64\], got 0/],
    ["half a hop", { header: "forwarded", hops: 1.5 }, /`hops`/],
    ["a walk without an end", { header: "forwarded", trusted, hopsMax: Infinity }, /`hopsMax`/],
    ["another header", { header: "x-real-ip" as "forwarded", trusted }, /`header` to be/],
  ];
  for (const [what, options, message] of faults) test(`${what} is refused`, () => assert.throws(() => forwardedReader(options), message));
});

suite("properties", () => {
  const piece = fc.oneof(
    fc.ipV4(),
    fc.ipV6().map((address) => `for="[${address}]"`),
    fc.constantFrom("for=10.0.0.2", "for=_x", ";", '"', "\\", ",", '\\"', "proto=https", "=", " "),
    fc.string({ maxLength: 8 }),
  );
  const list = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  test("whatever a client writes, what the proxy appends decides", () => {
    const readX = forwardedReader({ header: "x-forwarded-for", trusted });
    const readF = forwardedReader({ header: "forwarded", trusted });
    fc.assert(
      fc.property(list, fc.boolean(), (wish, repeated) => {
        const x = repeated ? xff([wish, "203.0.113.9"]) : xff(`${wish}, 203.0.113.9`);
        assert.equal(readX({ peer: "10.0.0.1", rawHeaders: x }).address, "203.0.113.9");
        const proper = 'for="[2001:db8::9]:1";by="a\\"\\\\"';
        const f = repeated ? fwd([wish, proper]) : fwd(`${wish},${proper}`);
        assert.equal(readF({ peer: "10.0.0.1", rawHeaders: f }).address, "2001:db8::9");
      }),
      { numRuns: 2_000 },
    );
  });
  test("any header is read without a throw, and an untrusted peer stays who it is", () => {
    fc.assert(
      fc.property(fc.oneof(list, fc.string({ unit: "binary" })), (value) => {
        for (const header of ["forwarded", "x-forwarded-for"] as const) {
          const read = forwardedReader({ header, trusted, hops: 3 });
          read({ peer: "10.0.0.1", rawHeaders: [header, value] });
          assert.equal(read({ peer: "203.0.113.9", rawHeaders: [header, value] }).address, "203.0.113.9");
        }
      }),
    );
  });
});
