/** The gate: what is asked, what is remembered, and what a mistake of an authorizer may not do. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HoldfastError, heldStream } from "@holdfast/protocol";
import { type AuthorizeFunction, type Authorizer, authorizerOf, noCredentials, type Principal } from "../../src/auth/authorizer.ts";
import { GuardedGate } from "../../src/auth/gate.ts";
import { Tickets } from "../../src/auth/tickets.ts";
import { Counters } from "../../src/hub/counters.ts";
import { resolveServerOptions } from "../../src/index.ts";
import { virtualEnv } from "../../src/testing/virtual-env.ts";

function world(auth: AuthorizeFunction | Authorizer) {
  const env = virtualEnv(1);
  const options = resolveServerOptions();
  const counters = new Counters();
  const tickets = new Tickets(options, env, "n", new Uint8Array(32));
  const gate = new GuardedGate(typeof auth === "function" ? authorizerOf(auth) : auth, options, env, counters, tickets);
  const admit = async (token: string | null, peer = ""): Promise<Principal> => await gate.admit({ ...noCredentials, token, peer });
  const codeOf = async (call: () => unknown): Promise<string> => {
    try {
      await call();
      return "good";
    } catch (error) {
      assert.ok(error instanceof HoldfastError, String(error));
      return error.code;
    }
  };
  return { env, gate, counters, admit, codeOf };
}

describe("a gate", () => {
  it("remembers who showed what for a while, by token, address and origin, and a no for a tenth of it", async () => {
    const asked: string[] = [];
    const { env, admit, codeOf } = world(({ credentials }) => {
      asked.push(`${credentials.token} ${credentials.peer}`);
      return credentials.token === "bad" ? false : { subject: String(credentials.token) };
    });
    for (let i = 0; i < 3; i++) await admit("a", "1");
    await admit("a", "2");
    assert.equal(await codeOf(() => admit("bad")), "unauthenticated");
    assert.equal(await codeOf(() => admit("bad")), "unauthenticated");
    assert.deepEqual(asked, ["a 1", "a 2", "bad "]);
    await env.advance(3_000);
    await admit("a", "1");
    assert.equal(await codeOf(() => admit("bad")), "unauthenticated");
    assert.deepEqual(asked.slice(3), ["bad "]);
    await env.advance(27_000);
    await admit("a", "1");
    assert.deepEqual(asked.slice(4), ["a 1"]);
  });

  it("remembers nobody beyond their time, and asks about an action only what their rights allow", async () => {
    let asked = 0;
    const { env, gate, admit, codeOf } = world(({ action }) => {
      if (action === "connect") return { subject: "alice", expiresMs: env.clock.wallMs() + 1_000, read: ["a"], publish: [] };
      asked++;
      return true;
    });
    const alice = await admit("t");
    assert.deepEqual([await gate.may(alice, "read", "a"), gate.may(alice, "read", "b"), gate.may(alice, "publish", "a")], [true, false, false]);
    assert.equal(gate.may(alice, "read", "a"), true);
    assert.equal(asked, 1);
    await env.advance(1_000);
    assert.ok(!gate.holds(alice));
    assert.equal(await codeOf(() => admit("t")), "good");
  });

  it("remembers decisions about a session from request to request, and none of them once it is revoked", async () => {
    let asked = 0;
    const { gate, env, codeOf } = world(({ action }) => {
      if (action === "connect") return { subject: "alice", issuedMs: env.clock.wallMs() };
      asked++;
      return true;
    });
    const cookie = async (): Promise<string> => {
      const { ticket } = await gate.ticketFor({ ...noCredentials, token: "t" });
      return gate.redeem(ticket).session;
    };
    const [first, second] = [await cookie(), await cookie()];
    const mayRead = async (session: string): Promise<boolean> => await gate.may(await gate.admit({ ...noCredentials, cookie: session }), "read", "a");
    for (let i = 0; i < 3; i++) assert.ok(await mayRead(first));
    assert.equal(asked, 1);
    assert.ok(await mayRead(second));
    assert.equal(asked, 2);
    gate.revoke({ subject: "alice", beforeMs: env.clock.wallMs() });
    assert.ok(await mayRead(first));
    assert.equal(asked, 3);
    gate.revoke({ subject: "alice", beforeMs: env.clock.wallMs() + 1 });
    assert.equal(await codeOf(() => mayRead(first)), "unauthenticated");
  });

  it("takes no mistake for a yes", async () => {
    const { admit, codeOf, counters } = world(({ credentials }) => {
      const mistakes: Record<string, unknown> = {
        yes: true,
        nothing: undefined,
        text: "alice",
        empty: { subject: "" },
        number: { subject: 5 },
        time: { subject: "a", expiresMs: Number.NaN },
        rights: { subject: "a", read: ["/x"] },
        list: { subject: "a", publish: "**" },
      };
      return mistakes[String(credentials.token)] as boolean;
    });
    for (const token of ["yes", "nothing", "text", "empty", "number", "time", "rights", "list"])
      assert.equal(await codeOf(() => admit(token)), "overloaded", token);
    assert.equal(counters.authorizeFailed, 8);
  });

  it("takes only yes for yes, and no failure for either", async () => {
    let answer: () => unknown = () => 1;
    const { gate, admit, codeOf } = world(({ action }) => (action === "connect" ? { subject: "a" } : (answer() as boolean)));
    const alice = await admit("t");
    for (const wrong of [1, "yes", {}, undefined, null]) {
      answer = () => wrong;
      assert.equal(await gate.may(alice, "read", `s/${String(wrong)}`), false);
    }
    answer = () => {
      throw new Error("down");
    };
    assert.equal(await codeOf(() => gate.may(alice, "read", "s")), "overloaded");
    answer = () => true;
    assert.equal(await gate.may(alice, "read", "s"), true);
  });

  it("knows no one's rights that throw, and no credentials of a kind that is not theirs", async () => {
    const { gate, admit, codeOf } = world({
      authenticate: ({ token }) =>
        token === null
          ? null
          : {
              subject: "a",
              expiresMs: null,
              read: () => {
                throw new Error("oops");
              },
              publish: (stream) => stream === "p",
            },
    });
    const alice = await admit("t");
    assert.deepEqual([gate.may(alice, "read", "s"), gate.may(alice, "publish", "p"), gate.may(alice, "close", "p")], [false, true, true]);
    assert.equal(await codeOf(() => admit(null)), "unauthenticated");
    assert.equal(await codeOf(() => admit("")), "unauthenticated");
    assert.equal(await codeOf(() => admit("x".repeat(8_193))), "unauthenticated");
    assert.equal(await codeOf(() => gate.admit({ ...noCredentials, ticket: "t" })), "unauthenticated");
    assert.equal(await codeOf(() => gate.admit({ ...noCredentials, cookie: "c" })), "unauthenticated");
  });

  it("forgets a subject at a revocation, and lets whoever is welcome hold a link", async () => {
    let asked = 0;
    const { env, gate, admit, codeOf } = world(({ action }) => {
      asked++;
      return action === "connect" ? { subject: "alice", issuedMs: env.clock.wallMs(), read: [], publish: ["**"] } : true;
    });
    const alice = await admit("t");
    assert.deepEqual([gate.may(alice, "read", heldStream), gate.may(alice, "publish", heldStream)], [true, false]);
    await env.advance(1);
    gate.revoke({ subject: "alice" });
    assert.ok(!gate.holds(alice));
    assert.equal(await codeOf(() => admit("t")), "good");
    assert.equal(asked, 2);
    gate.revoke({ subject: "alice", beforeMs: env.clock.wallMs() + 1 });
    assert.equal(await codeOf(() => admit("t")), "unauthenticated");
  });
});
