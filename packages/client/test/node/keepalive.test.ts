/** When a session is asked whether it lives, and when it is given up. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Keepalive } from "../../src/node/keepalive.ts";

const times = { keepAliveMs: 30_000, keepAliveAckMs: 5_000 };

describe("keepalive of a session", () => {
  it("asks after silence, and gives up without a byte in time", () => {
    const keepalive = new Keepalive(times, 0);
    assert.equal(keepalive.look(29_999, 0), "nothing");
    assert.equal(keepalive.look(30_000, 0), "ping");
    assert.ok(keepalive.isDoubted);
    assert.equal(keepalive.look(34_999, 0), "nothing");
    assert.equal(keepalive.look(35_000, 0), "dead");
  });

  it("takes any byte for proof, whenever it comes", () => {
    const keepalive = new Keepalive(times, 0);
    assert.equal(keepalive.look(20_000, 9), "nothing");
    assert.equal(keepalive.look(49_999, 9), "nothing");
    assert.equal(keepalive.look(50_000, 9), "ping");
    assert.equal(keepalive.look(54_000, 10), "nothing");
    assert.ok(!keepalive.isDoubted);
    assert.equal(keepalive.look(83_999, 10), "nothing");
    assert.equal(keepalive.look(84_000, 10), "ping");
  });

  it("asks at once when somebody doubts, once until it is answered", () => {
    const keepalive = new Keepalive(times, 0);
    assert.ok(keepalive.doubt(1_000, 0));
    assert.ok(!keepalive.doubt(1_001, 0));
    assert.ok(keepalive.isDoubted);
    assert.equal(keepalive.look(2_000, 17), "nothing");
    assert.ok(!keepalive.isDoubted);
    assert.ok(keepalive.doubt(2_001, 17));
    assert.equal(keepalive.look(7_001, 17), "dead");
  });

  it("asks anew, and does not judge, when the look comes long after the deadline: this side stood still", () => {
    const keepalive = new Keepalive(times, 0);
    assert.equal(keepalive.look(30_000, 0), "ping");
    assert.equal(keepalive.look(3_600_000, 0), "ping");
    assert.equal(keepalive.look(3_605_000, 0), "dead");
  });

  it("looks often enough to notice silence within a sixth of its time", () => {
    assert.equal(new Keepalive(times, 0).lookMs, 5_000);
    assert.equal(new Keepalive({ keepAliveMs: 1, keepAliveAckMs: 1 }, 0).lookMs, 1);
  });
});
