/** Revocations: what they cover, for how long, and that none is weakened or lost in silence. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Revocations } from "../../src/auth/revocation.ts";
import { virtualEnv } from "../../src/testing/virtual-env.ts";

describe("revocations", () => {
  it("cover what was issued before, and what nobody knows the time of", async () => {
    const { clock } = virtualEnv(1);
    const revocations = new Revocations({ revocationsMax: 10, revocationMs: 1_000 }, clock);
    const nowMs = clock.wallMs();
    revocations.add({ subject: "alice" });
    assert.ok(revocations.covers({ subject: "alice", issuedMs: nowMs - 1 }));
    assert.ok(revocations.covers({ subject: "alice", issuedMs: null }));
    assert.ok(revocations.covers({ subject: "alice" }));
    assert.ok(!revocations.covers({ subject: "alice", issuedMs: nowMs }));
    assert.ok(!revocations.covers({ subject: "bob", issuedMs: 0 }));
  });

  it("are not weakened by an earlier moment", () => {
    const { clock } = virtualEnv(1);
    const revocations = new Revocations({ revocationsMax: 10, revocationMs: 1_000 }, clock);
    revocations.add({ subject: "alice", beforeMs: 100 });
    revocations.add({ subject: "alice", beforeMs: 50 });
    assert.ok(revocations.covers({ subject: "alice", issuedMs: 99 }));
  });

  it("are forgotten in time, and counted when there are too many", async () => {
    const env = virtualEnv(1);
    const revocations = new Revocations({ revocationsMax: 2, revocationMs: 5_000 }, env.clock);
    for (const subject of ["a", "b", "c"]) revocations.add({ subject });
    assert.deepEqual([revocations.size, revocations.dropped, revocations.covers({ subject: "a" })], [2, 1, false]);
    await env.advance(5_000);
    assert.ok(!revocations.covers({ subject: "c" }));
    revocations.add({ subject: "d" });
    assert.deepEqual([revocations.size, revocations.dropped], [1, 1]);
  });

  it("of nobody are refused", () => {
    const revocations = new Revocations({ revocationsMax: 2, revocationMs: 5_000 }, virtualEnv(1).clock);
    for (const bad of [{ subject: "" }, { subject: "x".repeat(256) }, {}, { subject: "a", beforeMs: Number.NaN }]) {
      assert.throws(() => revocations.add(bad as { subject: string }), TypeError);
    }
  });
});
