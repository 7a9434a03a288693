import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { attemptOrder } from "../../src/connect/address-order.ts";
import { AttemptRace } from "../../src/connect/attempt-race.ts";
import type { Address } from "../../src/connect/connector.ts";
import { ManualClock } from "../support/manual-clock.ts";

const v4 = (last: number): Address => ({ address: `192.0.2.${last}`, family: 4 });
const v6 = (last: number): Address => ({ address: `2001:db8::${last}`, family: 6 });

describe("the order of attempts", () => {
  test("families take turns, beginning with the one that the resolver prefers", () => {
    const order = attemptOrder([v6(1), v6(2), v6(3), v4(1), v4(2)], 16);
    assert.deepEqual(order, [v6(1), v4(1), v6(2), v4(2), v6(3)]);
    assert.deepEqual(attemptOrder([v4(1), v6(1), v6(2)], 16), [v4(1), v6(1), v6(2)]);
  });

  test("an address that is named twice is tried once, and no more than the maximum are", () => {
    assert.deepEqual(attemptOrder([v4(1), v4(1), v4(2), v4(3)], 2), [v4(1), v4(2)]);
  });
});

/** A race whose attempts the test decides. */
function race(addresses: readonly Address[]) {
  const clock = new ManualClock();
  const log: string[] = [];
  const open = new Map<string, { won: (value: string) => void; failed: (error: Error) => void }>();
  const running = new AttemptRace<string>(
    addresses,
    ({ address }, won, failed) => {
      log.push(`try ${address}`);
      open.set(address, { won, failed });
      return { abandon: () => log.push(`abandon ${address}`) };
    },
    250,
    clock,
    { won: (value) => log.push(`won ${value}`), lost: (errors) => log.push(`lost ${errors.map(({ message }) => message).join()}`) },
  );
  running.start();
  const at = ({ address }: Address) => open.get(address) as { won: (value: string) => void; failed: (error: Error) => void };
  return { clock, log, at, running };
}

describe("a race of attempts", () => {
  test("the second address is tried beside a slow first one, and the loser is abandoned", () => {
    const { clock, log, at } = race([v6(1), v4(1)]);
    clock.advance(249);
    assert.deepEqual(log, ["try 2001:db8::1"]);
    clock.advance(1);
    at(v4(1)).won("b");
    assert.deepEqual(log, ["try 2001:db8::1", "try 192.0.2.1", "abandon 2001:db8::1", "won b"]);
    assert.equal(clock.waiting, 0);
  });

  test("a refusal starts the next attempt at once, and its delay counts anew", () => {
    const { clock, log, at } = race([v6(1), v4(1), v6(2)]);
    clock.advance(100);
    at(v6(1)).failed(new Error("refused"));
    assert.deepEqual(log, ["try 2001:db8::1", "try 192.0.2.1"]);
    clock.advance(249);
    assert.equal(log.length, 2);
    clock.advance(1);
    assert.equal(log[2], "try 2001:db8::2");
  });

  test("a slow first attempt still wins when it answers first", () => {
    const { clock, log, at } = race([v6(1), v4(1)]);
    clock.advance(300);
    at(v6(1)).won("a");
    at(v4(1)).won("late");
    assert.deepEqual(log.slice(2), ["abandon 192.0.2.1", "won a"]);
  });

  test("it is lost only when every attempt has failed, with every reason", () => {
    const { clock, log, at } = race([v6(1), v4(1)]);
    clock.advance(250);
    at(v4(1)).failed(new Error("unreachable"));
    assert.equal(log.length, 2);
    at(v6(1)).failed(new Error("refused"));
    assert.equal(log[2], "lost unreachable,refused");
    assert.equal(clock.waiting, 0);
  });

  test("whoever gives up leaves neither an attempt nor a timer", () => {
    const { clock, log, running } = race([v6(1), v4(1), v4(2)]);
    clock.advance(250);
    running.abandon();
    clock.advance(1_000);
    assert.deepEqual(log.slice(2), ["abandon 2001:db8::1", "abandon 192.0.2.1"]);
  });
});
