/** Tickets: good once, for half a minute, at their node; and never for more than the token gave. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HoldfastError } from "@holdfast/protocol";
import type { Principal } from "../../src/auth/authorizer.ts";
import { Tickets } from "../../src/auth/tickets.ts";
import { type VirtualEnv, virtualEnv } from "../../src/testing/virtual-env.ts";

const rules = { ticketMs: 30_000, sessionMs: 600_000, ticketsMax: 3 };
const secret = new Uint8Array(32).fill(7);

const principal = (env: VirtualEnv, lifeMs: number | null = 900_000): Principal => ({
  subject: "alice",
  expiresMs: lifeMs === null ? null : env.clock.wallMs() + lifeMs,
  issuedMs: env.clock.wallMs() - 1_000,
  read: ["rooms/*"],
  publish: ["rooms/*"],
});
const codeOf = (call: () => unknown): string => {
  try {
    call();
    return "good";
  } catch (error) {
    assert.ok(error instanceof HoldfastError, String(error));
    return error.code;
  }
};

describe("a ticket", () => {
  it("becomes a session that reads what the token let read, and publishes nothing", () => {
    const env = virtualEnv(1);
    const tickets = new Tickets(rules, env, "n1", secret);
    const { ticket, expiresMs } = tickets.issue(principal(env));
    assert.equal(expiresMs, 30_000);
    const redeemed = tickets.redeem(ticket);
    const session = { subject: "alice", expiresMs: env.clock.wallMs() + 600_000, issuedMs: env.clock.wallMs() - 1_000, read: ["rooms/*"], publish: [] };
    assert.deepEqual(redeemed.principal, session);
    assert.deepEqual(tickets.open(redeemed.session), { id: redeemed.id, principal: session });
    assert.ok(tickets.isOf(redeemed.session, ticket));
    assert.ok(!tickets.isOf(redeemed.session, tickets.issue(principal(env)).ticket));
  });

  it("is good once, within its time, and at its own node", async () => {
    const env = virtualEnv(1);
    const tickets = new Tickets(rules, env, "n1", secret);
    const { ticket } = tickets.issue(principal(env));
    assert.equal(
      codeOf(() => new Tickets(rules, env, "n2", secret).redeem(ticket)),
      "unauthenticated",
    );
    assert.equal(
      codeOf(() => tickets.redeem(ticket)),
      "good",
    );
    assert.equal(
      codeOf(() => tickets.redeem(ticket)),
      "unauthenticated",
    );
    const late = tickets.issue(principal(env)).ticket;
    await env.advance(30_000);
    assert.equal(
      codeOf(() => tickets.redeem(late)),
      "unauthenticated",
    );
  });

  it("gives a session that is good on every node with the secret, and on no other", async () => {
    const env = virtualEnv(1);
    const { session } = new Tickets(rules, env, "n1", secret).redeem(new Tickets(rules, env, "n1", secret).issue(principal(env)).ticket);
    const other = new Tickets(rules, env, "n2", secret);
    assert.equal(
      codeOf(() => other.open(session)),
      "good",
    );
    assert.equal(
      codeOf(() => new Tickets(rules, env, "n1", new Uint8Array(32).fill(8)).open(session)),
      "unauthenticated",
    );
    await env.advance(600_000);
    assert.equal(
      codeOf(() => other.open(session)),
      "token_expired",
    );
  });

  it("never outlives the token", () => {
    const env = virtualEnv(1);
    const tickets = new Tickets(rules, env, "n1", secret);
    assert.equal(tickets.redeem(tickets.issue(principal(env, 5_000)).ticket).expiresMs, 5_000);
    assert.equal(tickets.redeem(tickets.issue(principal(env, null)).ticket).expiresMs, 600_000);
  });

  it("is not taken when a letter of it is another, nor for what it is not", () => {
    const env = virtualEnv(1);
    const tickets = new Tickets(rules, env, "n1", secret);
    const { ticket } = tickets.issue(principal(env));
    for (let i = 0; i < ticket.length; i++) {
      const other = ticket[i] === "A" ? "B" : "A";
      assert.equal(
        codeOf(() => tickets.redeem(ticket.slice(0, i) + other + ticket.slice(i + 1))),
        "unauthenticated",
        `at ${i}`,
      );
    }
    for (const text of ["", ".", "a.b", "é.é", ticket.slice(1), `${ticket}=`])
      assert.equal(
        codeOf(() => tickets.redeem(text)),
        "unauthenticated",
      );
    assert.equal(
      codeOf(() => tickets.open(ticket)),
      "unauthenticated",
    );
    const { session } = tickets.redeem(ticket);
    assert.equal(
      codeOf(() => tickets.redeem(session)),
      "unauthenticated",
    );
  });

  it("is refused for now while too many used ones are remembered, and they are forgotten in time", async () => {
    const env = virtualEnv(1);
    const tickets = new Tickets(rules, env, "n1", secret);
    for (let i = 0; i < 3; i++) tickets.redeem(tickets.issue(principal(env)).ticket);
    assert.equal(
      codeOf(() => tickets.redeem(tickets.issue(principal(env)).ticket)),
      "overloaded",
    );
    await env.advance(30_001);
    assert.equal(
      codeOf(() => tickets.redeem(tickets.issue(principal(env)).ticket)),
      "good",
    );
  });

  it("holds patterns only, and no more than a cookie does", () => {
    const env = virtualEnv(1);
    const tickets = new Tickets(rules, env, "n1", secret);
    assert.equal(
      codeOf(() => tickets.issue({ ...principal(env), read: () => true })),
      "bad_request",
    );
    assert.equal(
      codeOf(() => tickets.issue({ ...principal(env), read: Array.from({ length: 64 }, (_, i) => `${"x".repeat(60)}/${i}`) })),
      "bad_request",
    );
  });

  it("needs a secret that cannot be guessed", () => {
    assert.throws(() => new Tickets(rules, virtualEnv(1), "n1", new Uint8Array(31)), TypeError);
  });
});
