/**
 * What must be true of a pool whatever is done to it: a bookkeeper who sees only what happens outside of the pool (what is opened, lent, given
 * back, ended) and checks each of it. The pool under test is real; connections are numbers, and the test decides when each opening settles.
 */
import assert from "node:assert/strict";
import { type Ask, type Lease, Pool, type PoolOptions, type Resource } from "../../src/core/index.ts";
import type { PoolEnd } from "../../src/ends.ts";
import { PoolError } from "../../src/pool-error.ts";
import { type VirtualEnv, virtualEnv } from "../support/virtual-env.ts";

/** A connection as the other side would see it. */
interface Seen {
  readonly openedMs: number;
  freeSinceMs: number;
  lent: boolean;
  /** What the borrower said of keeping it. */
  keepMs: number | null;
  uses: number;
  /** Set when the test took it away. */
  lost: boolean;
  closed: number;
  told: number;
}

interface Question<A> {
  readonly answer: (value: A) => void;
  readonly fail: (error: Error) => void;
}

interface Call {
  readonly number: number;
  readonly abort: AbortController;
  readonly untilMs: number;
}

export class Bookkeeper {
  readonly env: VirtualEnv;
  readonly pool: Pool<number>;
  readonly openings: Question<number>[] = [];
  readonly questions: (Question<boolean> & { readonly value: number })[] = [];
  readonly leases: Lease<number>[] = [];
  readonly seen = new Map<number, Seen>();
  /** Calls that wait, in the order in which they asked. */
  readonly waiting: Call[] = [];
  /** Ends that have not come to their end. */
  readonly closings: (() => void)[] = [];
  readonly faults: string[] = [];
  readonly #options: Partial<PoolOptions> & { readonly idleMs: number; readonly ageMs: number };
  #failures = 0;
  #calls = 0;
  #settledCalls = 0;

  constructor(options: Bookkeeper["options"], seed: number) {
    this.#options = options;
    this.env = virtualEnv(seed);
    this.pool = new Pool(this.#resource(), options, this.env, { ended: ({ value, end }) => this.#ended(value, end) });
  }

  get options(): Partial<PoolOptions> & { readonly idleMs: number; readonly ageMs: number } {
    return this.#options;
  }

  get #nowMs(): number {
    return this.env.clock.monoMs();
  }

  /** Connections that the other side has now. */
  get there(): number {
    return [...this.seen.values()].filter(({ lost, closed }) => !lost && closed === 0).length;
  }

  #resource(): Resource<number> {
    return {
      open: () => {
        const all = this.there + this.openings.length + this.closings.length + 1;
        const { checking, waiting } = this.pool.stats();
        if (checking >= waiting) this.faults.push("one is opened for nobody");
        if (all > this.pool.max) this.faults.push(`${all} open or opening, of ${this.pool.max}`);
        return new Promise((answer, fail) => this.openings.push({ answer, fail }));
      },
      close: (value) => {
        const seen = this.#of(value);
        seen.closed++;
        if (seen.lost) this.faults.push(`${value} was lost and then closed`);
        return value % 2 === 0 ? new Promise<void>((closed) => this.closings.push(closed)) : undefined;
      },
      check: (value) => new Promise((answer, fail) => this.questions.push({ value, answer, fail })),
    };
  }

  #of(value: number): Seen {
    const seen = this.seen.get(value);
    assert.ok(seen !== undefined, `${value} was opened`);
    return seen;
  }

  #ended(value: number, end: PoolEnd): void {
    const seen = this.#of(value);
    seen.told++;
    if (end === "idle_limit" && seen.lent) this.faults.push(`${value} was ended as idle while it was lent`);
  }

  acquire(timeoutMs: number): void {
    const abort = new AbortController();
    const call: Call = { number: ++this.#calls, abort, untilMs: this.#nowMs + timeoutMs };
    const ask: Ask = { signal: abort.signal, timeoutMs };
    this.waiting.push(call);
    this.pool.acquire(ask).then(
      (lease) => this.#got(call, lease),
      (error: unknown) => this.#refused(call, error),
    );
  }

  tryAcquire(): void {
    const lease = this.pool.tryAcquire();
    if (lease === null) return;
    this.#settledCalls++;
    if (this.waiting.length > 0) this.faults.push("tryAcquire overtook somebody who waits");
    this.#lent(lease);
  }

  #got(call: Call, lease: Lease<number>): void {
    // Promises are told in the order in which the pool settled them, so the first of those who still wait is whom it must have served.
    if (this.waiting[0] !== call) this.faults.push(`call ${call.number} was served before call ${this.waiting[0]?.number}`);
    this.#left(call);
    this.#lent(lease);
  }

  #refused(call: Call, error: unknown): void {
    this.#left(call);
    if (error === call.abort.signal.reason) return;
    if (!(error instanceof PoolError)) this.faults.push(`call ${call.number} was refused with ${String(error)}`);
    else if (error.code === "acquire_timeout" && this.#nowMs < call.untilMs) this.faults.push(`call ${call.number} timed out before its time`);
    else if (error.code === "connect_failed" && this.#failures === 0) this.faults.push(`call ${call.number} got a failure of nobody's`);
  }

  #left(call: Call): void {
    this.#settledCalls++;
    this.waiting.splice(this.waiting.indexOf(call), 1);
  }

  #lent(lease: Lease<number>): void {
    const seen = this.#of(lease.value);
    const { idleMs, ageMs, requestsMax } = this.#options;
    if (seen.lent) this.faults.push(`${lease.value} is lent twice`);
    if (seen.closed > 0) this.faults.push(`${lease.value} was closed and then lent`);
    if (this.#nowMs - seen.freeSinceMs >= (seen.keepMs ?? idleMs)) this.faults.push(`${lease.value} was lent after it had been idle for too long`);
    if (this.#nowMs - seen.openedMs >= ageMs) this.faults.push(`${lease.value} was lent when it was too old`);
    seen.lent = true;
    seen.uses++;
    if (typeof requestsMax === "number" && seen.uses > requestsMax) this.faults.push(`${lease.value} was lent more often than it may be`);
    if (lease.uses !== seen.uses || lease.reused !== seen.uses > 1) this.faults.push(`${lease.value}: its uses are not what the lease says`);
    this.leases.push(lease);
  }

  release(at: number, end: PoolEnd | undefined, keepMs: number | null): void {
    const lease = take(this.leases, at);
    if (lease === undefined) return;
    const seen = this.#of(lease.value);
    if (keepMs !== null) {
      lease.keepFor(keepMs);
      seen.keepMs = keepMs;
    }
    seen.lent = false;
    seen.freeSinceMs = this.#nowMs;
    lease.release(end);
    if (end !== undefined && !seen.lost && seen.closed !== 1) this.faults.push(`${lease.value} was given back as ${end} and not closed`);
  }

  /** The other side ends one that it has. */
  lose(at: number): void {
    const there = [...this.seen].filter(([, { lost, closed }]) => !lost && closed === 0);
    const [value, seen] = there[at % Math.max(1, there.length)] ?? [];
    if (value === undefined || seen === undefined) return;
    seen.lost = true;
    this.pool.lost(value, "server_closed");
  }

  settleOpening(at: number, works: boolean): void {
    const opening = take(this.openings, at);
    if (opening === undefined) return;
    if (works) {
      const value = this.seen.size + 1;
      this.seen.set(value, { openedMs: this.#nowMs, freeSinceMs: this.#nowMs, lent: false, keepMs: null, uses: 0, lost: false, closed: 0, told: 0 });
      opening.answer(value);
    } else {
      this.#failures++;
      opening.fail(new Error("refused"));
    }
  }

  answer(at: number, works: boolean): void {
    take(this.questions, at)?.answer(works);
  }

  /** What must hold whenever nothing moves. */
  check(): void {
    const stats = this.pool.stats();
    assert.deepEqual(this.faults, []);
    assert.equal(stats.open, this.there);
    assert.equal(stats.lent, [...this.seen.values()].filter(({ lent, lost, closed }) => lent && !lost && closed === 0).length);
    assert.equal(stats.opening, this.openings.length);
    assert.equal(stats.waiting, this.waiting.length);
    assert.equal(stats.closing, this.closings.length);
    const coming = stats.opening + stats.checking;
    if (stats.idle > 0) assert.ok(stats.waiting <= coming, `${stats.waiting} wait while ${stats.idle} are idle and ${coming} are coming`);
    if (stats.idle > 0) assert.ok(stats.open <= stats.max, `${stats.open} are open, of ${stats.max}, and ${stats.idle} of them idle`);
    const stuck = stats.waiting > 0 && coming === 0 && stats.open + stats.closing < stats.max;
    if (stuck) assert.ok(this.#failures > 0 && this.env.pending > 0, "somebody waits, there is room, and nothing is done about it");
    for (const call of this.waiting) assert.ok(call.untilMs > this.#nowMs, `call ${call.number} waits for longer than it said`);
    assert.ok(stats.idle <= this.#idleMax, `${stats.idle} are idle, of at most ${this.#idleMax}`);
    for (const [value, { lost, closed, told }] of this.seen) assert.equal(told, lost || closed > 0 ? 1 : 0, `the end of ${value} is told once, when it ends`);
    assert.equal(stats.acquired + stats.refused + stats.timedOut + stats.aborted + stats.failed, this.#settledCalls);
    assert.equal(stats.faults, 0);
  }

  get #idleMax(): number {
    return this.#options.idleMax ?? this.pool.max;
  }

  /** From now on everything works and is given back: whoever asks then must get one within the longest time between two attempts. */
  async heal(): Promise<void> {
    this.pool.resize(Math.max(1, this.pool.max));
    const before = this.waiting.length;
    this.acquire(60_000);
    const asked = this.waiting.at(-1);
    const untilMs = this.#nowMs + 5_500;
    while (asked !== undefined && this.waiting.includes(asked)) {
      assert.ok(this.#nowMs < untilMs, `somebody behind ${before} others waits while everything works`);
      while (this.openings.length > 0) this.settleOpening(0, true);
      while (this.questions.length > 0) this.answer(0, true);
      while (this.closings.length > 0) this.closings.pop()?.();
      while (this.leases.length > 0) this.release(0, undefined, null);
      await this.env.advance(50);
    }
    this.check();
  }

  /** Everything ends, and nothing is left: no connection, no timer, nobody. */
  async end(): Promise<void> {
    const closed = this.pool.close();
    await this.env.advance(0);
    while (this.openings.length > 0) this.settleOpening(0, this.openings.length % 2 === 1);
    await this.env.advance(0);
    while (this.closings.length > 0) {
      this.closings.pop()?.();
      await this.env.advance(0);
    }
    await closed;
    while (this.leases.length > 0) this.leases.pop()?.release();
    for (const { answer } of this.questions) answer(true);
    await this.env.advance(0);
    assert.deepEqual(this.faults, []);
    assert.equal(this.waiting.length, 0);
    const ends = Object.values(this.pool.stats().ends).reduce((sum, count) => sum + count, 0);
    assert.equal(ends, this.seen.size, "each that was opened has one end");
    for (const [value, { lost, closed: times, told }] of this.seen) {
      assert.equal(times + Number(lost), 1, `${value} is closed once, or was lost`);
      assert.equal(told, 1);
    }
    const { open, idle, checking } = this.pool.stats();
    assert.deepEqual({ open, idle, checking }, { open: 0, idle: 0, checking: 0 });
    assert.equal(this.env.pending, 0, "no timer is left");
  }
}

function take<A>(from: A[], at: number): A | undefined {
  return from.length === 0 ? undefined : from.splice(at % from.length, 1)[0];
}
