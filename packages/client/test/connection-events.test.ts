/** The connection's life as events in and actions out: every state answers every event, and no sequence of events breaks its promises. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Connection } from "../src/connection.ts";
import { newCounters } from "../src/counters.ts";
import type { Link } from "../src/link.ts";
import { resolveOptions } from "../src/options.ts";
import { HandWorld } from "./support/hand-world.ts";
import { type MemoryConn, MemoryNet } from "./support/memory-net.ts";

/** A connection by itself, over as many transports as it is told, and what it does to connections, numbered as they are dialled. */
class Watched {
  readonly world: HandWorld;
  readonly net = new MemoryNet();
  readonly connection: Connection;
  readonly counters = newCounters();
  readonly up: Link[] = [];
  #told: string[] = [];
  #ended = 0;

  constructor({ seed = 1, transports = 1 } = {}) {
    this.world = new HandWorld(seed);
    const all = Array.from({ length: transports }, (_, i) => ({
      ...this.net.transport,
      name: `t${i}`,
      dial: (...values: Parameters<typeof this.net.transport.dial>) => {
        const conn = this.net.transport.dial(...values) as MemoryConn;
        const no = this.net.conns.length;
        this.#told.push(transports > 1 ? `dial ${no} t${i}` : `dial ${no}`);
        conn.answersPings = false;
        conn.onSend = ({ type, replaces }) => void this.#told.push(`${type} ${no}${replaces === undefined ? "" : ` for ${replaces}`}`);
        return conn;
      },
    }));
    this.connection = new Connection({ ...this.world.env, options: resolveOptions(), counters: this.counters }, "http://test/v1/", all, {
      linkUp: (link) => this.up.push(link),
      linkDown: (link) => void this.up.splice(this.up.indexOf(link), 1),
      frame: (link, frame) => frame.type === "goaway" && this.connection.goaway(link, frame.afterMs),
      asks: () => [],
      changed: () => {},
    });
  }

  get state(): string {
    const { state, retryAtMs } = this.connection.describe();
    const isDialing = this.net.alive.length > this.up.length;
    if (state === "offline") return retryAtMs !== null ? "waiting" : isDialing ? "dialing" : "idle";
    return state === "live" && isDialing ? "moving" : state;
  }
  get retryInMs(): number {
    return (this.connection.describe().retryAtMs ?? Infinity) - this.world.env.clock.wallMs();
  }
  conn(no: number): MemoryConn {
    return this.net.conns[no - 1] as MemoryConn;
  }
  /** The state, what was done since the last time, and what was ended by this side. */
  take(): string {
    const ended = this.net.conns.flatMap(({ ended }, i) =>
      ended === null || ended.reason === "by the server" || ended.reason === "failed" ? [] : [`${ended.how} ${i + 1}`],
    );
    const told = [this.state, ...this.#told, ...ended.slice(this.#ended)].join(", ");
    this.#told = [];
    this.#ended = ended.length;
    return told;
  }
}

const welcome = (conn: MemoryConn, link: string): MemoryConn => conn.welcome({ link, reconnect: { windowMs: 4_000 } });
const goaway = { type: "goaway", code: "draining", afterMs: 10, deadlineMs: 9_000 };

/** Ways into each state. `moving` is both live (1) and dialing (2). */
const states: Record<string, (it: Watched) => Promise<void> | void> = {
  idle: () => {},
  waiting: (it) => {
    it.connection.want(true);
    it.conn(1).fail("connect_failed");
  },
  dialing: (it) => it.connection.want(true),
  greeting: (it) => {
    it.connection.want(true);
    it.conn(1).open();
  },
  live: (it) => {
    it.connection.want(true);
    welcome(it.conn(1), "l");
  },
  stale: async (it) => {
    await states["live"]?.(it);
    await it.world.advance(15_201);
  },
  moving: async (it) => {
    await states["live"]?.(it);
    it.conn(1).say(goaway);
    await it.world.advance(10);
    it.conn(2).open();
  },
  denied: (it) => {
    it.connection.want(true);
    it.conn(1).end(4_501);
  },
  closed: (it) => it.connection.close(),
};

/** What may happen; null where it cannot, because there is no such connection. */
const events: Record<string, (it: Watched) => void | Promise<void>> = {
  want: ({ connection }) => connection.want(true),
  unwant: ({ connection }) => connection.want(false),
  opened: (it) => void it.net.conns[0]?.open(),
  welcomed: (it) => void it.net.conns[0]?.welcome(),
  welcomed2: (it) => void it.net.conns[1]?.welcome(),
  ended: (it) => it.net.conns[0]?.end(1_012),
  ended2: (it) => it.net.conns[1]?.fail("connect_failed"),
  denied: (it) => it.net.conns[0]?.end(4_501),
  heard: (it) => it.net.conns[0]?.activity(),
  advised: (it) => it.net.conns[0]?.say({ type: "beat", reconnect: { windowMs: 1 } }),
  goaway: (it) => it.net.conns[0]?.say(goaway),
  retire: ({ connection }) => connection.retire(),
  wake: ({ connection }) => connection.wake(),
  pause: ({ connection }) => connection.pause(),
  close: ({ connection }) => connection.close(),
};

/** What each event does in each state; nothing where it says nothing. */
const table: Record<string, Partial<Record<string, string>>> = {
  idle: { want: "dialing, dial 1", close: "closed" },
  waiting: { unwant: "idle", pause: "idle", close: "closed" },
  dialing: {
    unwant: "idle, destroy 1",
    opened: "dialing, hello 1",
    welcomed: "live, hello 1",
    ended: "waiting",
    denied: "denied",
    pause: "idle, destroy 1",
    close: "closed, destroy 1",
  },
  greeting: { unwant: "idle, destroy 1", welcomed: "live", ended: "waiting", denied: "denied", pause: "idle, destroy 1", close: "closed, destroy 1" },
  live: { ended: "waiting", denied: "denied", wake: "stale, ping 1", pause: "idle, close 1", close: "closed, close 1" },
  stale: {
    heard: "live",
    welcomed: "live",
    advised: "live",
    goaway: "live",
    wake: "stale, ping 1",
    ended: "waiting",
    denied: "denied",
    pause: "idle, close 1",
    close: "closed, close 1",
  },
  moving: {
    welcomed2: "live",
    ended: "dialing",
    denied: "dialing",
    ended2: "live",
    wake: "stale, ping 1",
    pause: "idle, close 1, destroy 2",
    close: "closed, close 1, destroy 2",
  },
  denied: { close: "closed" },
  closed: {},
};

for (const [name, into] of Object.entries(states)) {
  test(`${name} answers every event`, async () => {
    for (const [what, event] of Object.entries(events)) {
      const it = new Watched();
      await into(it);
      it.take();
      const before = it.state;
      await event(it);
      assert.equal(it.take(), table[name]?.[what] ?? before, what);
      assert.equal(it.net.alive.length === 0, ["idle", "waiting", "denied", "closed"].includes(it.state), what);
    }
  });
}

/** Small seeds give similar draws. */
const spread = 0x9e3779b9;

test("an end that the server did not announce is spread over the advised window; its time is obeyed", async () => {
  const delays = async (end: (it: Watched) => void): Promise<number[]> => {
    const all: number[] = [];
    for (let seed = 1; seed <= 40; seed++) {
      const it = new Watched({ seed: seed * spread });
      await states["live"]?.(it);
      await it.world.advance(6_000);
      end(it);
      all.push(it.retryInMs);
    }
    return all.toSorted((a, b) => a - b);
  };
  const within = (all: readonly number[], least: number, most: number): void => {
    const [first = 0] = all;
    const last = all.at(-1) ?? 0;
    assert.ok(first >= least && last <= most && first < least + (most - least) / 4 && last > most - (most - least) / 4, `${all}`);
  };
  within(await delays((it) => it.conn(1).end(1_006)), 0, 4_000);
  within(
    await delays((it) => {
      it.conn(1).say({ type: "beat", reconnect: { windowMs: 60_000 } });
      it.conn(1).end(1_006);
    }),
    0,
    60_000,
  );
  within(await delays((it) => it.conn(1).end(1_013, { code: "overloaded", afterMs: 20_000, windowMs: 10_000 })), 20_000, 30_000);
  // This side found it dead, or a link did not last.
  within(await delays((it) => it.conn(1).fail("origin_connections")), 0, 1_000);
});

test("waking brings the next dial forward to within 1 s, unless the server named a time", async () => {
  const it = new Watched();
  it.connection.want(true);
  while (it.net.last.ended === null || it.retryInMs <= 10_000) {
    it.net.last.fail("connect_failed");
    if (it.retryInMs <= 10_000) await it.world.advance(it.retryInMs + 1);
  }
  it.connection.wake();
  assert.ok(it.retryInMs <= 1_000);
  const told = new Watched();
  told.connection.want(true);
  told.conn(1).open().end(1_013, { code: "overloaded", afterMs: 20_000 });
  told.connection.wake();
  assert.ok(told.retryInMs >= 20_000, "waking does not overrule the server");
});

test("a network that goes and comes at once does not wait for the backoff that its going began", async () => {
  let longest = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const it = new Watched({ seed });
    it.connection.want(true);
    for (let n = 0; n < 6; n++) {
      it.net.last.fail("connect_failed");
      await it.world.advance(it.retryInMs + 1);
    }
    it.net.last.fail("connect_failed");
    it.connection.wake();
    await it.world.advance(it.retryInMs + 1);
    it.net.last.fail("connect_failed");
    longest = Math.max(longest, it.retryInMs);
    it.connection.wake();
    assert.ok(it.retryInMs <= 2_500, `seed ${seed}: ${it.retryInMs} ms`);
    const { dials } = it.counters;
    for (let n = 0; n < 1_000; n++) {
      await it.world.advance(10);
      it.connection.wake();
      if (it.net.last.ended === null) it.net.last.fail("connect_failed");
    }
    assert.ok(it.counters.dials - dials <= 14, `seed ${seed}: ${it.counters.dials - dials} dials within 10 s of wakes`);
  }
  assert.ok(longest > 10_000);
});

test("wakes in quick succession count once, unless the machine slept in between", async () => {
  const it = new Watched();
  await states["live"]?.(it);
  const wake = (): string => {
    it.connection.wake();
    it.conn(1).pong();
    return it.take();
  };
  it.take();
  assert.deepEqual([wake(), wake()], ["live, ping 1", "live"]);
  await it.world.advance(1_499);
  assert.equal(wake(), "live");
  await it.world.advance(1);
  assert.equal(wake(), "live, ping 1");
  it.world.sleep(1_500);
  assert.equal(wake(), "live, ping 1");
});

test("failures in a row double the backoff up to its cap; a link that lasted forgets them, one that did not counts", async () => {
  const most: number[] = [];
  for (let seed = 1; seed <= 60; seed++) {
    const it = new Watched({ seed: seed * spread });
    it.connection.want(true);
    for (let i = 0; i < 8; i++) {
      it.net.last.fail("connect_failed");
      most[i] = Math.max(most[i] ?? 0, it.retryInMs);
      assert.equal(it.connection.describe().attempt, i + 1);
      await it.world.advance(it.retryInMs + 1);
    }
  }
  for (const [i, cap] of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000].entries()) {
    assert.ok((most[i] as number) <= cap && (most[i] as number) > 0.85 * cap, `${i}: ${most[i]} of ${cap}`);
  }
  for (const [lastedMs, attempt] of [
    [4_999, 4],
    [5_000, 0],
  ] as const) {
    const it = new Watched();
    it.connection.want(true);
    for (let i = 0; i < 3; i++) {
      it.net.last.fail("connect_failed");
      await it.world.advance(it.retryInMs + 1);
    }
    it.net.last.welcome();
    await it.world.advance(lastedMs);
    it.net.last.end(1_012);
    assert.equal(it.connection.describe().attempt, attempt, `after ${lastedMs}`);
  }
});

test("an end that asks to back off counts as a failure, however long the link lasted", async () => {
  const it = new Watched();
  await states["live"]?.(it);
  await it.world.advance(10_000);
  it.conn(1).end(1_013);
  assert.equal(it.connection.describe().attempt, 1);
});

test("goaway: the replacement is dialled after the time, the old link serves until the new one is welcomed, then retires within 5 s", async () => {
  const it = new Watched();
  await states["live"]?.(it);
  it.take();
  it.conn(1).say({ ...goaway, afterMs: 700 });
  await it.world.advance(100);
  it.conn(1).say({ ...goaway, afterMs: 0 });
  await it.world.advance(599);
  assert.equal(it.take(), "live", "a second goaway changes nothing");
  await it.world.advance(1);
  assert.equal(it.take(), "moving, dial 2");
  it.conn(2).open();
  assert.equal(it.take(), "moving, hello 2 for l");
  welcome(it.conn(2), "m");
  assert.deepEqual([it.take(), it.up.map(({ linkId }) => linkId)], ["live", ["l", "m"]]);
  await it.world.advance(4_999);
  assert.equal(it.take(), "live");
  await it.world.advance(1);
  assert.deepEqual([it.take(), it.up.map(({ linkId }) => linkId)], ["live, close 1", ["m"]]);
  it.conn(2).say({ ...goaway, afterMs: 0 });
  await it.world.advance(0);
  welcome(it.conn(3), "n");
  it.take();
  it.connection.retire();
  assert.equal(it.take(), "live, close 2", "at once when nothing depends on it any more");
});

test("goaway: a replacement that does not come about within 5 s is dialled again, backing off, while the old link serves", async () => {
  const it = new Watched();
  await states["live"]?.(it);
  it.conn(1).say({ ...goaway, afterMs: 0 });
  await it.world.advance(0);
  it.take();
  await it.world.advance(5_000);
  assert.equal(it.take(), "live, destroy 2");
  const dials: number[] = [];
  for (let i = 0; i < 40; i++) {
    const before = it.net.conns.length;
    await it.world.advance(500);
    it.conn(1).activity();
    if (it.net.conns.length > before) {
      dials.push(it.world.nowMs);
      it.net.last.fail("connect_failed");
    }
  }
  assert.ok(dials.length >= 4 && dials.length <= 8, `${dials.length}`);
  assert.deepEqual([it.state, it.conn(1).ended], ["live", null]);
});

test("a link that is silent while its replacement is dialled is given up; the replacement goes on", async () => {
  const it = new Watched();
  await states["live"]?.(it);
  await it.world.advance(14_000);
  it.conn(1).say({ ...goaway, afterMs: 14_000 });
  await it.world.advance(14_100);
  it.take();
  assert.equal(it.state, "moving");
  await it.world.advance(1_200);
  await it.world.advance(3_000);
  assert.equal(it.take(), "stale, ping 1");
  it.conn(1).end(1_006);
  welcome(it.conn(2), "m");
  assert.equal(it.take(), "live, hello 2 for l");
});

test("a link with nothing to carry is closed after 10 s", async () => {
  const it = new Watched();
  await states["live"]?.(it);
  it.connection.want(false);
  await it.world.advance(9_000);
  it.connection.want(true);
  await it.world.advance(9_000);
  it.conn(1).pong();
  it.connection.want(false);
  it.take();
  await it.world.advance(9_999);
  assert.equal(it.take(), "live, beat 1");
  await it.world.advance(1);
  assert.deepEqual([it.take(), it.world.timers], ["idle, close 1", 0]);
});

test("a transport that fails gives way to the next; a better one is tried after 10 s, then after 10 minutes, and when a link is to be replaced", async () => {
  const it = new Watched({ transports: 2 });
  it.connection.want(true);
  assert.equal(it.take(), "dialing, dial 1 t0");
  it.conn(1).end(1_006);
  await it.world.advance(1_000);
  it.conn(2).end(1_002);
  await it.world.advance(0);
  assert.equal(it.take(), "dialing, dial 2 t0, dial 3 t1", "what a hop says is not the server's last word");
  welcome(it.conn(3), "l");
  const { transport, state, code } = it.connection.describe();
  assert.deepEqual([transport, state, code], ["t1", "live", "protocol_error"]);
  it.take();
  const heldFor = async (no: number, untilConns: number): Promise<number> => {
    let heldMs = 0;
    for (; it.net.conns.length < untilConns; heldMs += 1_000) {
      await it.world.advance(1_000);
      it.conn(no).activity();
    }
    return heldMs;
  };
  const soonMs = await heldFor(3, 4);
  assert.ok(soonMs >= 10_000 && soonMs <= 12_000, `${soonMs}: perhaps it was the server that failed`);
  assert.match(it.take(), /dial 4 t0/);
  it.conn(4).fail("connect_failed");
  const laterMs = await heldFor(3, 5);
  assert.ok(laterMs >= 600_000 && laterMs <= 661_000, `${laterMs}: the link that serves is kept`);
  assert.match(it.take(), /dial 5 t0/);
  it.conn(5).fail("connect_failed");
  it.conn(3).end(1_006);
  await it.world.advance(4_000);
  assert.match(it.take(), /dial 6 t0/);
  welcome(it.conn(6), "o");
  assert.deepEqual([it.connection.describe().transport, it.connection.describe().code], ["t0", null]);
});

type Name = keyof typeof events | "pass";
const names = Object.keys(events).filter((name) => !name.includes("2"));
const eventArb = fc.record({
  name: fc.oneof(
    { weight: 4, arbitrary: fc.constant<Name>("pass") },
    { weight: 12, arbitrary: fc.constantFrom<Name>(...names.slice(0, -2)) },
    { weight: 1, arbitrary: fc.constantFrom<Name>("pause", "close") },
  ),
  // Counted back from the newest connection, so that most events concern one that is there.
  back: fc.nat(2),
  passMs: fc.oneof(fc.nat(100), fc.nat(20_000)),
  isHeard: fc.boolean(),
});

test("whatever happens: at most two links and one dial, timers within bounds, the end is final", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1 }), fc.integer({ min: 1, max: 3 }), fc.array(eventArb, { maxLength: 60 }), async (seed, transports, sequence) => {
      const it = new Watched({ seed, transports });
      let final = "";
      for (const { name, back, passMs, isHeard } of sequence) {
        const conn = it.net.conns.at(-1 - back);
        // Events act on what they take for the first connection.
        const meant = { ...it, connection: it.connection, net: { conns: conn === undefined ? [] : [conn] } } as unknown as Watched;
        if (name === "pass") await it.world.advance(passMs);
        else await events[name]?.(meant);
        if (isHeard) for (const each of it.net.alive) each.activity();
        const { state } = it;
        const dials = it.net.alive.length - it.up.length;
        assert.ok(dials <= 1, "one dial at a time");
        assert.ok(it.up.length <= 2, "a link and the one that it replaces");
        assert.equal(it.net.alive.length === 0, ["idle", "waiting", "denied", "closed"].includes(state), state);
        assert.equal(it.world.timers === 0, ["idle", "denied", "closed"].includes(state), `${state}: ${it.world.timers} timers`);
        assert.ok(it.world.timers <= 3 + Number(state === "moving"), `${it.world.timers} timers`);
        if (state === "waiting") assert.ok(it.retryInMs <= 60_000);
        if (final === "closed") assert.equal(state, "closed");
        if (final === "denied") assert.ok(state === "denied" || state === "closed");
        final = state;
      }
    }),
    { numRuns: 300 },
  );
});
