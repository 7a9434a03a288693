/** JWTs: what is taken, what is refused and with which code, and what patterns a token gives. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it, test } from "node:test";
import { HoldfastError } from "@holdfast/protocol";
import fc from "fast-check";
import { allows, noCredentials, type Principal } from "../../src/auth/authorizer.ts";
import { type JwtOptions, jwtAuthorizer } from "../../src/auth/jwt.ts";
import { nodeEnv } from "../../src/index.ts";
import { virtualEnv } from "../../src/testing/virtual-env.ts";
import { audience, type Claims, issuer, newIssuer, sign } from "./support/tokens.ts";

const { clock } = nodeEnv;
const keys = newIssuer();
const base: JwtOptions = { issuer, audience, publicKey: keys.pem };
const signal = new AbortController().signal;

async function judge(token: string, options: JwtOptions = base): Promise<Principal> {
  const principal = await jwtAuthorizer(options, clock).authenticate({ ...noCredentials, token }, signal);
  assert.ok(principal !== null);
  return principal;
}
const codeOf = async (token: string, options?: JwtOptions): Promise<string> => {
  try {
    await judge(token, options);
    return "good";
  } catch (error) {
    assert.ok(error instanceof HoldfastError, String(error));
    assert.ok(!error.message.includes(token.slice(0, 20)), "shows the token");
    return error.code;
  }
};
const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a token", () => {
  it("gives subject, times and patterns", async () => {
    const nowMs = 1_700_000_000_000;
    const env = virtualEnv(1);
    env.jumpWall(nowMs - env.clock.wallMs());
    const token = await keys.sign({ nowMs, read: ["rooms/*", "users/{sub}/**"], publish: ["rooms/1"] });
    const principal = await jwtAuthorizer({ ...base, clockToleranceMs: 1_000 }, env.clock).authenticate({ ...noCredentials, token }, signal);
    assert.deepEqual(principal, {
      subject: "alice",
      expiresMs: nowMs + 61_000,
      issuedMs: nowMs,
      read: ["rooms/*", "users/alice/**"],
      publish: ["rooms/1"],
    });
  });

  for (const [name, claims, code] of [
    ["without rights gives none", {}, "good"],
    ["of another issuer", { more: { iss: "https://other.example" } }, "unauthenticated"],
    ["without an issuer", { more: { iss: undefined as unknown as string } }, "unauthenticated"],
    ["for another audience", { more: { aud: "other" } }, "unauthenticated"],
    ["without a subject", { more: { sub: undefined as unknown as string } }, "unauthenticated"],
    ["without an end", { more: { exp: undefined as unknown as number } }, "unauthenticated"],
    ["that is not valid yet", { more: { nbf: Math.floor(Date.now() / 1_000) + 3_600 } }, "unauthenticated"],
    ["that has run out", { lifeMs: -120_000 }, "token_expired"],
    ["that has run out and is for others", { lifeMs: -120_000, more: { aud: "other" } }, "unauthenticated"],
    ["within the tolerance of its end", { lifeMs: -5_000 }, "good"],
    ["whose claim is no object", { more: { holdfast: "all" } }, "unauthenticated"],
    ["whose rights are no list", { read: "rooms/*" }, "unauthenticated"],
    ["whose pattern is none", { read: ["/rooms"] }, "unauthenticated"],
    ["with too many patterns", { read: Array.from({ length: 65 }, (_, i) => `r/${i}`) }, "unauthenticated"],
  ] as const satisfies readonly (readonly [string, Claims, string])[]) {
    it(`${name}: ${code}`, async () => {
      assert.equal(await codeOf(await keys.sign(claims)), code);
    });
  }

  it("is not taken unsigned, signed by another, cut, changed, or as anything else", async () => {
    const good = await keys.sign({ read: ["a"] });
    const [head = "", body = "", seal = ""] = good.split(".");
    const forged = base64({ iss: issuer, aud: audience, sub: "root", exp: 9e9 });
    for (const token of [
      `${base64({ alg: "none" })}.${body}.`,
      `${base64({ alg: "none" })}.${body}.${seal}`,
      `${base64({ alg: "nOnE", kid: "k1" })}.${body}.`,
      await newIssuer().sign(),
      `${head}.${forged}.${seal}`,
      `${head}.${body}`,
      `${head}.${body}.${seal.slice(2)}`,
      "x",
      "...",
      "\u0000",
      `${base64({ alg: "EdDSA", crit: ["x"], x: 1 })}.${body}.${seal}`,
    ]) {
      assert.equal(await codeOf(token), "unauthenticated", token.slice(0, 40));
    }
  });

  it("is not taken by a secret that is the public key", async () => {
    assert.equal(await codeOf(await sign({}, "HS256", "k1", Buffer.from(keys.pem))), "unauthenticated");
  });

  it("is taken by a shared secret only when one was given", async () => {
    const secret = randomBytes(32);
    const token = await sign({}, "HS256", "k1", secret);
    assert.equal(await codeOf(token, { issuer, audience, secret }), "good");
    assert.equal(await codeOf(await sign({}, "HS384", "k1", randomBytes(48)), { issuer, audience, secret }), "unauthenticated");
    assert.equal(await codeOf(await keys.sign(), { issuer, audience, secret }), "unauthenticated");
  });
});

test("a subject's name never widens a pattern", async () => {
  const name = fc.oneof(fc.constantFrom("*", "**", "a/b", "..", ".", "bob", "*/x", "{sub}", "a b"), fc.string({ minLength: 1, maxLength: 20 }));
  await fc.assert(
    fc.asyncProperty(name, async (subject) => {
      fc.pre(subject.isWellFormed());
      const { read } = await judge(await keys.sign({ subject, read: ["users/{sub}/**", "own-{sub}"] }));
      assert.ok(!allows(read, "users/victim/inbox") || subject === "victim");
      assert.ok(!allows(read, "users/a/b/inbox") || subject === "a");
      assert.ok(!allows(read, "own-other") || subject === "other");
    }),
    { numRuns: 200 },
  );
});

test("a subject's name is put into a pattern letter by letter", async () => {
  for (const subject of ["a$$b", "$&"]) {
    const { read } = await judge(await keys.sign({ subject, read: ["users/{sub}/**"] }));
    assert.deepEqual(read, [`users/${subject}/**`]);
  }
});

test("options that would let anybody in are refused", () => {
  for (const [options, message] of [
    [{ ...base, issuer: "" }, /issuer/],
    [{ ...base, audience: [] }, /audience/],
    [{ issuer, audience }, /one of/],
    [{ ...base, jwks: "https://x.example" }, /one of/],
    [{ ...base, algorithms: ["none"] }, /algorithms/],
    [{ ...base, algorithms: ["HS256"] }, /algorithms/],
    [{ ...base, algorithms: [] }, /algorithms/],
    [{ issuer, audience, secret: randomBytes(16) }, /32 bytes/],
    [{ issuer, audience, secret: randomBytes(32), algorithms: ["RS256"] }, /algorithms/],
    [{ ...base, clockToleranceMs: 60_001 }, /clockToleranceMs/],
    [{ issuer, audience, publicKey: "no key, but a secret" }, /public key/],
  ] as const) {
    assert.throws(
      () => jwtAuthorizer(options as JwtOptions, clock),
      (error: Error) => error instanceof TypeError && message.test(error.message) && !error.message.includes("a secret"),
    );
  }
});
