/** The shell of the machine in a world moved by hand: timers, sleep, stalls, the status, and that it lets go of everything at the end. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { World } from "../../src/socket/adapters/world.ts";
import { type Driver, LinkKeeper } from "../../src/socket/keeper.ts";
import { type LinkEvent, type LinkRules, localEnding } from "../../src/socket/link-state.ts";
import { HandWorld } from "../support/hand-world.ts";

const rules: LinkRules = { heartbeatMs: 12_000, silenceMs: 45_000, ackMs: 5_000, connectMs: 10_000, backoffCapMs: 30_000 };

/** A keeper whose driver keeps what it was told to do, and answers as it is told to. */
function keep(answer: (action: string, step: (event: LinkEvent) => void) => void = () => {}) {
  const hand = new HandWorld(7);
  const { clock } = hand.env;
  const world: World = { monoMs: clock.monoMs, wallMs: clock.wallMs, after: clock.after, random: () => hand.random() };
  const actions: string[] = [];
  const act = (action: string) => (): void => {
    actions.push(action);
    answer(action, (event) => keeper.step(event));
  };
  const driver: Driver = { dial: act("dial"), probe: act("probe"), destroy: act("destroy"), changed: (_, { name }) => void actions.push(`is ${name}`) };
  const keeper: LinkKeeper = new LinkKeeper(driver, rules, null, world);
  return { hand, keeper, actions, status: () => keeper.getSnapshot() };
}

describe("the keeper of a link", () => {
  test("keeps one timer however many bytes come, and none at the end", async () => {
    const { hand, keeper, actions } = keep();
    keeper.start();
    keeper.step({ name: "opened", proof: "probe" });
    for (let i = 0; i < 1_000; i++) {
      keeper.step({ name: "heard" });
      assert.equal(hand.timers, 1);
      await hand.advance(100);
    }
    assert.deepEqual(actions, ["dial", "is dialing", "is live"]);
    await hand.advance(12_000);
    assert.deepEqual(actions.slice(3), ["probe", "is probing"]);
    keeper.step({ name: "close" });
    assert.equal(hand.timers, 0);
  });

  test("a silent link goes from live to stale to offline, each with its moment and reason", async () => {
    const { hand, keeper, status } = keep();
    keeper.start();
    assert.deepEqual([status().state, status().reason], ["offline", "connecting"]);
    await hand.advance(20);
    keeper.step({ name: "opened", proof: "probe" });
    await hand.advance(20);
    keeper.step({ name: "heard" });
    const heardWallMs = hand.env.clock.wallMs();
    await hand.advance(12_000);
    assert.equal(status().state, "live", "to ask is routine");
    await hand.advance(2_500);
    assert.deepEqual([status().state, status().lastProofOfLifeMs, status().since], ["stale", heardWallMs, heardWallMs + 14_500]);
    await hand.advance(2_500);
    const { state, code, retryAtMs, attempt, since } = status();
    assert.deepEqual([state, code, attempt, since], ["offline", "heartbeat_lost", 0, heardWallMs + 17_000]);
    assert.ok(retryAtMs !== null && retryAtMs >= since && retryAtMs <= since + 1_000);
  });

  test("a link that answers its probes is live for ever, and the snapshot is the same until something changes", async () => {
    const { hand, keeper, status } = keep((action, step) => action === "probe" && step({ name: "heard" }));
    keeper.start();
    keeper.step({ name: "opened", proof: "probe" });
    let changes = 0;
    const stop = keeper.subscribe(() => changes++);
    const before = status();
    keeper.step({ name: "heard" });
    assert.equal(status(), before);
    await hand.advance(3_600_000);
    assert.equal(status().state, "live");
    assert.ok(hand.env.clock.wallMs() - (status().lastProofOfLifeMs ?? 0) <= 12_000);
    const told = changes;
    stop();
    keeper.step({ name: "close" });
    assert.equal(changes, told);
  });

  test("after a sleep, in which only the wall clock went on, the link is asked at once; no answer within ack is the end", async () => {
    const { hand, keeper, actions } = keep();
    keeper.start();
    keeper.step({ name: "opened", proof: "probe" });
    await hand.advance(1_000);
    keeper.step({ name: "heard" });
    hand.sleep(600_000);
    await hand.advance(17_000);
    assert.deepEqual(actions.slice(3, 7), ["probe", "is probing", "destroy", "is waiting"]);
  });

  test("a stall of the event loop is no verdict: bytes that waited are taken before anything is judged", async () => {
    const { hand, keeper, actions, status } = keep();
    keeper.start();
    keeper.step({ name: "opened", proof: "probe" });
    keeper.step({ name: "heard" });
    await hand.advance(15_000);
    assert.equal(status().state, "stale");
    hand.stall(60_000);
    await hand.advance(1);
    assert.deepEqual(actions.slice(3), ["probe", "is probing", "probe"]);
    keeper.step({ name: "heard" });
    assert.equal(status().state, "live");
  });

  test("what a driver or a listener does within a step is the last word", async () => {
    const refused = keep((action, step) => action === "dial" && step({ name: "ended", ending: localEnding("connect_failed", "refused") }));
    refused.keeper.start();
    assert.deepEqual(refused.actions, ["dial", "is waiting"]);
    await refused.hand.advance(300_000);
    assert.ok(refused.actions.length > 20 && refused.actions.length < 80, `${refused.actions.length}`);
    const closed = keep();
    closed.keeper.subscribe(() => closed.status().state === "live" && closed.keeper.step({ name: "close" }));
    closed.keeper.start();
    closed.keeper.step({ name: "opened", proof: "probe" });
    assert.deepEqual([closed.actions, closed.hand.timers], [["dial", "is dialing", "is over"], 0]);
  });
});
