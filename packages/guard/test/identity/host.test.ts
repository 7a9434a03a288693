/** Host names as a table: who is answered, who is not, and which page is one's own. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { parseAuthority } from "../../src/identity/authority.ts";
import { headerValues, oneHeader } from "../../src/identity/headers.ts";
import { hostPolicy } from "../../src/identity/host.ts";

const policy = hostPolicy({ hosts: ["admin.internal", "metrics.internal:9464", "[2001:db8::5]", "192.0.2.8"] });

suite("a Host", () => {
  const rows: readonly (readonly [host: string | undefined, answered: boolean])[] = [
    ["localhost", true],
    ["localhost:4150", true],
    ["LOCALHOST:1", true],
    ["127.0.0.1:4150", true],
    ["127.9.9.9", true],
    ["[::1]:4150", true],
    ["[0:0:0:0:0:0:0:1]", true],
    ["[::ffff:127.0.0.1]:4150", true],
    ["admin.internal", true],
    ["Admin.Internal:1234", true],
    ["metrics.internal:9464", true],
    ["[2001:DB8:0::5]:80", true],
    ["192.0.2.8:80", true],
    [undefined, false],
    ["", false],
    ["evil.example", false],
    ["evil.example:4150", false],
    ["metrics.internal", false],
    ["metrics.internal:9465", false],
    ["localhost.", false],
    ["localhost.evil.example", false],
    ["admin.internal.evil.example", false],
    ["evil.example@localhost", false],
    ["localhost/evil.example", false],
    ["localhost:", false],
    ["localhost:65536", false],
    ["localhost:4150:1", false],
    ["localhost, evil.example", false],
    [" localhost", false],
    ["127.999.0.1", false],
    ["0177.0.0.1", false],
    ["2130706433", false],
    ["0.0.0.0", false],
    ["::1", false],
    ["[::1", false],
    ["[::1]x", false],
    ["[::1%lo]", false],
    ["a".repeat(100_000), false],
  ];
  for (const [host, answered] of rows) {
    test(`${host?.slice(0, 40)} is ${answered ? "answered" : "refused with bad_host"}`, () => {
      const check = policy.check(host);
      assert.equal(check.ok ? "answered" : check.code, answered ? "answered" : "bad_host");
    });
  }
  test("without loopback only what is listed is answered", () => {
    const strict = hostPolicy({ hosts: ["admin.internal"], loopback: false });
    assert.deepEqual(
      ["admin.internal", "localhost", "127.0.0.1", "[::1]"].map((host) => strict.check(host).ok),
      [true, false, false, false],
    );
  });
  for (const entry of ["http://admin.internal", "admin.internal/", "*.internal", "", "admin internal", "::1", "admin:port"]) {
    test(`${JSON.stringify(entry)} can not be listed`, () => assert.throws(() => hostPolicy({ hosts: [entry] }), TypeError));
  }
  test("any text is read without a throw, and what is read has no other parts", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webAuthority()), (text) => {
        const authority = parseAuthority(text);
        if (authority !== null) assert.doesNotMatch(authority.name, /[@/?#\\\s%]/);
      }),
    );
  });
});

suite("a page of one's own", () => {
  const rows: readonly (readonly [origin: string, host: string | undefined, own: boolean])[] = [
    ["http://localhost:4150", "localhost:4150", true],
    ["http://127.0.0.1:4150", "127.0.0.1:4150", true],
    ["http://[::1]:4150", "[::1]:4150", true],
    ["http://admin.internal", "admin.internal", true],
    ["http://localhost:8080", "LOCALHOST:8080", true],
    ["http://localhost:4150", "localhost:8080", true],
    ["http://localhost:8080", "localhost:4150", false],
    ["https://localhost:4150", "localhost:4150", false],
    ["http://LOCALHOST:4150", "localhost:4150", false],
    ["http://evil.example:4150", "evil.example:4150", false],
    ["http://evil.example", "localhost:4150", false],
    ["http://admin.internal:80", "admin.internal", false],
    ["http://localhost:4150/", "localhost:4150", false],
    ["null", "localhost:4150", false],
    ["http://localhost:4150.evil.example", "localhost:4150", false],
  ];
  for (const [origin, host, own] of rows) {
    test(`${origin} at ${host} is ${own ? "one's own" : "another's"}`, () => {
      assert.equal(policy.isOwnOrigin(origin, { scheme: "http", host, localPort: 4150 }), own);
    });
  }
  test("over TLS it is the other scheme and port", () => {
    assert.equal(policy.isOwnOrigin("https://admin.internal", { scheme: "https", host: "admin.internal", localPort: 443 }), true);
    assert.equal(policy.isOwnOrigin("http://admin.internal", { scheme: "https", host: "admin.internal", localPort: 443 }), false);
  });
});

suite("raw headers", () => {
  test("every repetition is seen, in any case", () => {
    assert.deepEqual(headerValues(["Host", "a", "X", "b", "hOST", "c", "odd"], "host"), ["a", "c"]);
  });
  test("a header that may come once is refused when it comes twice", () => {
    assert.deepEqual(oneHeader(["Host", "a"], "host"), { ok: true, value: "a" });
    assert.deepEqual(oneHeader([], "host"), { ok: true, value: undefined });
    const twice = oneHeader(["Host", "a", "host", "a"], "host");
    assert.equal(twice.ok ? "" : twice.code, "bad_request");
  });
});
