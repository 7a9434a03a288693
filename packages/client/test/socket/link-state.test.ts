/** The machine of one link: what it does at each event, and what it never does whatever comes, in virtual time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  backoffMs,
  type Ending,
  isOpen,
  type LinkEvent,
  type LinkRules,
  type LinkState,
  localEnding,
  type Proof,
  stepLink,
  unborn,
} from "../../src/socket/link-state.ts";

const rules: LinkRules = { heartbeatMs: 12_000, silenceMs: 45_000, ackMs: 5_000, connectMs: 10_000, backoffCapMs: 30_000 };
const remote: Ending = { code: "remote_closed", reason: "gone", peerCode: 1012, isFinal: false, afterMs: 0 };

/** A machine with a clock in the hand. */
class Bench {
  nowMs = 1_000;
  random = 0.5;
  state: LinkState = unborn(this.nowMs);
  readonly actions: string[] = [];

  at(nowMs: number, event: LinkEvent): this {
    this.nowMs = nowMs;
    const { state, action } = stepLink(this.state, event, nowMs, rules, this.random);
    this.state = state;
    if (action !== null) this.actions.push(action);
    return this;
  }
  in(ms: number, event: LinkEvent): this {
    return this.at(this.nowMs + ms, event);
  }
  due(lateMs = 0): this {
    return this.at(this.state.dueMs + lateMs, { name: "timer" });
  }
  opened(proof: Proof = "probe"): this {
    return this.due().in(10, { name: "opened", proof });
  }
}

describe("the machine of a link", () => {
  test("dials at once, and the first beat comes between half a heartbeat and a whole one", () => {
    const bench = new Bench();
    bench.random = 0.999;
    bench.opened();
    assert.deepEqual(bench.actions, ["dial"]);
    assert.ok(bench.state.dueMs - bench.nowMs < 6_100 && bench.state.dueMs - bench.nowMs >= 6_000);
  });

  test("any byte puts the next probe off by a heartbeat", () => {
    const bench = new Bench().opened().in(4_000, { name: "heard" });
    assert.equal(bench.state.dueMs, bench.nowMs + 12_000);
  });

  test("a silent link is probed, then destroyed within heartbeat and ack, and dialled again within a second", () => {
    const bench = new Bench().opened().in(4_000, { name: "heard" });
    const heardMs = bench.nowMs;
    bench.due();
    assert.equal(bench.state.name === "probing" && !bench.state.isOverdue, true);
    bench.due();
    assert.equal(bench.state.name === "probing" && bench.state.isOverdue, true);
    bench.due();
    assert.deepEqual(bench.actions, ["dial", "probe", "destroy"]);
    assert.equal(bench.nowMs - heardMs, 17_000);
    assert.equal(bench.state.name === "waiting" && bench.state.cause?.code, "heartbeat_lost");
    assert.equal(bench.state.dueMs - bench.nowMs, 500);
  });

  test("a byte after a probe ends the doubt", () => {
    const bench = new Bench().opened().due().due().in(2_499, { name: "heard" });
    assert.equal(bench.state.name, "live");
  });

  test("a late timer is no verdict: it probes once more, and judges the second time", () => {
    const bench = new Bench().opened().due().due(60_000);
    assert.deepEqual(bench.actions, ["dial", "probe", "probe"]);
    assert.equal(bench.state.name, "probing");
    bench.due(60_000).due(60_000);
    assert.equal(bench.state.name, "waiting");
  });

  test("a link that cannot be probed is dead after its whole silence", () => {
    const bench = new Bench().opened("silence").in(1, { name: "heard" });
    const heardMs = bench.nowMs;
    bench.due().due();
    assert.equal(bench.nowMs - heardMs, 45_000);
    assert.equal(bench.state.name, "waiting");
  });

  test("without any proof nothing is judged", () => {
    const bench = new Bench().opened("none").in(1, { name: "heard" });
    assert.equal(bench.state.dueMs, Number.POSITIVE_INFINITY);
  });

  test("a wake probes what can be probed and replaces what cannot; seeing the page again is no reason to replace", () => {
    const asked = new Bench().opened().in(1, { name: "poke", why: "woke" });
    assert.equal(asked.actions.at(-1), "probe");
    assert.equal(asked.state.name === "probing" && asked.state.isOverdue, false);
    const replaced = new Bench().opened("silence").in(1, { name: "poke", why: "online" });
    assert.equal(replaced.actions.at(-1), "destroy");
    assert.equal(replaced.state.name === "waiting" && replaced.state.cause?.code, "network_changed");
    assert.equal(new Bench().opened("none").in(1, { name: "poke", why: "visibilitychange" }).state.name, "live");
  });

  test("a poke brings a waiting dial forward to within a second, but not past what the server asked for", () => {
    const bench = new Bench().opened();
    for (let i = 0; i < 8; i++) bench.in(1, { name: "ended", ending: remote }).due().in(1, { name: "opened", proof: "probe" });
    bench.in(1, { name: "ended", ending: remote });
    assert.ok(bench.state.dueMs - bench.nowMs > 10_000);
    bench.in(1, { name: "poke", why: "online" });
    assert.equal(bench.state.dueMs - bench.nowMs, 500);
    const advised = new Bench().opened().in(1, { name: "ended", ending: { ...remote, afterMs: 20_000 } });
    const floorMs = advised.nowMs + 20_000;
    assert.ok(advised.in(1, { name: "poke", why: "online" }).state.dueMs >= floorMs);
  });

  test("the backoff doubles up to its cap, and starts anew only after a link of 5 s", () => {
    assert.deepEqual(
      [0, 1, 2, 3, 6, 7, 400].map((failures) => backoffMs(failures, rules)),
      [1_000, 1_000, 2_000, 4_000, 30_000, 30_000, 30_000],
    );
    const bench = new Bench().opened().in(4_999, { name: "ended", ending: remote });
    assert.equal(bench.state.failures, 1);
    bench.opened().in(5_000, { name: "ended", ending: remote });
    assert.equal(bench.state.failures, 0);
  });

  test("a final end and the user's close are the last word", () => {
    const denied = new Bench().opened().in(1, { name: "ended", ending: { ...remote, isFinal: true } });
    assert.equal(denied.state.name, "over");
    const closed = new Bench().opened().in(1, { name: "close" });
    for (const event of [{ name: "timer" }, { name: "heard" }, { name: "poke", why: "online" }, { name: "opened", proof: "probe" }] as const) {
      assert.equal(closed.in(60_000, event).state.name, "over");
    }
    assert.deepEqual(closed.actions, ["dial"]);
  });
});

const anyEvent: fc.Arbitrary<LinkEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<LinkEvent>({ name: "timer" }) },
  { weight: 4, arbitrary: fc.constant<LinkEvent>({ name: "heard" }) },
  { weight: 3, arbitrary: fc.constantFrom<Proof>("probe", "silence", "none").map((proof): LinkEvent => ({ name: "opened", proof })) },
  fc
    .record({ isFinal: fc.boolean(), afterMs: fc.constantFrom(0, 3_000, 10 ** 12, Number.POSITIVE_INFINITY) })
    .map((more): LinkEvent => ({ name: "ended", ending: { ...remote, ...more, isFinal: more.isFinal && more.afterMs === 0 } })),
  fc.constantFrom("online", "offline", "visibilitychange", "pageshow", "resume", "woke").map((why): LinkEvent => ({ name: "poke", why: why as "online" })),
);
const anyStep = fc.record({
  event: anyEvent,
  waitMs: fc.oneof(fc.nat(500), fc.nat(20_000), fc.nat(10 ** 7)),
  random: fc.double({ min: 0, max: 0.999999, noNaN: true }),
});

test("whatever happens, a link is dialled only when there is none, never destroyed twice, and always has a next step", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      let nowMs = 0;
      let state = unborn(0);
      let conns = 0;
      for (const { event, waitMs, random } of steps) {
        // The shell's timer fires when due or later, never far before.
        nowMs = event.name === "timer" && Number.isFinite(state.dueMs) ? Math.max(nowMs, state.dueMs) + waitMs : nowMs + waitMs;
        const before = state;
        const step = stepLink(before, event, nowMs, rules, random);
        state = step.state;
        if (event.name === "ended" && before.name !== "waiting" && before.name !== "over") conns--;
        if (step.action === "dial") conns++;
        if (step.action === "destroy") conns--;
        assert.equal(conns, state.name === "dialing" || isOpen(state) ? 1 : 0);
        if (step.action === "probe") assert.equal(state.name, "probing");
        if (state.name === "over") return;
        if (state.name !== "live" || state.proof !== "none") assert.ok(Number.isFinite(state.dueMs), `${state.name} waits for ever`);
        if (state.name === "waiting") assert.ok(state.dueMs <= nowMs + 3_600_000 + rules.backoffCapMs);
        // Nothing is judged by a timer that was held up, but for a second time.
        if (before.name === "live" && event.name === "timer") assert.notEqual(state.name, "waiting");
      }
    }),
  );
});

test("a link whose every silence is shorter than a heartbeat is never doubted", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 11_999 }), { maxLength: 40 }), (silences) => {
      const bench = new Bench().opened().in(0, { name: "heard" });
      for (const silenceMs of silences) {
        assert.ok(bench.nowMs + silenceMs < bench.state.dueMs);
        bench.in(silenceMs, { name: "timer" }).in(0, { name: "heard" });
        assert.equal(bench.state.name, "live");
      }
    }),
  );
});

test("a dead link is always let go of within heartbeat and ack, timers on time", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 60_000 }),
      fc.integer({ min: 100, max: 20_000 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      (heartbeatMs, ackMs, random) => {
        const own = { ...rules, heartbeatMs, ackMs };
        let state = stepLink(unborn(0), { name: "timer" }, 0, own, random).state;
        state = stepLink(state, { name: "opened", proof: "probe" }, 0, own, random).state;
        for (let i = 0; i < 3; i++) state = stepLink(state, { name: "timer" }, state.dueMs, own, random).state;
        assert.equal(state.name, "waiting");
        assert.equal(state.name === "waiting" && state.floorMs <= heartbeatMs + ackMs + 1e-6, true);
        assert.deepEqual(state.cause?.code, localEnding("heartbeat_lost", "").code);
      },
    ),
  );
});
