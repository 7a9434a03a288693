/** Sets of keys: loaded once, again when a key is missing, seldom, and kept when they cannot be had. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { HoldfastError } from "@holdfast/protocol";
import type { JSONWebKeySet } from "jose";
import { noCredentials } from "../../src/auth/authorizer.ts";
import { jwtAuthorizer } from "../../src/auth/jwt.ts";
import { nodeEnv } from "../../src/index.ts";
import { virtualEnv } from "../../src/testing/virtual-env.ts";
import { audience, issuer, newIssuer } from "./support/tokens.ts";

const old = newIssuer("old");
const young = newIssuer("young");
const setOf = (...issuers: { jwk: object }[]): JSONWebKeySet => ({ keys: issuers.map(({ jwk }) => jwk) }) as JSONWebKeySet;

function world() {
  const env = virtualEnv(1);
  const state = { set: setOf(old), isDown: false, loads: 0 };
  const load = async (): Promise<JSONWebKeySet> => {
    state.loads++;
    if (state.isDown) throw new TypeError("fetch failed");
    return state.set;
  };
  const authorizer = jwtAuthorizer({ issuer, audience, jwks: load }, env.clock);
  const codeOf = async (by: typeof old): Promise<string> => {
    const token = await by.sign({ nowMs: env.clock.wallMs() });
    try {
      await authorizer.authenticate({ ...noCredentials, token }, new AbortController().signal);
      return "good";
    } catch (error) {
      assert.ok(error instanceof HoldfastError, String(error));
      return error.code;
    }
  };
  return { env, state, codeOf };
}

describe("a set of keys", () => {
  it("is loaded once for many", async () => {
    const { state, codeOf } = world();
    assert.deepEqual(await Promise.all(Array.from({ length: 20 }, () => codeOf(old))), Array(20).fill("good"));
    assert.equal(state.loads, 1);
  });

  it("is loaded again for a key that it lacks, but not as often as a token may ask", async () => {
    const { env, state, codeOf } = world();
    assert.equal(await codeOf(old), "good");
    state.set = setOf(old, young);
    assert.equal(await codeOf(young), "unauthenticated");
    assert.equal(state.loads, 1);
    await env.advance(30_000);
    assert.equal(await codeOf(young), "good");
    for (let i = 0; i < 10; i++) assert.equal(await codeOf(newIssuer(`x${i}`)), "unauthenticated");
    assert.equal(state.loads, 2);
  });

  it("is kept while its address is down, however old", async () => {
    const { env, state, codeOf } = world();
    assert.equal(await codeOf(old), "good");
    state.isDown = true;
    await env.advance(3_600_000);
    assert.equal(await codeOf(old), "good");
    assert.equal(state.loads, 2);
    assert.equal(await codeOf(young), "unauthenticated");
  });

  it("that cannot be had yet is no verdict, and is asked for again after a while", async () => {
    const { env, state, codeOf } = world();
    state.isDown = true;
    assert.equal(await codeOf(old), "overloaded");
    assert.equal(await codeOf(old), "overloaded");
    assert.equal(state.loads, 1);
    state.isDown = false;
    await env.advance(30_000);
    assert.equal(await codeOf(old), "good");
  });

  it("comes from an address, and neither too long nor from elsewhere", async () => {
    let answer: { status: number; body: string } = { status: 200, body: JSON.stringify(setOf(old)) };
    const server = createServer((_, response) => response.writeHead(answer.status, { Location: "http://127.0.0.1:1/" }).end(answer.body));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    const codeOf = async (): Promise<string> => {
      const authorizer = jwtAuthorizer({ issuer, audience, jwks }, nodeEnv.clock);
      const token = await old.sign();
      return await Promise.resolve(authorizer.authenticate({ ...noCredentials, token }, new AbortController().signal)).then(
        () => "good",
        (error: HoldfastError) => error.code,
      );
    };
    assert.equal(await codeOf(), "good");
    for (const bad of [
      { status: 500, body: "" },
      { status: 302, body: "" },
      { status: 200, body: "no JSON" },
      { status: 200, body: '{"keys":[]}' },
      { status: 200, body: `{"keys":[],"x":"${"x".repeat(300_000)}"}` },
    ]) {
      answer = bad;
      assert.equal(await codeOf(), "overloaded", JSON.stringify(bad).slice(0, 60));
    }
    server.close();
    server.closeAllConnections();
  });
});
