/** Origins as a table, one row one case: what is not on the list byte for byte is refused. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { type OriginOptions, originPolicy } from "../../src/identity/origin.ts";

const listed: OriginOptions = {
  origins: ["https://ok.com", "http://ok.com:8080", "https://Bücher.example:443", "https://*.apps.example", "capacitor://localhost", "http://[::1]:3000"],
};

suite("an origin is let in", () => {
  const rows: readonly (readonly [what: string, origin: string | undefined, options: OriginOptions])[] = [
    ["as listed", "https://ok.com", listed],
    ["with the port listed", "http://ok.com:8080", listed],
    ["in punycode, where it is listed in Unicode, upper case and with its default port", "https://xn--bcher-kva.example", listed],
    ["one label under a wildcard", "https://a.apps.example", listed],
    ["a punycode label under a wildcard", "https://xn--bcher-kva.apps.example", listed],
    ["of an app with a scheme of its own", "capacitor://localhost", listed],
    ["of an IPv6 address", "http://[::1]:3000", listed],
    ["absent, where no cookie decides", undefined, listed],
    ["any, where any is wanted", "https://evil.example", { origins: "any" }],
    ["null, where it is listed", "null", { origins: ["null"] }],
  ];
  for (const [what, origin, options] of rows)
    test(`${what}: ${origin}`, () => assert.deepEqual(originPolicy(options)(origin), { ok: true, origin: origin ?? null }));
});

suite("an origin is refused with bad_origin", () => {
  const rows: readonly (readonly [what: string, origin: string | undefined, options?: OriginOptions])[] = [
    ["absent with cookies", undefined, { ...listed, cookieAuth: true }],
    ["null", "null"],
    ["foreign", "https://evil.example"],
    ["the listed name as a label of another", "https://ok.com.evil.io"],
    ["the listed name as an ending", "https://notok.com"],
    ["the listed name as a user", "https://ok.com@evil.io"],
    ["the listed name as a path", "https://evil.io/https://ok.com"],
    ["the wrong scheme", "http://ok.com"],
    ["the scheme of WebSockets", "wss://ok.com"],
    ["the wrong port", "https://ok.com:8443"],
    ["the default port written out, as no browser does", "https://ok.com:443"],
    ["upper case, as no browser does", "https://OK.com"],
    ["upper case of the scheme", "HTTPS://ok.com"],
    ["a trailing dot, which is another origin", "https://ok.com."],
    ["a trailing slash", "https://ok.com/"],
    ["a space", "https://ok.com "],
    ["two origins", "https://ok.com https://ok.com"],
    ["two joined headers", "https://ok.com, https://ok.com"],
    ["empty", ""],
    ["Unicode in place of punycode", "https://bücher.example"],
    ["a look-alike", "https://оk.com"],
    ["a subdomain of a listed name", "https://a.ok.com"],
    ["the name of a wildcard itself", "https://apps.example"],
    ["two labels under a wildcard", "https://a.b.apps.example"],
    ["an empty label under a wildcard", "https://.apps.example"],
    ["a slash under a wildcard", "https://evil.io/.apps.example"],
    ["a user under a wildcard", "https://a@b.apps.example"],
    ["a wildcard itself", "https://*.apps.example"],
    ["a wildcard's name within another", "https://a.apps.example.evil.io"],
    ["a wildcard by another port", "https://a.apps.example:8443"],
    ["a wildcard by another scheme", "http://a.apps.example"],
    ["upper case under a wildcard", "https://A.apps.example"],
    ["a label of 64 letters", `https://${"a".repeat(64)}.apps.example`],
    ["a megabyte", `https://${"a".repeat(1_000_000)}.apps.example`],
  ];
  for (const [what, origin, options = listed] of rows) {
    test(`${what}: ${origin?.slice(0, 60)}`, () => {
      const check = originPolicy(options)(origin);
      assert.equal(check.ok ? "let in" : check.code, "bad_origin");
    });
  }
  test("whatever is sent, what is let in is on the list", () => {
    const policy = originPolicy(listed);
    const near = fc
      .array(fc.constantFrom("https://", "http://", "ok.com", ".", "apps.example", "a", ":8080", "/", "@", "*", "null"), { maxLength: 6 })
      .map((each) => each.join(""));
    const known = new Set(["https://ok.com", "http://ok.com:8080"]);
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), (origin) => {
        if (policy(origin).ok) assert.ok(known.has(origin) || /^https:\/\/[a-z0-9_-]{1,63}\.apps\.example$/.test(origin), origin);
      }),
      { numRuns: 3_000 },
    );
  });
});

suite("a list is refused", () => {
  const rows: readonly (readonly [what: string, options: OriginOptions])[] = [
    ["a name without a scheme", { origins: ["ok.com"] }],
    ["a path", { origins: ["https://ok.com/app"] }],
    ["a slash at the end", { origins: ["https://ok.com/"] }],
    ["a user", { origins: ["https://me@ok.com"] }],
    ["a query", { origins: ["https://ok.com?x"] }],
    ["no host", { origins: ["https://"] }],
    ["a port that is none", { origins: ["https://ok.com:65536"] }],
    ["a star alone", { origins: ["*"] }],
    ["a star as the host", { origins: ["https://*"] }],
    ["a star as a part of a label", { origins: ["https://app-*.example.com"] }],
    ["a star in the middle", { origins: ["https://a.*.example.com"] }],
    ["a star under a top-level domain", { origins: ["https://*.com"] }],
    ["a star under an address", { origins: ["https://*.0.0.1"] }],
    ["two stars", { origins: ["https://*.*.example.com"] }],
    ["a star as the port", { origins: ["https://ok.com:*"] }],
    ["any with cookies", { origins: "any", cookieAuth: true }],
    ["null with cookies", { origins: ["https://ok.com", "null"], cookieAuth: true }],
    ["no list", { origins: "https://ok.com" as "any" }],
  ];
  for (const [what, options] of rows) test(what, () => assert.throws(() => originPolicy(options), TypeError));
});
