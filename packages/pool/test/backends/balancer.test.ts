/** Who gets the next request, in virtual time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Balancer, Turn } from "../../src/backends/balancer.ts";
import { backendChanges } from "../../src/backends/changes.ts";
import { type BackendOutcome, Health } from "../../src/backends/health.ts";
import { resolveBackendOptions } from "../../src/backends/options.ts";
import { PoolError } from "../../src/pool-error.ts";
import { named, watched } from "./support.ts";

const taken = (turn: Turn | null): Turn => turn ?? assert.fail("nobody was picked");
const pick = (balancer: Balancer, nowMs: number): Turn => taken(balancer.pick(nowMs));

/** Sends one request after the other and says who got how many. */
function inTurn(balancer: Balancer, count: number, nowMs: number): Record<string, number> {
  const got: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const turn = pick(balancer, nowMs);
    got[turn.origin] = (got[turn.origin] ?? 0) + 1;
    balancer.finished(turn, "ok", nowMs);
  }
  return got;
}

/** Fails requests at one backend until it is out, while the others work. */
function failUntilOut(balancer: Balancer, origin: string, nowMs: number, outcome: BackendOutcome = "failed"): void {
  for (let i = 0; i < 1_000; i++) {
    const state = balancer.stats(nowMs).find((each) => each.origin === origin)?.state;
    if (state === "ejected") return;
    const turn = pick(balancer, nowMs);
    balancer.finished(turn, turn.origin === origin ? outcome : "ok", nowMs);
  }
  assert.fail(`${origin} was never ejected`);
}

const stateOf = (balancer: Balancer, origin: string, nowMs: number) =>
  balancer.stats(nowMs).find((each) => each.origin === origin) ?? assert.fail(`no ${origin}`);

describe("the choice between backends", () => {
  test("what is under way is spread evenly, whatever the dice say", () => {
    const { balancer } = watched(named(3));
    for (let i = 0; i < 30; i++) pick(balancer, 0);
    assert.deepEqual(
      balancer.stats(0).map(({ inFlight }) => inFlight),
      [10, 10, 10],
    );
  });

  test("what is under way stands in proportion to the weights", () => {
    const [a, b] = named(2) as [{ origin: string }, { origin: string }];
    const { balancer } = watched([{ ...a, weight: 3 }, b]);
    for (let i = 0; i < 40; i++) pick(balancer, 0);
    assert.deepEqual(
      balancer.stats(0).map(({ inFlight }) => inFlight),
      [30, 10],
    );
  });

  test("one request after the other goes to all, by their weights, and not always to the first", () => {
    const [a, b] = named(2) as [{ origin: string }, { origin: string }];
    const got = inTurn(watched([{ ...a, weight: 3 }, b]).balancer, 4_000, 0);
    assert.ok(Math.abs((got["http://a"] as number) - 3_000) < 200, JSON.stringify(got));
  });

  test("a slow backend gets less, because it still has what it was given", () => {
    const { balancer } = watched(named(2));
    let given = 0;
    for (let i = 0; i < 100; i++) {
      const turn = pick(balancer, 0);
      if (turn.origin === "http://b") given++;
      else balancer.finished(turn, "ok", 0);
    }
    assert.ok(given <= 2, `${given} went to the backend that answers nothing`);
  });

  test("whom a request has tried is not picked for it again", () => {
    const { balancer } = watched(named(2));
    const first = pick(balancer, 0);
    const second = taken(balancer.pick(0, { except: new Set([first.origin]) }));
    assert.notEqual(second.origin, first.origin);
    assert.equal(balancer.pick(0, { except: new Set([first.origin, second.origin]) }), null);
  });

  test("a turn that is finished twice is a fault that says so", () => {
    const { balancer } = watched(named(1));
    const turn = pick(balancer, 0);
    balancer.finished(turn, "ok", 0);
    assert.throws(() => balancer.finished(turn, "ok", 0), /finished twice/);
  });
});

describe("slow start", () => {
  test("a backend that joins gets a tenth, then half, then all of its share, one request after the other", () => {
    const { balancer } = watched(named(4));
    balancer.update([...named(4), { origin: "http://new" }], 0);
    const share = (nowMs: number): number => (inTurn(balancer, 4_000, nowMs)["http://new"] ?? 0) / 800;
    for (const [atMs, expected] of [
      [0, 0.1],
      [15_000, 0.5],
      [30_000, 1],
    ] as const) {
      const got = share(atMs);
      assert.ok(Math.abs(got - expected) < 0.12, `at ${atMs} ms: ${got}`);
    }
  });

  test("an empty node that comes back under load is not given everything: a tenth of what the others have", () => {
    const { balancer } = watched(named(4));
    for (let i = 0; i < 400; i++) pick(balancer, 0);
    balancer.update([...named(4), { origin: "http://new" }], 0);
    const turns = Array.from({ length: 200 }, () => pick(balancer, 0));
    const got = turns.filter(({ origin }) => origin === "http://new").length;
    assert.ok(got >= 5 && got <= 16, `${got} of 200 at once, where the others have about 147 each`);
  });

  test("without others to take the load a slow start is none", () => {
    const { balancer } = watched(named(1));
    balancer.update([{ origin: "http://new" }], 0);
    assert.deepEqual(inTurn(balancer, 50, 0), { "http://new": 50 });
  });
});

describe("ejection", () => {
  for (const [outcome, code, after] of [
    ["failed", "ejected_failing", 5],
    ["not_reached", "ejected_unreached", 2],
  ] as const) {
    test(`${after} outcomes "${outcome}" in a row eject, one success in between starts anew`, () => {
      const { balancer, changes } = watched([{ origin: "http://a", weight: 1 }, { origin: "http://b" }]);
      const at = (origin: string): Turn =>
        taken(balancer.pick(0, { except: new Set(named(2).flatMap((each) => (each.origin === origin ? [] : [each.origin]))) }));
      for (let i = 0; i < after - 1; i++) balancer.finished(at("http://a"), outcome, 0);
      balancer.finished(at("http://a"), "ok", 0);
      for (let i = 0; i < after - 1; i++) balancer.finished(at("http://a"), outcome, 0);
      assert.deepEqual(changes, []);
      balancer.finished(at("http://a"), outcome, 0);
      assert.deepEqual(changes, [{ backend: "http://a", code, atMs: 0, forMs: 10_000 }]);
      assert.deepEqual(inTurn(balancer, 20, 1), { "http://b": 20 });
    });
  }

  test("a share of failures ejects without a row, and old ones are forgotten", () => {
    const { balancer, changes } = watched(named(2), { failedPercentMax: 30 });
    const only = { except: new Set(["http://b"]) };
    const send = (count: number, nowMs: number): void => {
      for (let i = 0; i < count; i++) balancer.finished(taken(balancer.pick(nowMs, only)), i % 3 === 2 ? "failed" : "ok", nowMs);
    };
    send(18, 0);
    send(18, 11_000);
    assert.deepEqual(changes, []);
    send(3, 12_000);
    assert.deepEqual(
      changes.map(({ code }) => code),
      ["ejected_ratio"],
    );
  });

  test("what the caller gave up says nothing about the backend", () => {
    const { balancer, changes } = watched(named(2));
    for (let i = 0; i < 100; i++) balancer.finished(pick(balancer, 0), "abandoned", 0);
    assert.deepEqual(changes, []);
  });

  test("of two that both fail one is spared, and it is counted", () => {
    const { balancer, changes } = watched(named(2));
    for (let i = 0; i < 40; i++) balancer.finished(pick(balancer, 0), "failed", 0);
    const stats = balancer.stats(0);
    assert.equal(stats.filter(({ state }) => state === "ejected").length, 1);
    assert.ok(stats.some(({ spared }) => spared > 0));
    assert.ok(changes.some(({ code }) => code === "spared"));
  });

  test("each time in a row lasts twice as long, up to the greatest, and working for as long forgives one time", () => {
    const health = new Health(resolveBackendOptions({ ejectMsMax: 35_000 }), false, 0);
    const lengths: number[] = [];
    for (let i = 0; i < 4; i++) {
      health.eject(i, 0);
      lengths.push(health.forMs);
      health.comeBack(i);
    }
    assert.deepEqual(lengths, [10_000, 20_000, 35_000, 35_000]);
    health.eject(10 + 2 * 35_000, 0);
    assert.equal(health.forMs, 35_000);
    health.comeBack(0);
    health.eject(100 * 35_000, 0);
    assert.equal(health.forMs, 10_000);
  });
});

describe("return", () => {
  test("one request at a time is the trial; its success brings the backend back slowly", () => {
    const { balancer, changes } = watched(named(2));
    failUntilOut(balancer, "http://a", 0);
    assert.equal(pick(balancer, 8_000).trial, false);
    const trial = pick(balancer, 11_001);
    assert.deepEqual([trial.origin, trial.trial], ["http://a", true]);
    assert.equal(stateOf(balancer, "http://a", 11_001).state, "trial");
    for (let i = 0; i < 50; i++) assert.equal(pick(balancer, 20_000).origin, "http://b");
    balancer.finished(trial, "ok", 20_000);
    assert.deepEqual([changes.at(-1)?.code, stateOf(balancer, "http://a", 20_000).state], ["returned", "slow-start"]);
  });

  test("its failure leaves the backend out for twice as long", () => {
    const { balancer, changes } = watched(named(2));
    failUntilOut(balancer, "http://a", 0);
    balancer.finished(pick(balancer, 11_001), "failed", 11_001);
    assert.deepEqual([changes.at(-1)?.code, changes.at(-1)?.forMs], ["trial_failed", 20_000]);
    assert.equal(pick(balancer, 29_000).trial, false);
    assert.equal(pick(balancer, 33_002).trial, true);
  });

  test("a trial that the caller gives up is followed by another", () => {
    const { balancer } = watched(named(2));
    failUntilOut(balancer, "http://a", 0);
    balancer.finished(pick(balancer, 11_001), "abandoned", 11_002);
    assert.equal(pick(balancer, 11_003).trial, true);
  });

  test("what must not be sent twice is a trial only when nothing else came for as long again", () => {
    const { balancer } = watched(named(2));
    failUntilOut(balancer, "http://a", 0);
    assert.equal(taken(balancer.pick(12_000, { repeatable: false })).trial, false);
    assert.equal(taken(balancer.pick(21_001, { repeatable: false })).trial, true);
  });

  test("what was sent before an ejection decides nothing after it", () => {
    const { balancer, changes } = watched(named(2));
    const old = Array.from({ length: 20 }, () => pick(balancer, 0));
    failUntilOut(balancer, "http://a", 0);
    balancer.finished(pick(balancer, 11_001), "ok", 11_001);
    const before = changes.length;
    for (const turn of old) balancer.finished(turn, "failed", 11_002);
    assert.deepEqual(
      changes.slice(before).filter(({ backend }) => backend === "http://a"),
      [],
    );
  });
});

describe("the list", () => {
  test("who stays keeps its state, who is gone finishes what it has", () => {
    const { balancer, changes } = watched(named(3));
    failUntilOut(balancer, "http://a", 0);
    const leaving = taken(balancer.pick(0, { except: new Set(["http://b"]) }));
    balancer.update(
      named(2).map((each) => ({ ...each, weight: 2 })),
      1,
    );
    balancer.finished(leaving, "failed", 2);
    assert.equal(stateOf(balancer, "http://a", 2).state, "ejected");
    assert.deepEqual([changes.at(-1)?.code, changes.at(-1)?.backend], ["removed", "http://c"]);
  });

  test("when it becomes short, who is out comes back rather than nobody", () => {
    const { balancer, changes } = watched(named(2));
    failUntilOut(balancer, "http://a", 0);
    balancer.update([{ origin: "http://a" }], 1);
    assert.equal(changes.at(-1)?.code, "returned_untried");
    assert.equal(pick(balancer, 2).origin, "http://a");
  });

  test("a list that can not be is refused", () => {
    for (const specs of [[], [...named(1), ...named(1)], [{ origin: "http://a", weight: 0 }], named(300)]) {
      assert.throws(
        () => watched(specs),
        (error) => error instanceof PoolError && error.code === "invalid_option",
      );
    }
  });

  test("an option that can not be is refused by its name", () => {
    for (const given of [{ ejectMs: 0 }, { failedPercentMax: 101 }, { failureStatuses: [200] }, { ejectMs: 10, ejectMsMax: 5 }, { nonsense: 1 } as object]) {
      assert.throws(() => resolveBackendOptions(given), new RegExp(`\`${Object.keys(given).at(-1)}\``));
    }
    assert.equal(resolveBackendOptions({ slowStartMs: "never" }).slowStartMs, "never");
  });
});

/** One act of a run: time passes, a request is sent, one ends, or the list changes. */
type Act =
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "send"; readonly repeatable: boolean }
  | { readonly kind: "end"; readonly which: number; readonly outcome: BackendOutcome }
  | { readonly kind: "list"; readonly count: number };

const acts = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 30_000 }) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("send" as const), repeatable: fc.boolean() }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("end" as const),
        which: fc.nat(),
        outcome: fc.constantFrom<BackendOutcome>("ok", "failed", "failed", "not_reached", "abandoned"),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("list" as const), count: fc.integer({ min: 1, max: 7 }) }) },
  ),
  { maxLength: 300 },
);

test("whatever happens: somebody is picked, no more are out than may be, one trial at a time, and every turn is accounted for", () => {
  fc.assert(
    fc.property(acts, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 100 }), fc.nat(), (run: readonly Act[], count, ejectedPercentMax, seed) => {
      const { balancer, changes } = watched(named(count), { ejectedPercentMax }, seed);
      const open: Turn[] = [];
      let listed = count;
      let nowMs = 0;
      for (const act of run) {
        if (act.kind === "wait") nowMs += act.ms;
        else if (act.kind === "send") open.push(taken(balancer.pick(nowMs, { repeatable: act.repeatable })));
        else if (act.kind === "list") {
          listed = act.count;
          balancer.update(named(listed), nowMs);
        } else if (open.length > 0) balancer.finished(open.splice(act.which % open.length, 1)[0] as Turn, act.outcome, nowMs);
        const stats = balancer.stats(nowMs);
        const out = stats.filter(({ state }) => state === "ejected" || state === "trial");
        assert.ok(out.length <= Math.min(listed - 1, Math.floor((listed * ejectedPercentMax) / 100)), `${out.length} of ${listed} are out`);
        for (const { inFlight, sharePercent } of stats) assert.ok(inFlight >= 0 && sharePercent <= 100);
      }
      for (const turn of open) balancer.finished(turn, "ok", nowMs);
      for (const { inFlight } of balancer.stats(nowMs)) assert.equal(inFlight, 0);
      for (const { code } of changes) assert.ok(Object.hasOwn(backendChanges, code));
    }),
  );
});
