/** The budget holds whatever happens, in whatever order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type WindowAccount, WindowBudget } from "../../src/http2/window-budget.ts";

const noHost = { pressed: () => undefined, room: () => undefined };

test("streams are charged their window, and one too many has to wait for room", () => {
  let rooms = 0;
  const budget = new WindowBudget(300);
  const account = budget.open(100, { pressed: () => undefined, room: () => rooms++ });
  assert.deepEqual([account.admit(), account.admit(), account.admit(), account.admit()], [true, true, true, false]);
  assert.equal(budget.usedBytes, 300);
  account.leave(0);
  assert.deepEqual([rooms, budget.usedBytes], [1, 200]);
  account.close();
  account.leave(0);
  assert.equal(budget.usedBytes, 0);
});

test("a smaller window frees nothing before the peer has acknowledged it, and what is held stays charged", () => {
  const budget = new WindowBudget(1_000);
  const account = budget.open(400, noHost);
  account.admit();
  assert.ok(account.change(100));
  assert.equal(account.change(50), false, "one change at a time");
  assert.equal(budget.usedBytes, 400);
  account.acknowledged(250);
  assert.equal(budget.usedBytes, 350);
  account.leave(250);
  assert.equal(budget.usedBytes, 0);
});

test("windows grow only into half of the budget, and newcomers press those that are large", () => {
  let pressed = 0;
  const budget = new WindowBudget(1_000);
  const large = budget.open(100, { pressed: () => pressed++, room: () => undefined });
  large.admit();
  assert.equal(large.change(600), false);
  assert.ok(large.change(400));
  large.acknowledged(0);
  const other = budget.open(150, noHost);
  assert.deepEqual([other.admit(), other.admit(), pressed], [true, true, 0]);
  assert.ok(other.admit());
  assert.equal(pressed, 1);
});

test("the smallest bound that is named holds, until it is taken back", () => {
  const budget = new WindowBudget(1_000);
  const back = budget.limit(100);
  budget.limit(500);
  assert.equal(budget.bytesMax, 100);
  back();
  back();
  assert.equal(budget.bytesMax, 500);
});

/** A peer that sends each stream as much as the largest window that it can believe in allows, and a reader that reads nothing. */
class GreedyPeer {
  readonly account: WindowAccount;
  readonly held: number[] = [];
  /** What the peer believes, and what it has been told and may believe from now on. */
  believed: number;
  told: number | null = null;

  constructor(budget: WindowBudget, window: number) {
    this.believed = window;
    this.account = budget.open(window, {
      pressed: () => this.change(Math.max(65_535, Math.floor(this.believed / 2))),
      room: () => undefined,
    });
  }

  open(): void {
    if (this.account.admit()) this.held.push(0);
  }

  change(window: number): void {
    if (window !== this.believed && this.account.change(window)) this.told = window;
  }

  /** The peer takes the new window up; its acknowledgement arrives behind all that it sent before. */
  acknowledge(): void {
    if (this.told === null) return;
    const before = this.believed;
    this.believed = this.told;
    this.told = null;
    const kept = this.held.map((bytes) => Math.min(Math.max(bytes - this.believed, 0), Math.max(before - this.believed, 0)));
    this.kept = this.held.map((_, i) => (this.kept[i] ?? 0) + (kept[i] ?? 0));
    this.account.acknowledged(kept.reduce((sum, each) => sum + each, 0));
  }

  kept: number[] = [];

  send(): void {
    for (const [i, bytes] of this.held.entries()) this.held[i] = Math.max(bytes, this.believed);
  }

  end(): void {
    if (this.held.pop() === undefined) return;
    this.account.leave(this.kept[this.held.length] ?? 0);
    this.kept.length = this.held.length;
  }
}

test("no peers, however greedy, can make a process hold more than the budget", () => {
  const max = 4_000_000;
  const step = fc.record({
    peer: fc.nat(3),
    what: fc.constantFrom("open", "open", "grow", "shrink", "acknowledge", "send", "end", "close"),
    by: fc.integer({ min: 2, max: 64 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const budget = new WindowBudget(max);
      const peers = Array.from({ length: 4 }, () => new GreedyPeer(budget, 65_535));
      for (const { peer: i, what, by } of steps) {
        const peer = peers[i] as GreedyPeer;
        if (what === "open") peer.open();
        else if (what === "grow") peer.change(Math.min(peer.believed * by, 16_777_216));
        else if (what === "shrink") peer.change(Math.max(65_535, Math.floor(peer.believed / by)));
        else if (what === "acknowledge") peer.acknowledge();
        else if (what === "send") peer.send();
        else if (what === "end") peer.end();
        else {
          peer.account.close();
          peers[i] = new GreedyPeer(budget, 65_535);
        }
        const held = peers.flatMap((each) => each.held).reduce((sum, each) => sum + each, 0);
        assert.ok(held <= budget.usedBytes, `${held} bytes held, ${budget.usedBytes} charged`);
        assert.ok(budget.usedBytes <= max && budget.usedBytes >= 0, `${budget.usedBytes} bytes charged`);
      }
      for (const peer of peers) peer.account.close();
      assert.equal(budget.usedBytes, 0);
    }),
  );
});
