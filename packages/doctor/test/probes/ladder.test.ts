/**
 * The ladder in virtual time, against peers with any timer and any way of ending: the bracket holds the true timer, and never more is claimed than
 * was seen.
 */
import assert from "node:assert/strict";
import test from "node:test";
import type { Clock } from "@holdfast/protocol";
import fc from "fast-check";
import type { Moving } from "../../src/facts.ts";
import { bracketOf, type Observation } from "../../src/probes/bracket.ts";
import { measureIdle, outlived } from "../../src/probes/idle.ts";
import { climb, type LadderOptions } from "../../src/probes/ladder.ts";
import { firstDelays, ladderSeconds, refiningDelays } from "../../src/probes/schedule.ts";
import type { Seat, SeatEnd, Seats } from "../../src/probes/seat.ts";
import { VirtualTime } from "../support/virtual-time.ts";

type How = "fin" | "rst" | "goaway" | "close_frame" | "silent" | "rst_on_write" | "answer";
const isActive = (how: How): boolean => how === "fin" || how === "rst" || how === "goaway" || how === "close_frame";

interface Peer {
  readonly timerMs: number;
  readonly how: How;
  /** What resets its timer, beside an attempt. */
  readonly resetBy: readonly Moving[];
  readonly ageMaxMs?: number;
  readonly delayMs?: number;
}

class FakeSeat implements Seat {
  readonly connId = "c";
  readonly ended: Promise<SeatEnd>;
  static open = 0;
  #lastMs: number;
  #settle: (end: SeatEnd) => void = () => {};
  #timer: { cancel(): void } | null = null;
  readonly #ageTimer: { cancel(): void } | null;
  #isClosed = false;
  readonly #clock: Clock;
  readonly #peer: Peer;
  readonly #moving: Moving;

  constructor(clock: Clock, peer: Peer, moving: Moving) {
    FakeSeat.open++;
    this.#clock = clock;
    this.#peer = peer;
    this.#moving = moving;
    this.#lastMs = clock.monoMs();
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#arm();
    this.#ageTimer = peer.ageMaxMs === undefined ? null : clock.after(peer.ageMaxMs, () => this.#end("fin"));
  }

  lastByteMs(): number {
    return this.#lastMs;
  }

  async attempt(waitMs: number): ReturnType<Seat["attempt"]> {
    const { timerMs, how, delayMs = 0 } = this.#peer;
    const silentMs = this.#clock.monoMs() - this.#lastMs;
    if (silentMs < timerMs) {
      await this.#wait(delayMs);
      this.#lastMs = this.#clock.monoMs();
      return { how: "alive" };
    }
    await this.#wait(how === "silent" ? waitMs : delayMs);
    return { how };
  }

  move(): void {
    if (!this.#peer.resetBy.includes(this.#moving)) return;
    this.#lastMs = this.#clock.monoMs();
    this.#arm();
  }

  close(): void {
    if (this.#isClosed) return;
    FakeSeat.open--;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#ageTimer?.cancel();
  }

  #arm(): void {
    this.#timer?.cancel();
    if (isActive(this.#peer.how)) this.#timer = this.#clock.after(this.#peer.timerMs, () => this.#end(this.#peer.how));
  }

  #end(how: How): void {
    if (!this.#isClosed) this.#settle({ how, atMs: this.#clock.monoMs() });
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }
}

function setting(peer: Peer, maxMs: number, more: Partial<LadderOptions> = {}) {
  const time = new VirtualTime();
  const seats: Seats = { of: "websocket", moves: ["tcp_keepalive", "websocket_ping"], open: async (moving) => new FakeSeat(time.clock, peer, moving) };
  const options: LadderOptions = {
    clock: time.clock,
    signal: new AbortController().signal,
    deadlineMs: maxMs,
    rttMs: peer.delayMs ?? 1,
    connectionsMax: 12,
    isReachable: async () => true,
    ...more,
  };
  return { time, seats, options };
}

const peers = fc.record({
  timerMs: fc.integer({ min: 300, max: 400_000 }),
  how: fc.constantFrom<How>("fin", "rst", "goaway", "close_frame", "silent", "rst_on_write", "answer"),
  resetBy: fc.constant<readonly Moving[]>([]),
  delayMs: fc.integer({ min: 0, max: 100 }),
});

test("the bracket holds the true timer, whatever ends it, and no more is claimed than there was time for", async () => {
  await fc.assert(
    fc.asyncProperty(peers, fc.integer({ min: 8_000, max: 500_000 }), fc.integer({ min: 2, max: 40 }), async (peer, maxMs, connectionsMax) => {
      FakeSeat.open = 0;
      const { time, seats, options } = setting(peer, maxMs, { connectionsMax });
      const { bracket } = await time.run(climb(seats, options));
      assert.equal(FakeSeat.open, 0, "every seat is closed");
      assert.ok(time.nowMs <= maxMs, "it ends in time");
      assert.ok(bracket.atLeastMs <= peer.timerMs, `at least ${bracket.atLeastMs} of ${peer.timerMs}`);
      if (bracket.atMostMs === null) assert.ok(bracket.atLeastMs < maxMs && bracket.how === null);
      else assert.ok(bracket.atMostMs >= peer.timerMs && bracket.how === peer.how, `at most ${bracket.atMostMs} of ${peer.timerMs}, ${bracket.how}`);
    }),
    { numRuns: 150 },
  );
});

test("a timer that leaves time for it is found within a second, silent drops too", async () => {
  await fc.assert(
    fc.asyncProperty(peers, async (peer) => {
      const { time, seats, options } = setting(peer, peer.timerMs * 6 + 60_000, { connectionsMax: 12 });
      const { bracket } = await time.run(climb(seats, options));
      assert.ok(bracket.atMostMs !== null && bracket.atMostMs - bracket.atLeastMs <= 1_000, `${bracket.atLeastMs} to ${bracket.atMostMs}`);
    }),
    { numRuns: 150 },
  );
});

test("a silent death counts only while the target can be reached", async () => {
  const { time, seats, options } = setting({ timerMs: 2_500, how: "silent", resetBy: [] }, 30_000, { isReachable: async () => false });
  const { bracket, outages } = await time.run(climb(seats, options));
  assert.equal(bracket.atMostMs, null);
  assert.ok(outages > 0);
});

test("where no attempt fits into the time, an end is seen all the same, and survival is not claimed", async () => {
  const short = setting({ timerMs: 1_200, how: "fin", resetBy: [] }, 3_000);
  const { bracket } = await short.time.run(climb({ ...short.seats, attemptMs: 12_500 }, short.options));
  assert.ok(bracket.how === "fin" && bracket.atLeastMs <= 1_200 && (bracket.atMostMs ?? 0) >= 1_200);
  const long = setting({ timerMs: 60_000, how: "fin", resetBy: [] }, 3_000);
  assert.deepEqual((await long.time.run(climb({ ...long.seats, attemptMs: 12_500 }, long.options))).observations, []);
});

test("a peer that speaks by itself is not said to be silent", async () => {
  const time = new VirtualTime();
  const beat = (seat: FakeSeat): void =>
    void time.clock.after(700, () => {
      seat.move();
      if (FakeSeat.open > 0) beat(seat);
    });
  FakeSeat.open = 0;
  const peer: Peer = { timerMs: 100_000, how: "fin", resetBy: ["nothing"] };
  const seats: Seats = {
    of: "websocket",
    moves: [],
    open: async (moving) => {
      const seat = new FakeSeat(time.clock, peer, moving);
      beat(seat);
      return seat;
    },
  };
  const { options } = setting(peer, 20_000);
  const climbed = await time.run(climb(seats, { ...options, clock: time.clock }));
  assert.ok(climbed.beatMs !== null);
});

test("the matrix tells what resets the timer, and a control that ends tells an age from an idle time", async () => {
  const common = { beatMs: 500, withMatrix: true, whoEnded: async () => "between" as const };
  const reset = setting({ timerMs: 5_000, how: "fin", resetBy: ["websocket_ping"] }, 70_000);
  const measured = await reset.time.run(measureIdle(reset.seats, { ...reset.options, ...common }));
  const row = (moving: Moving) => measured.idle.find((fact) => fact.moving === moving);
  assert.ok(row("nothing")?.by === "between" && row("nothing")?.how === "fin");
  assert.equal(row("websocket_ping")?.atMostMs, null);
  assert.ok((row("websocket_ping")?.atLeastMs ?? 0) >= outlived(5_000));
  assert.ok((row("tcp_keepalive")?.atMostMs ?? 0) >= 5_000);
  assert.equal(measured.controls[0]?.ended, null);

  const aged = setting({ timerMs: 1_000_000, how: "fin", resetBy: ["websocket_ping"], ageMaxMs: 9_000 }, 70_000);
  const { controls } = await aged.time.run(measureIdle(aged.seats, { ...aged.options, ...common }));
  assert.ok(controls[0]?.ended === "fin" && controls[0].silentMs <= 500 && controls[0].ageMs === 9_000);
});

test("contradicting connections: the shorter life counts", () => {
  const alive = (silentMs: number): Observation => ({ silentMs, outcome: "alive", active: false });
  const bracket = bracketOf(
    [alive(1_000), alive(90_000), { silentMs: 60_000, outcome: "fin", active: true }, { silentMs: 75_000, outcome: "fin", active: true }],
    50,
  );
  assert.deepEqual(bracket, { atLeastMs: 59_950, atMostMs: 60_050, how: "fin", seen: 1, spreadMs: 15_000 });
});

test("delays stay within the time and the connections that there are", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 7_200_000 }), fc.integer({ min: 3_000, max: 12_500 }), fc.integer({ min: 0, max: 60 }), (leftMs, waitMs, max) => {
      const delays = firstDelays(leftMs, waitMs, max);
      assert.ok(delays.length <= max && delays.every((ms, i) => ms > (delays[i - 1] ?? 0) && ms + waitMs < leftMs));
      if (leftMs > waitMs + 1_000 && max > 0) assert.ok((delays.at(-1) ?? 0) >= leftMs - waitMs - 1_000, "the longest that fits is always tried");
    }),
  );
  assert.deepEqual(refiningDelays({ atLeastMs: 6_500, atMostMs: 10_000 }, 12_000, 3_000, 8), [], "no time");
  assert.deepEqual(refiningDelays({ atLeastMs: 55_000, atMostMs: 55_900 }, 900_000, 3_000, 8), [], "narrow enough");
  assert.ok(ladderSeconds.every((seconds, i) => seconds > (ladderSeconds[i - 1] ?? 0)));
});
