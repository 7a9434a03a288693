/** The connection's machine: every state answers every event, and no sequence of events breaks its promises. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ConnectionAction, type ConnectionEvent, type ConnectionFacts, type ConnectionState, deadlineOf, lateMs, step } from "../src/connection-state.ts";
import { localEnding, remoteEnding } from "../src/endings.ts";
import { resolveOptions } from "../src/options.ts";

const options = resolveOptions();
const facts: ConnectionFacts = { options, random: 0.5, nextConn: 9, wanted: true, heardMs: 0, sentMs: 0, movedMs: -Infinity, unansweredSinceMs: null };
const link = { conn: 1, linkId: "l", heartbeatMs: 12_000, windowMs: 4_000, sinceMs: 0, beatFraction: 0.95, failures: 0 };
const up = { link, retiring: null, move: null };
const draining = remoteEnding(1012, "");
const lost = localEnding("connect_failed", "refused", "failed");
const dial = { conn: 1, replaces: null, failures: 0, deadlineMs: 10_000, cause: null };

const states: Record<ConnectionState["name"], ConnectionState> = {
  idle: { name: "idle" },
  waiting: { name: "waiting", failures: 1, untilMs: 500, advised: false, cause: lost },
  dialing: { name: "dialing", ...dial },
  greeting: { name: "greeting", ...dial },
  live: { name: "live", ...up, idleAtMs: null },
  probing: { name: "probing", ...up, needs: "bytes", sinceMs: 0, deadlineMs: 5_000, limitMs: 15_000 },
  moving: { name: "moving", ...up, dial: { ...dial, conn: 2, replaces: "l" }, greeted: true },
  denied: { name: "denied", cause: remoteEnding(4501, "") },
  closed: { name: "closed" },
};

const events: Record<string, ConnectionEvent> = {
  demand: { type: "demand" },
  opened: { type: "opened", conn: 1 },
  welcomed: { type: "welcomed", conn: 1, linkId: "l", heartbeatMs: 12_000, windowMs: 4_000 },
  welcomed2: { type: "welcomed", conn: 2, linkId: "m", heartbeatMs: 12_000, windowMs: 4_000 },
  ended: { type: "ended", conn: 1, ending: draining },
  ended2: { type: "ended", conn: 2, ending: lost },
  denied: { type: "ended", conn: 1, ending: remoteEnding(4501, "") },
  heard: { type: "heard", conn: 1 },
  answered: { type: "answered", conn: 1 },
  advised: { type: "advised", conn: 1, windowMs: 1 },
  goaway: { type: "goaway", conn: 1, afterMs: 10 },
  "caught-up": { type: "caught-up" },
  wake: { type: "wake" },
  timer: { type: "timer" },
  close: { type: "close" },
};

const told = ({ state, actions }: { state: ConnectionState; actions: readonly ConnectionAction[] }): string =>
  [state.name, ...actions.map((action) => `${action.do} ${action.conn}`)].join(", ");

/** What each event does in each state at 5,000 ms with nothing heard since 0; "-" is nothing. */
const table: Record<ConnectionState["name"], Partial<Record<keyof typeof events, string>>> = {
  idle: { demand: "dialing, dial 9", close: "closed" },
  waiting: { timer: "dialing, dial 9", wake: "waiting", close: "closed" },
  dialing: { opened: "greeting, hello 1", ended: "waiting", denied: "denied", close: "closed, destroy 1" },
  greeting: { welcomed: "live, adopt 1", ended: "waiting", denied: "denied", close: "closed, destroy 1" },
  live: { ended: "waiting", denied: "denied", goaway: "live", advised: "live", wake: "probing, ping 1", close: "closed, close 1" },
  probing: {
    heard: "live",
    answered: "live",
    ended: "waiting",
    denied: "denied",
    goaway: "probing",
    advised: "probing",
    timer: "waiting, destroy 1",
    close: "closed, close 1",
  },
  moving: {
    welcomed2: "live, adopt 2",
    ended: "greeting",
    denied: "greeting",
    ended2: "live",
    advised: "moving",
    close: "closed, destroy 2, close 1",
  },
  denied: { close: "closed" },
  closed: {},
};

for (const [name, state] of Object.entries(states) as [ConnectionState["name"], ConnectionState][]) {
  test(`${name} answers every event`, () => {
    for (const [what, event] of Object.entries(events)) {
      const next = step(state, event, 5_000, facts);
      const expected = table[name][what];
      if (expected === undefined) assert.deepEqual([next.state, next.actions], [state, []], what);
      else assert.equal(told(next), expected, what);
    }
  });
}

const at = (state: ConnectionState, event: ConnectionEvent, nowMs: number, more: Partial<ConnectionFacts> = {}): ReturnType<typeof step> =>
  step(state, event, nowMs, { ...facts, ...more });

test("a live link is probed after 1.1 heartbeats and 2 s of silence, and given up 5 s later: 20.2 s from the last byte", () => {
  assert.equal(Math.round(deadlineOf(states.live, { ...facts, sentMs: 1e9 }) ?? 0), 15_200);
  const probing = at(states.live, { type: "timer" }, 15_200.1, { sentMs: 1e9 });
  assert.equal(told(probing), "probing, ping 1");
  assert.equal(deadlineOf(probing.state, facts), 20_200.1);
  const dead = at(probing.state, { type: "timer" }, 20_200.1);
  assert.equal(told(dead), "waiting, destroy 1");
  assert.ok(dead.state.name === "waiting" && dead.state.cause.code === "heartbeat_lost" && dead.state.untilMs - 20_200.1 <= 1_000);
});

test("a beat is sent when nothing else was for 0.9 to 1 heartbeats", () => {
  assert.equal(deadlineOf(states.live, { ...facts, heardMs: 5_000 }), 11_400);
  assert.equal(told(at(states.live, { type: "timer" }, 11_400, { heardMs: 5_000 })), "live, beat 1");
});

test("an unanswered request is probed for after 5 s; other bytes do not satisfy the probe, but prolong it to 15 s", () => {
  const more = { heardMs: 8_000, sentMs: 8_000, unansweredSinceMs: 3_000 };
  const probing = at(states.live, { type: "timer" }, 8_000, more);
  assert.equal(told(probing), "probing, ping 1");
  assert.equal(at(probing.state, { type: "heard", conn: 1 }, 9_000, more).state.name, "probing");
  assert.equal(at(probing.state, { type: "answered", conn: 1 }, 9_000, more).state.name, "live");
  const silent = at(probing.state, { type: "timer" }, 13_000, more);
  assert.equal(told(silent), "waiting, destroy 1");
  let state = probing.state;
  for (const nowMs of [13_000, 18_000]) {
    const next = at(state, { type: "timer" }, nowMs, { ...more, heardMs: nowMs - 100 });
    assert.equal(told(next), "probing");
    state = next.state;
  }
  assert.equal(told(at(state, { type: "timer" }, 23_000, { ...more, heardMs: 22_900 })), "waiting, destroy 1");
});

test("a probe's timer that is more than 2 s late probes again instead of judging", () => {
  const late = at(states.probing, { type: "timer" }, 5_000 + lateMs + 1);
  assert.equal(told(late), "probing, ping 1");
  assert.equal(deadlineOf(late.state, facts), 12_001);
  for (const name of ["dialing", "greeting", "moving"] as const) {
    const next = at(states[name], { type: "timer" }, 10_000 + lateMs + 1);
    assert.deepEqual([next.state.name, next.actions], [name, []]);
    assert.equal(deadlineOf(next.state, facts), 10_000 + lateMs + 1 + lateMs);
  }
});

test("a dial that takes too long is destroyed and repeated after a backoff", () => {
  assert.equal(told(at(states.dialing, { type: "timer" }, 10_000)), "waiting, destroy 1");
  const { state } = at(states.greeting, { type: "timer" }, 10_000);
  assert.ok(state.name === "waiting" && state.cause.code === "handshake_timeout" && state.untilMs === 10_500);
});

test("failures in a row double the backoff up to its cap; a link that lasted forgets them, one that did not counts", () => {
  let state: ConnectionState = states.dialing;
  const ceilings: number[] = [];
  for (let i = 0; i < 8; i++) {
    const { state: waiting } = at(state, { type: "ended", conn: 1, ending: lost }, 0, { random: 0.999_999 });
    assert.ok(waiting.name === "waiting");
    ceilings.push(Math.round(waiting.untilMs));
    state = { ...dial, name: "dialing", failures: waiting.failures };
  }
  assert.deepEqual(ceilings, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  const flapping = at({ ...states.live, link: { ...link, failures: 3 } } as ConnectionState, events["ended"] as ConnectionEvent, 4_000);
  assert.ok(flapping.state.name === "waiting" && flapping.state.failures === 4);
  const lasted = at({ ...states.live, link: { ...link, failures: 3 } } as ConnectionState, events["ended"] as ConnectionEvent, 5_000);
  assert.ok(lasted.state.name === "waiting" && lasted.state.failures === 0);
});

test("an end that the server did not announce is spread over the advised window; its time is obeyed", () => {
  const broken = at(states.live, { type: "ended", conn: 1, ending: remoteEnding(1006, "") }, 100_000, { random: 0.5 });
  assert.ok(broken.state.name === "waiting" && broken.state.untilMs === 102_000);
  const advised = at(states.live, { type: "advised", conn: 1, windowMs: 60_000 }, 0);
  const later = at(advised.state, { type: "ended", conn: 1, ending: remoteEnding(1006, "") }, 100_000, { random: 0.5 });
  assert.ok(later.state.name === "waiting" && later.state.untilMs === 130_000);
  const busy = remoteEnding(1013, JSON.stringify({ code: "overloaded", afterMs: 20_000, windowMs: 10_000 }));
  const refused = at(states.greeting, { type: "ended", conn: 1, ending: busy }, 0, { random: 0.5 });
  assert.ok(refused.state.name === "waiting" && refused.state.untilMs === 25_000);
  assert.deepEqual(at(refused.state, { type: "wake" }, 0).state, refused.state, "waking does not overrule the server");
});

test("a slow way out is not a dead one: while waiting bytes leave, an unanswered publish ends no link", () => {
  const waiting = { heardMs: 0, sentMs: 0, unansweredSinceMs: 0 };
  assert.equal(deadlineOf(states.live, { ...facts, sentMs: 4_000, heardMs: 4_000, unansweredSinceMs: 0, movedMs: 4_000 }), 9_000);
  let { state } = at(states.live, { type: "timer" }, 5_000, waiting);
  assert.equal(state.name, "probing");
  for (let nowMs = 10_000; nowMs <= 60_000; nowMs += 5_000) {
    state = at(state, { type: "timer" }, nowMs, { ...waiting, movedMs: nowMs - 500 }).state;
    assert.equal(state.name, "probing", `given up at ${nowMs}`);
  }
  assert.equal(at(state, { type: "timer" }, 65_000, { ...waiting, movedMs: 59_000 }).state.name, "waiting");
});

test("waking shortens a backoff of the client's own to 1 s", () => {
  const { state } = at({ ...states.waiting, untilMs: 30_000 } as ConnectionState, { type: "wake" }, 1_000);
  assert.ok(state.name === "waiting" && state.untilMs === 1_500);
});

test("goaway: the replacement is dialled after the time, the old link serves until the new one is welcomed, then retires", () => {
  const told1 = at(states.live, { type: "goaway", conn: 1, afterMs: 700 }, 1_000);
  assert.equal(deadlineOf(told1.state, { ...facts, sentMs: 1_000, heardMs: 1_000 }), 1_700);
  const moving = at(told1.state, { type: "timer" }, 1_700, { sentMs: 1_000, heardMs: 1_000 });
  assert.equal(told(moving), "moving, dial 9");
  const hello = at(moving.state, { type: "opened", conn: 9 }, 1_800);
  assert.deepEqual(hello.actions, [{ do: "hello", conn: 9, replaces: "l" }]);
  const live = at(hello.state, { type: "welcomed", conn: 9, linkId: "m", heartbeatMs: 12_000, windowMs: 0 }, 1_900, { sentMs: 1_900, heardMs: 1_900 });
  assert.equal(told(live), "live, adopt 9");
  assert.equal(told(at(live.state, { type: "caught-up" }, 2_000)), "live, close 1");
  const silent = { sentMs: 1_900, heardMs: 1_900 };
  assert.equal(told(at(live.state, { type: "timer" }, 6_900, silent)), "live, close 1", "the old link retires after 5 s at the latest");
});

test("goaway: a replacement that does not come about within 5 s is dialled again while the old link serves", () => {
  const { state } = at(at(states.live, { type: "goaway", conn: 1, afterMs: 0 }, 1_000).state, { type: "timer" }, 1_000, { sentMs: 999, heardMs: 999 });
  const failed = at(state, { type: "timer" }, 6_000);
  assert.equal(told(failed), "live, destroy 9");
  assert.equal(deadlineOf(failed.state, { ...facts, sentMs: 6_000, heardMs: 6_000 }), 6_500);
});

test("a link with nothing to carry is closed after 10 s, a dial at once", () => {
  const none = { wanted: false, sentMs: 5_000, heardMs: 5_000 };
  const idle = at(states.live, { type: "demand" }, 5_000, none);
  assert.equal(deadlineOf(idle.state, { ...facts, ...none }), 15_000);
  assert.equal(deadlineOf(at(idle.state, { type: "demand" }, 6_000, { wanted: true }).state, { ...facts, sentMs: 5_000, heardMs: 5_000 }), 16_400);
  assert.equal(told(at(idle.state, { type: "timer" }, 15_000, none)), "idle, close 1");
  assert.equal(told(at(states.greeting, { type: "demand" }, 5_000, none)), "idle, destroy 1");
  assert.equal(told(at(states.live, events["ended"] as ConnectionEvent, 5_000, none)), "idle");
});

const eventArb: fc.Arbitrary<{ event: ConnectionEvent; passMs: number; random: number; wanted: boolean; heard: boolean }> = fc.record({
  event: fc.oneof(
    { weight: 6, arbitrary: fc.constant<ConnectionEvent>({ type: "timer" }) },
    {
      weight: 12,
      arbitrary: fc
        .record({ kind: fc.constantFrom("opened", "welcomed", "ended", "heard", "answered", "advised", "goaway"), conn: fc.nat(6), code: fc.nat(5) })
        .map(({ kind, conn, code }): ConnectionEvent => {
          // Counted back from the newest connection, so that most events concern one that is there.
          const closeCode = [1006, 1012, 1013, 4003, 1011, 4501][code] as number;
          if (kind === "welcomed") return { type: kind, conn, linkId: `l${conn}`, heartbeatMs: 12_000, windowMs: 5_000 };
          if (kind === "ended") return { type: kind, conn, ending: code === 5 && conn !== 0 ? lost : remoteEnding(closeCode, "") };
          if (kind === "advised") return { type: kind, conn, windowMs: code * 1_000 };
          if (kind === "goaway") return { type: kind, conn, afterMs: code * 100 };
          return { type: kind as "opened" | "heard" | "answered", conn };
        }),
    },
    { weight: 3, arbitrary: fc.constantFrom<ConnectionEvent>({ type: "demand" }, { type: "caught-up" }, { type: "wake" }) },
    { weight: 1, arbitrary: fc.constant<ConnectionEvent>({ type: "close" }) },
  ),
  passMs: fc.oneof(fc.nat(100), fc.nat(20_000)),
  random: fc.double({ min: 0, max: 0.999, noNaN: true }),
  wanted: fc.boolean(),
  heard: fc.boolean(),
});

test("whatever happens: at most two links and one dial, timers within bounds, the end is final", () => {
  fc.assert(
    fc.property(fc.array(eventArb, { maxLength: 80 }), (sequence) => {
      let state = states.idle;
      let nowMs = 0;
      let conns = 0;
      let heardMs = 0;
      let sentMs = 0;
      // Connections as the shell would hold them.
      const dialled = new Set<number>();
      const adopted = new Set<number>();
      for (const { event: drawn, passMs, random, wanted, heard } of sequence) {
        nowMs += passMs;
        if (heard) heardMs = nowMs;
        const event = "conn" in drawn ? { ...drawn, conn: conns - drawn.conn } : drawn;
        if (event.type === "ended") {
          if (!dialled.has(event.conn) && !adopted.has(event.conn)) continue;
          dialled.delete(event.conn);
          adopted.delete(event.conn);
        }
        const known: ConnectionFacts = { options, random, nextConn: conns + 1, wanted, heardMs, sentMs, movedMs: -Infinity, unansweredSinceMs: null };
        const before: ConnectionState = state;
        const { state: after, actions }: ReturnType<typeof step> = step(before, event, nowMs, known);
        state = after;
        for (const action of actions) {
          if (action.do === "dial") {
            assert.equal(action.conn, conns + 1);
            conns = action.conn;
            dialled.add(action.conn);
          } else {
            assert.ok(dialled.has(action.conn) || adopted.has(action.conn), `${action.do} of ${action.conn}, which is not there`);
            if (action.do === "adopt") {
              dialled.delete(action.conn);
              adopted.add(action.conn);
              heardMs = sentMs = nowMs;
            } else if (action.do === "close" || action.do === "destroy") {
              dialled.delete(action.conn);
              adopted.delete(action.conn);
            } else sentMs = nowMs;
          }
        }
        assert.ok(dialled.size <= 1, "one dial at a time");
        assert.ok(adopted.size <= 2, "a link and the one that it replaces");
        if (adopted.size === 2) assert.ok("retiring" in state && state.retiring !== null, "two links only while one retires");
        const { name } = after as ConnectionState;
        if (["idle", "waiting", "denied", "closed"].includes(name)) assert.equal(dialled.size + adopted.size, 0, `${name} holds no connection`);
        const dueMs = deadlineOf(after, { ...known, heardMs, sentMs });
        assert.equal(dueMs === null, ["idle", "denied", "closed"].includes(name), `${name}: due ${dueMs}`);
        if (dueMs !== null) assert.ok(dueMs - nowMs <= 60_000, `${name}: due in ${dueMs - nowMs}`);
        if (before.name === "closed") assert.equal(after, before);
        if (before.name === "denied") assert.ok(name === "denied" || event.type === "close");
      }
    }),
    { numRuns: 1_000 },
  );
});
