/** The proof of life of one link: what counts, when it is asked for, and when there is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Dialled, live } from "./support/dialled.ts";

test("a link is probed after 1.1 heartbeats and 2 s of silence, and given up 5 s later: 20.2 s from the last byte", async () => {
  const it = live();
  await it.world.advance(15_199);
  assert.deepEqual([it.take(), it.conn.of("ping").length], [[], 0]);
  await it.world.advance(2);
  assert.deepEqual([it.take(), it.conn.of("ping").length], [["stale at 15200"], 1]);
  await it.world.advance(4_998);
  assert.equal(it.conn.ended, null);
  await it.world.advance(2);
  assert.deepEqual([it.take(), it.net.last.ended?.how], [["heartbeat_lost at 20200"], "destroy"]);
  assert.deepEqual([it.counters.probes, it.counters.lost, it.world.timers], [1, 1, 0]);
});

test("any byte takes the doubt away, and prolongs the probe; only an answer ends it", async () => {
  const it = live();
  await it.world.advance(20_199);
  it.conn.activity();
  assert.deepEqual(it.take(), ["stale at 15200", "proved at 20199"]);
  await it.world.advance(5_000);
  assert.deepEqual(it.take(), [], "it is given the same time again");
  await it.world.advance(1);
  assert.deepEqual(it.take(), ["heartbeat_lost at 25200"], "nothing has come since");
  const answered = live();
  await answered.world.advance(20_199);
  answered.conn.say({ type: "pong", id: 1 });
  await answered.world.advance(15_199);
  assert.deepEqual(answered.take(), ["stale at 15200", "proved at 20199", "pong at 20199"]);
  await answered.world.advance(2);
  assert.deepEqual(answered.take(), ["stale at 35399"]);
});

test("a heartbeat is what the server says, within bounds", async () => {
  for (const [heartbeatMs, silenceMs] of [
    [1, 2_550],
    [2_000, 4_200],
    [86_400_000, 332_000],
  ] as const) {
    const it = new Dialled();
    it.conn.welcome({ heartbeatMs }).answersPings = false;
    await it.world.advance(silenceMs - 1);
    assert.equal(it.conn.of("ping").length, 0);
    await it.world.advance(1);
    assert.equal(it.conn.of("ping").length, 1, `${heartbeatMs}`);
  }
});

test("a beat is sent when nothing else was for 0.9 to 1 heartbeats, drawn once", async () => {
  const it = live();
  const spoke: [string, number][] = [];
  it.conn.onSend = ({ type }) => void spoke.push([type, it.world.nowMs]);
  await withBytes(it, 60_000);
  it.link.sendFrame({ type: "pong", id: 1 });
  await withBytes(it, 60_000);
  const gaps = spoke.slice(1).flatMap(([type, ms], i) => (type === "beat" ? [ms - (spoke[i]?.[1] as number)] : []));
  assert.ok(gaps.length >= 8 && gaps.every((ms) => ms >= 10_800 && ms <= 12_000 && Math.abs(ms - (gaps[0] as number)) < 0.001), `${gaps}`);
});

/** Lets other bytes come in, one a second. */
async function withBytes(it: Dialled, ms: number): Promise<void> {
  for (let passed = 0; passed < ms && !it.link.isOver; passed += 1_000) {
    await it.world.advance(1_000);
    if (!it.link.isOver) it.conn.activity();
  }
}

test("an unanswered request is probed for after 5 s; other bytes do not satisfy the probe, but prolong it to 15 s", async () => {
  const it = live();
  it.link.request();
  await withBytes(it, 4_000);
  assert.equal(it.conn.of("ping").length, 0);
  await withBytes(it, 15_000);
  assert.deepEqual([it.conn.of("ping").length, it.take()], [1, []], "bytes come, so it is not stale");
  await withBytes(it, 1_000);
  assert.deepEqual(it.take(), ["heartbeat_lost at 20000"]);
});

test("an unanswered request on a link that says nothing at all ends it after 10 s", async () => {
  const it = live();
  it.link.request();
  await it.world.advance(9_999);
  assert.equal(it.conn.ended, null);
  await it.world.advance(1);
  assert.deepEqual(it.take(), ["heartbeat_lost at 10000"]);
});

test("only an answer proves that requests are heard: a pong, or one to a publish or subscribe", async () => {
  for (const message of [
    { type: "pong", id: 1 },
    { type: "published", id: 7, position: "e.11", duplicate: false },
    { type: "refused", id: 7, code: "internal", message: "" },
    { type: "subscribed", id: 7, stream: "a", position: "0", head: "0" },
  ]) {
    const it = live();
    const id = it.link.request();
    await withBytes(it, 8_000);
    it.conn.say(message);
    await withBytes(it, 4_000);
    assert.equal(it.conn.of("ping").length, 1, message.type);
    await withBytes(it, 2_000);
    assert.equal(it.conn.of("ping").length, 2, "and asked again, while the request itself is unanswered");
    it.link.answered(id);
    it.conn.say(message);
    await withBytes(it, 30_000);
    assert.deepEqual([it.conn.of("ping").length, it.conn.ended], [2, null]);
  }
});

test("a request that nobody asks about any more need not be answered; what it stood for is given back once", async () => {
  const it = live();
  const asker = {};
  const first = it.link.request(asker);
  const second = it.link.request();
  assert.deepEqual([it.link.answered(first) === asker, it.link.answered(first)], [true, undefined]);
  await withBytes(it, 5_000);
  assert.equal(it.conn.of("ping").length, 1, "the second is still open");
  it.conn.say({ type: "pong", id: 1 });
  it.link.answered(second);
  await withBytes(it, 30_000);
  assert.equal(it.conn.of("ping").length, 1);
});

test("a slow way out is not a dead one: while waiting bytes leave, an unanswered publish ends no link", async () => {
  const it = live();
  it.conn.queuedBytes = 1_000_000;
  it.link.request();
  for (let ms = 0; ms < 60_000; ms += 1_000) {
    await it.world.advance(1_000);
    it.conn.queuedBytes -= 10_000;
    it.conn.activity();
    assert.equal(it.conn.ended, null, `given up at ${ms}`);
  }
  it.conn.queuedBytes = 0;
  await withBytes(it, 40_000);
  assert.equal(it.conn.ended?.how, "destroy", "what has left for long has to be answered");
});

test("a link whose requests are unanswered is stale all the same when nothing comes in", async () => {
  const it = new Dialled();
  it.conn.welcome({ heartbeatMs: 500 }).answersPings = false;
  it.take();
  it.link.request();
  await it.world.advance(2_600);
  assert.deepEqual([it.take(), it.link.isStale], [["stale at 2550"], true]);
  await it.world.advance(5_000);
  assert.deepEqual(it.take(), ["heartbeat_lost at 7550"]);
});

test("a timer that is more than 2 s late is no evidence: a probe is repeated, a dial is given 2 s more", async () => {
  const it = live();
  it.world.stall(60_000);
  await it.world.advance(1);
  it.world.stall(60_000);
  await it.world.advance(1);
  assert.deepEqual([it.conn.of("ping").length, it.conn.ended], [2, null]);
  await it.world.advance(5_000);
  assert.equal(it.conn.ended?.how, "destroy");
  const asking = live();
  asking.link.request();
  await withBytes(asking, 6_000);
  asking.world.stall(14_000);
  await asking.world.advance(1);
  assert.equal(asking.conn.ended, null);
  for (const open of [false, true]) {
    const dial = new Dialled();
    if (open) dial.conn.open();
    dial.world.stall(12_001);
    await dial.world.advance(0);
    assert.deepEqual(dial.told, []);
    await dial.world.advance(2_000);
    assert.deepEqual(dial.told, [open ? "handshake_timeout at 14001" : "connect_timeout at 14001"]);
  }
});

test("a beat whose timer is held back goes out with what comes in, and soon enough when that is the server's next beat", async () => {
  const it = live();
  for (let beat = 1; beat <= 4; beat++) {
    it.world.stall(12_000);
    it.conn.activity();
    assert.equal(it.conn.of("beat").length, beat);
    it.world.stall(5_000);
    it.conn.say({ type: "beat" });
    assert.equal(it.conn.of("beat").length, beat, "one of its own came not long ago");
  }
  it.world.stall(1_000);
  it.conn.activity();
  assert.equal(it.conn.of("beat").length, 4);
  it.conn.say({ type: "beat" });
  assert.equal(it.conn.of("beat").length, 5, "after the next one of the server it would be too late");
});

test("waking probes once; a clock that jumped does so at the next timer", async () => {
  const it = live();
  it.link.wake();
  it.link.wake();
  assert.deepEqual([it.conn.of("ping").length, it.take()], [1, ["stale at 0"]]);
  it.conn.pong();
  await it.world.advance(1_000);
  it.conn.pong();
  it.world.sleep(3_600_000);
  await it.world.advance(11_500);
  assert.equal(it.conn.of("ping").length, 2);
  it.conn.pong();
  await it.world.advance(14_000);
  assert.equal(it.conn.of("ping").length, 2, "it jumped once");
});

test("what waited while this side stood still proves nothing: only an answer to what was asked since does", async () => {
  const doubts: Record<string, (it: Dialled) => void | Promise<void>> = {
    "woken by the page": ({ link }) => link.wake(),
    "a machine that slept": async ({ world }) => {
      world.sleep(3_600_000);
      await world.advance(5_100);
    },
    "a process that was stopped, and reads before its timers run": ({ world, conn }) => {
      world.stall(3_600_000);
      conn.activity();
    },
  };
  for (const [what, doubt] of Object.entries(doubts)) {
    const it = live();
    const before = it.link.request();
    const heardMs = it.link.heardMs;
    await doubt(it);
    assert.deepEqual([it.link.isStale, it.conn.of("ping").length], [true, 1], what);
    it.conn.activity();
    it.conn.say({ type: "entry", stream: "s", position: "e.12", prev: "e.11", timeMs: 1, data: 1 });
    it.conn.say({ type: "published", id: before, position: "e.12", duplicate: false });
    assert.deepEqual([it.link.isStale, it.link.heardMs], [true, heardMs], what);
    await it.world.advance(10);
    it.conn.pong();
    assert.deepEqual([it.link.isStale, it.link.heardMs, it.conn.of("ping").length], [false, it.world.nowMs, 1], what);
    await it.world.advance(5_000);
    it.conn.activity();
    assert.equal(it.link.heardMs, it.world.nowMs, what);
  }
});

test("a link that wakes on a slow way in has the time of three probes, while bytes come; without them that of one", async () => {
  for (const [bytes, lostMs] of [
    [true, 15_000],
    [false, 5_000],
  ] as const) {
    const it = live();
    it.link.wake();
    for (let n = 0; n < 40; n++) {
      await it.world.advance(499.5);
      if (bytes) it.conn.activity();
    }
    const [, lost = ""] = it.take();
    assert.ok(Math.abs(Number(lost.replace("heartbeat_lost at ", "")) - lostMs) < 2, lost);
  }
});

test("what another connection brought is taken, and is no proof: silence is doubted in its time, and the doubt stays", async () => {
  const it = live();
  const answer = (): void => it.conn.handlers.onText('{"type":"published","id":1,"position":"e.1","duplicate":false}', false);
  await it.world.advance(10_000);
  answer();
  await it.world.advance(5_201);
  assert.deepEqual(it.take().slice(-1), ["stale at 15200"]);
  answer();
  assert.deepEqual([it.take(), it.link.isStale, it.link.heardMs], [["published at 15201"], true, it.world.nowMs - 15_201]);
  await it.world.advance(5_000);
  assert.deepEqual(it.take(), ["heartbeat_lost at 20200"]);
});
