import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type LinkEvent, type LinkRules, type LinkState, openLink, stepLink } from "../../src/hub/link-state.ts";

const rules: LinkRules = { heartbeatMs: 12_000, handshakeMs: 10_000, stallMs: 60_000 };
const hello: LinkEvent = { type: "hello", protocol: 1 };
const admitted: LinkEvent = { type: "admitted" };
const judging = (): LinkState => stepLink(openLink(rules, 0), hello, rules, 0).state;
const live = (): LinkState => stepLink(judging(), admitted, rules, 0).state;
const names = (actions: readonly { readonly do: string }[]): string[] => actions.map((action) => action.do);

describe("a link's machine", () => {
  it("has a hello of this protocol judged, welcomes who is admitted, and closes for any other", () => {
    const greeted = stepLink(openLink(rules, 0), hello, rules, 5);
    assert.deepEqual([greeted.state.name, names(greeted.actions)], ["judging", ["judge"]]);
    assert.deepEqual(names(stepLink(greeted.state, admitted, rules, 5).actions), ["welcome"]);
    const other = stepLink(openLink(rules, 0), { type: "hello", protocol: 2 }, rules, 5);
    assert.deepEqual(other.actions, [{ do: "close", code: "protocol_unsupported", message: "expected protocol 1" }]);
  });

  it("closes for anything before hello, and for a second hello", () => {
    assert.equal(stepLink(openLink(rules, 0), { type: "bad" }, rules, 0).state.name, "closing");
    assert.equal(stepLink(live(), hello, rules, 0).state.name, "closing");
  });

  it("waits for hello until the handshake's deadline, not a moment less", () => {
    const check: LinkEvent = { type: "check", silentMs: 0, stalledMs: 0 };
    assert.equal(stepLink(openLink(rules, 0), check, rules, 9_999).state.name, "greeting");
    assert.deepEqual(stepLink(openLink(rules, 0), check, rules, 10_000).actions[0], { do: "close", code: "handshake_timeout", message: "no hello in time" });
  });

  it("waits for a verdict no longer than for a hello, and then for now only", () => {
    const check: LinkEvent = { type: "check", silentMs: 0, stalledMs: 0 };
    assert.equal(stepLink(judging(), check, rules, 9_999).state.name, "judging");
    assert.deepEqual(stepLink(judging(), check, rules, 10_000).actions[0], { do: "close", code: "overloaded", message: "not judged in time" });
    assert.deepEqual(names(stepLink(judging(), { type: "close", code: "unauthenticated" }, rules, 1).actions), ["close"]);
  });

  it("is admitted by nobody before its hello, nor twice", () => {
    assert.deepEqual(stepLink(openLink(rules, 0), admitted, rules, 0).actions, []);
    assert.deepEqual(stepLink(live(), admitted, rules, 0).actions, []);
  });

  it("lets go after two beats of silence, at once", () => {
    assert.deepEqual(stepLink(live(), { type: "check", silentMs: 23_999, stalledMs: 0 }, rules, 0).actions, []);
    assert.deepEqual(names(stepLink(live(), { type: "check", silentMs: 24_000, stalledMs: 0 }, rules, 0).actions), ["close", "destroy"]);
  });

  it("closes a peer that takes nothing for too long", () => {
    const step = stepLink(live(), { type: "check", silentMs: 0, stalledMs: 60_000 }, rules, 0);
    assert.equal(step.state.name === "closing" && step.state.code, "slow_consumer");
  });

  it("bears ten bad messages a minute and ten pings in ten seconds", () => {
    for (const [event, everyMs] of [
      [{ type: "bad" }, 1_000],
      [{ type: "ping" }, 500],
    ] as const) {
      let state = live();
      for (let i = 0; i < 10; i++) state = stepLink(state, event, rules, i * everyMs).state;
      assert.equal(state.name, "live");
      assert.equal(stepLink(state, event, rules, 10 * everyMs).state.name, "closing");
      assert.equal(stepLink(state, event, rules, 70_000).state.name, "live");
    }
  });

  it("destroys a link whose closing handshake takes too long", () => {
    const closing = stepLink(live(), { type: "close", code: "draining" }, rules, 0).state;
    const check: LinkEvent = { type: "check", silentMs: 0, stalledMs: 0 };
    assert.deepEqual(stepLink(closing, check, rules, 4_999).actions, []);
    assert.deepEqual(names(stepLink(closing, check, rules, 5_000).actions), ["destroy"]);
  });

  it("closes once, forgets once, and is deaf when gone, whatever comes", () => {
    const event = fc.oneof(
      fc.constant<LinkEvent>({ type: "bad" }),
      fc.constant<LinkEvent>({ type: "ping" }),
      fc.constant<LinkEvent>(admitted),
      fc.constant<LinkEvent>({ type: "gone" }),
      fc.constant<LinkEvent>({ type: "close", code: "draining" }),
      fc.integer({ min: 0, max: 2 }).map((protocol): LinkEvent => ({ type: "hello", protocol })),
      fc.tuple(fc.nat(30_000), fc.nat(70_000)).map(([silentMs, stalledMs]): LinkEvent => ({ type: "check", silentMs, stalledMs })),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(5_000))), (events) => {
        let state = openLink(rules, 0);
        let nowMs = 0;
        const done: string[] = [];
        for (const [next, laterMs] of events) {
          nowMs += laterMs;
          const step = stepLink(state, next, rules, nowMs);
          if (state.name === "gone") assert.deepEqual(step.actions, []);
          if (state.name === "closing") assert.ok(!names(step.actions).includes("welcome"));
          done.push(...names(step.actions));
          state = step.state;
        }
        for (const once of ["close", "forget", "welcome"]) assert.ok(done.filter((name) => name === once).length <= 1, once);
      }),
    );
  });
});
