/**
 * Pool<T>: a bounded set of connections that are lent one borrower at a time. It never has more than its maximum open or opening, serves
 * whoever waits in the order of arrival, and never lets anybody wait while one is idle. It knows nothing of what it holds.
 *
 *    open --> idle <--> lent          each in one place; leaves the pool exactly once, with one end
 *              |  ^
 *              v  |
 *            checking
 *
 * Every change ends in `#pump`, which hands on what is free and opens what may be opened: so no wake-up can be lost.
 */
import { randomFraction } from "@holdfast/protocol";
import { nodePoolEnv } from "../adapters/env.ts";
import type { PoolEnd } from "../ends.ts";
import { jittered, type Limits } from "../expiry.ts";
import type { PoolEnv } from "../pool-env.ts";
import { PoolError } from "../pool-error.ts";
import { type Asker, PromisedCall, type Waiting } from "./asker.ts";
import { Checks } from "./checks.ts";
import { Held, HeldLease, type Lender } from "./held.ts";
import { holdings, newLeaks } from "./lent.ts";
import { LoadMeter, waitBoundsMs } from "./load.ts";
import { Openings } from "./openings.ts";
import { orInfinity, type PoolOptions, resolvePoolOptions } from "./options.ts";
import type { Lease, PoolEvents, Resource } from "./resource.ts";
import { newCounters, newEnds, type PoolStats } from "./stats.ts";
import { Sweeper } from "./sweeper.ts";
import { Waiter, WaitQueue } from "./wait-queue.ts";
import { borrowersFrames, whoHolds } from "./who-holds.ts";

/** What a call may say of its wait. */
export interface Ask {
  readonly signal?: AbortSignal;
  /** Default: `acquireTimeoutMs`. */
  readonly timeoutMs?: number;
}

type Phase = "open" | "draining" | "closed";

export class Pool<T> implements Lender<T> {
  readonly options: PoolOptions;
  readonly #resource: Resource<T>;
  readonly #env: PoolEnv;
  readonly #events: PoolEvents<T>;
  readonly #limits: Limits;
  readonly #checkAfterMs: number;
  readonly #looksForLeaks: boolean;
  readonly #held = new Map<T, Held<T>>();
  /** The one used last is last. */
  readonly #idle: Held<T>[] = [];
  readonly #openings: Openings<T>;
  readonly #checks: Checks<T>;
  readonly #waiters: WaitQueue<T>;
  readonly #load: LoadMeter;
  readonly #counters = newCounters();
  readonly #ends = newEnds();
  readonly #sweeper: Sweeper;
  #phase: Phase = "open";
  #max: number;
  #idleMax: number;
  /** Nobody set `idleMax`: it is the maximum, whatever that becomes. */
  readonly #idleFollows: boolean;
  /** Those that the resource is still ending. */
  #closing = 0;
  #lastConnection = 0;
  #whenEmpty: (() => void)[] = [];
  #pumping: "no" | "yes" | "again" = "no";

  constructor(resource: Resource<T>, options: Partial<PoolOptions> = {}, env: PoolEnv = nodePoolEnv, events: PoolEvents<T> = {}) {
    this.options = resolvePoolOptions(options);
    const { max, idleMs, keepMsMax, ageMs, requestsMax, leakMs } = this.options;
    this.#resource = resource;
    this.#env = env;
    this.#events = events;
    this.#limits = { idleMs: orInfinity(idleMs), keepMsMax: orInfinity(keepMsMax), ageMs: orInfinity(ageMs), requestsMax: orInfinity(requestsMax) };
    this.#checkAfterMs = resource.check === undefined ? Number.POSITIVE_INFINITY : orInfinity(this.options.checkAfterIdleMs);
    this.#looksForLeaks = leakMs !== "never";
    this.#max = max;
    this.#idleMax = this.options.idleMax;
    this.#idleFollows = options.idleMax === undefined;
    this.#openings = new Openings<T>(env.clock, env.rng, this.options, {
      open: (signal) => resource.open(signal),
      opened: (value) => this.#opened(value),
      failed: (error) => this.#openingFailed(error),
      again: () => this.#pump(env.clock.monoMs()),
    });
    const ask = async (value: T, signal: AbortSignal): Promise<boolean> => (await resource.check?.(value, signal)) === true;
    this.#checks = new Checks<T>(env.clock, this.options.checkTimeoutMs, ask, (held, works) => this.#checked(held, works));
    this.#waiters = new WaitQueue<T>(env.clock, {
      timedOut: (waiter, nowMs) => this.#timedOut(waiter, nowMs),
      aborted: (waiter, reason) => this.#aborted(waiter, reason),
    });
    this.#load = new LoadMeter(env.clock.monoMs());
    this.#sweeper = new Sweeper(env.background ?? env.clock, (nowMs) => this.#sweep(nowMs));
  }

  /** The most that may be open or opening at once, now. */
  get max(): number {
    return this.#max;
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** The connection used last among those that may be used at once; null: none is, or others wait. Never waits and never opens. */
  tryAcquire(): Lease<T> | null {
    const nowMs = this.#env.clock.monoMs();
    const held = this.#phase === "open" && this.#waiters.size === 0 ? this.#takeIdle(nowMs) : null;
    if (held === null) return null;
    this.#load.arrived(nowMs);
    return this.#lend(held, nowMs);
  }

  /** A connection, as soon as one is free or opened; whoever asked first gets one first. Rejects with a PoolError, or with the reason of the signal. */
  acquire(ask: Ask = {}): Promise<Lease<T>> {
    const { signal } = ask;
    if (signal?.aborted === true) {
      this.#load.arrived(this.#env.clock.monoMs());
      this.#counters.aborted++;
      return Promise.reject(signal.reason);
    }
    return new Promise((resolve, reject) => {
      const call = new PromisedCall<T>(resolve, reject, signal);
      const waiting = this.ask(call, ask.timeoutMs);
      if (waiting !== null) call.waits(waiting);
    });
  }

  /** As `acquire`, without a promise. Null: it has been told already. */
  ask(asker: Asker<T>, timeoutMs = this.options.acquireTimeoutMs): Waiting | null {
    const nowMs = this.#env.clock.monoMs();
    this.#load.arrived(nowMs);
    if (this.#phase !== "open") return this.#refuse(asker, new PoolError("closed", "The pool is closed"));
    const held = this.#waiters.size === 0 ? this.#takeIdle(nowMs) : null;
    if (held !== null) {
      asker.lent(this.#lend(held, nowMs));
      return null;
    }
    const coming = this.#openings.wanted + this.#checks.size + this.#idle.length + this.#room();
    if (this.#waiters.size >= this.options.queueMax + coming) {
      return this.#refuse(asker, new PoolError("queue_full", `${this.#waiters.size} calls wait already: ${this.#whoHolds(nowMs)}`));
    }
    const waiter = new Waiter<T>(this.#waiters, asker, nowMs, timeoutMs, this.#borrower());
    this.#waiters.push(waiter);
    this.#pump(nowMs);
    return waiter.waits ? waiter : null;
  }

  /** It ended by itself, idle or lent; its place is free at once. What the pool does not hold (any more) is ignored. */
  lost(value: T, end: PoolEnd): void {
    const held = this.#held.get(value);
    if (held === undefined) return;
    const at = this.#idle.lastIndexOf(held);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#forget(held, end);
    this.#pump(this.#env.clock.monoMs());
  }

  /** Sets the maximum. Idle ones and openings go at once when it falls, lent ones when they come back. */
  resize(max: number): void {
    if (!Number.isSafeInteger(max) || max < 0) throw new PoolError("invalid_option", `Expected \`max\` to be a whole number, at least 0, got ${max}`);
    if (this.#idleFollows) this.#idleMax = max;
    this.#max = max;
    while (this.#held.size + this.#openings.wanted > max && this.#idle.length > 0) this.#end(this.#idle.shift() as Held<T>, "shrunk");
    this.#openings.abandonAbove(Math.max(0, max - this.#held.size), new PoolError("closed", "The pool has shrunk"));
    this.#pump(this.#env.clock.monoMs());
  }

  stats(): PoolStats {
    const nowMs = this.#env.clock.monoMs();
    const { acquired, reused } = this.#counters;
    const idle = this.#idle.length;
    return {
      ...this.#counters,
      checks: this.#checks.asked,
      ...this.#load.load(nowMs),
      max: this.#max,
      open: this.#held.size,
      idle,
      lent: this.#held.size - idle - this.#checks.size,
      checking: this.#checks.size,
      opening: this.#openings.size,
      closing: this.#closing,
      waiting: this.#waiters.size,
      reuseRatio: acquired === 0 ? null : reused / acquired,
      ends: { ...this.#ends },
      waits: { boundsMs: waitBoundsMs, counts: [...this.#load.waits], sumMs: this.#load.waitMs },
      longestLentMs: Math.max(0, ...holdings(this.#held.values(), nowMs).map(({ heldMs }) => heldMs)),
      longestWaitMs: this.#waiters.first === null ? 0 : nowMs - this.#waiters.first.sinceMs,
    };
  }

  /** Takes no more calls, serves who waits, ends each connection as it comes free. Resolves when none is left. */
  drain(): Promise<void> {
    if (this.#phase === "open") this.#phase = "draining";
    if (this.#waiters.size === 0) this.#endIdle();
    return this.#emptied();
  }

  /** Ends everything at once: who waits gets `closed`, and lent connections end under their borrowers. Resolves when no opening is under way either. */
  close(): Promise<void> {
    this.#phase = "closed";
    for (let waiter = this.#waiters.take(); waiter !== null; waiter = this.#waiters.take()) this.#fail(waiter, new PoolError("closed", "The pool was closed"));
    this.#openings.abandonAbove(0, new PoolError("closed", "The pool was closed"));
    this.#endIdle();
    for (const held of [...this.#held.values()]) this.#end(held, "pool_closed");
    return this.#emptied();
  }

  /** Only for leases. */
  takeBack(held: Held<T>, end: PoolEnd | undefined): void {
    const nowMs = this.#env.clock.monoMs();
    this.#load.held(nowMs - held.lentMs, nowMs);
    if (held.place !== "lent") return;
    held.rest(nowMs);
    this.#place(held, end ?? this.#unfit(held, nowMs), nowMs);
  }

  /** Why a connection that comes free must not stay; null: it may. */
  #unfit(held: Held<T>, nowMs: number): PoolEnd | null {
    if (this.#phase === "closed" || (this.#phase === "draining" && this.#waiters.size === 0)) return "pool_closed";
    if (this.#held.size + this.#openings.wanted > this.#max) return "shrunk";
    return nowMs < held.reusableUntilMs ? null : held.expiredBy(nowMs);
  }

  /** Ends one that came free, or hands it on, or keeps it. */
  #place(held: Held<T>, end: PoolEnd | null, nowMs: number): void {
    if (end !== null) this.#end(held, end);
    else {
      this.#idle.push(held);
      if (this.#waiters.size === 0) {
        this.#sweeper.watch(held.reusableUntilMs, nowMs);
        if (this.#idle.length > this.#idleMax) this.#end(this.#idle.shift() as Held<T>, "shrunk");
        return;
      }
    }
    this.#pump(nowMs);
  }

  /** Takes the idle one that was used last, if it may be lent without a question; those that may not be used again end here. */
  #takeIdle(nowMs: number): Held<T> | null {
    for (;;) {
      const held = this.#idle[this.#idle.length - 1];
      if (held === undefined) return null;
      const fresh = nowMs < held.reusableUntilMs;
      if (fresh && nowMs - held.spokeMs >= this.#checkAfterMs) return null;
      this.#idle.pop();
      if (fresh) return held;
      this.#end(held, held.expiredBy(nowMs) ?? "idle_limit");
    }
  }

  /** `waiter` is whoever waited for it, if somebody did. */
  #lend(held: Held<T>, nowMs: number, waiter: Waiter<T> | null = null): Lease<T> {
    held.place = "lent";
    held.lentMs = nowMs;
    held.uses++;
    this.#counters.acquired++;
    if (held.uses > 1) this.#counters.reused++;
    this.#load.served(waiter === null ? 0 : nowMs - waiter.sinceMs);
    if (this.#looksForLeaks) {
      held.stack = waiter === null ? this.#borrower() : waiter.stack;
      held.leakTold = false;
      this.#sweeper.watch(nowMs + orInfinity(this.options.leakMs), nowMs);
    }
    return new HeldLease(held, this);
  }

  /** Where the call comes from; null unless leaks are looked for. */
  #borrower(): string | null {
    return this.#looksForLeaks ? borrowersFrames(new Error("borrowed").stack ?? "") : null;
  }

  #refuse(asker: Asker<T>, error: PoolError): null {
    this.#counters.refused++;
    asker.refused(error);
    return null;
  }

  #timedOut(waiter: Waiter<T>, nowMs: number): void {
    this.#counters.timedOut++;
    const { lastError } = this.#openings;
    const text = `No connection within ${Math.round(nowMs - waiter.sinceMs)} ms: ${this.#whoHolds(nowMs)}`;
    this.#answer(() => waiter.asker.refused(new PoolError("acquire_timeout", text, lastError === null ? {} : { cause: lastError })));
    this.#settle();
  }

  #aborted(waiter: Waiter<T>, reason: unknown): void {
    this.#counters.aborted++;
    this.#answer(() => waiter.asker.refused(reason));
    this.#settle();
  }

  #fail(waiter: Waiter<T>, error: unknown): void {
    this.#counters.failed++;
    this.#answer(() => waiter.asker.refused(error));
  }

  /** Tells one who waited. Whatever it throws is its own: nobody else must wait longer for it. */
  #answer(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#env.soon(() => {
        throw error;
      });
    }
  }

  /** Serves who waits. Whoever is told may do anything to the pool from there: what that frees is handed on here, not deeper in the stack. */
  #pump(nowMs: number): void {
    if (this.#pumping !== "no") {
      this.#pumping = "again";
      return;
    }
    do {
      this.#pumping = "yes";
      this.#serve(nowMs);
    } while ((this.#pumping as string) === "again");
    this.#pumping = "no";
    this.#settle();
  }

  /** Hands on what is free, then asks and opens as many as there are waiters without one under way. */
  #serve(nowMs: number): void {
    while (this.#waiters.size > 0) {
      const held = this.#takeIdle(nowMs);
      if (held === null) break;
      const waiter = this.#waiters.take();
      if (waiter === null) {
        // Who waited left while an expired one was ended.
        this.#place(held, null, nowMs);
        break;
      }
      const lease = this.#lend(held, nowMs, waiter);
      this.#answer(() => waiter.asker.lent(lease));
    }
    while (this.#openings.wanted + this.#checks.size < this.#waiters.size) {
      const silent = this.#idle.pop();
      if (silent !== undefined) this.#checks.begin(silent);
      else if (this.#phase !== "closed" && this.#room() > 0 && this.#openings.mayBegin()) this.#openings.begin();
      else break;
    }
  }

  #room(): number {
    return Math.max(0, this.#max - this.#held.size - this.#openings.size - this.#closing);
  }

  #opened(value: T): void {
    const nowMs = this.#env.clock.monoMs();
    const limits = jittered(this.#limits, this.options.jitterPercent, randomFraction(this.#env.rng));
    const held = new Held(value, ++this.#lastConnection, nowMs, limits);
    this.#held.set(value, held);
    this.#counters.opened++;
    this.#tell(() => this.#events.opened?.(value, held.connection));
    if (held.place === "idle") this.#place(held, this.#unfit(held, nowMs), nowMs);
  }

  /**
   * Tells those whom it concerns. While others are open or being opened, that is the youngest that this attempt was made for: who came before
   * waits for those. When nothing is left that could serve anybody, it is everybody.
   */
  #openingFailed(error: unknown): void {
    const nowMs = this.#env.clock.monoMs();
    this.#counters.openFailures++;
    this.#tell(() => this.#events.openFailed?.(error));
    const coming = this.#openings.wanted + this.#checks.size;
    const concerned = this.#held.size === 0 && coming === 0 ? Number.POSITIVE_INFINITY : 1;
    const told: Waiter<T>[] = [];
    for (let waiter = this.#waiters.take(coming); waiter !== null; waiter = told.length < concerned ? this.#waiters.take(coming) : null) told.push(waiter);
    // Told when all have left: whoever asks again from there waits for the next attempt.
    for (const waiter of told) this.#fail(waiter, asPoolError(error));
    this.#pump(nowMs);
  }

  #checked(held: Held<T>, works: boolean): void {
    const nowMs = this.#env.clock.monoMs();
    if (works) {
      held.spokeMs = nowMs;
      this.#place(held, this.#unfit(held, nowMs), nowMs);
      return;
    }
    // What made this one fail may have met all: they are asked together, so that nobody waits for one after the other.
    const suspects = this.#idle.filter(({ spokeMs }) => nowMs - spokeMs >= this.#checkAfterMs);
    for (const suspect of suspects) {
      this.#idle.splice(this.#idle.indexOf(suspect), 1);
      this.#checks.begin(suspect);
    }
    this.#place(held, "check_failed", nowMs);
  }

  /** Ends one that is in no list any more. */
  #end(held: Held<T>, end: PoolEnd): void {
    // Its place is taken until it is known that nobody has to wait for the end.
    this.#closing++;
    this.#forget(held, end);
    let ending: unknown;
    this.#tell(() => {
      ending = this.#resource.close(held.value, end);
    });
    if (!(ending instanceof Promise)) {
      this.#closing--;
      return;
    }
    const done = (): void => {
      this.#closing--;
      this.#pump(this.#env.clock.monoMs());
    };
    ending.then(done, () => {
      this.#counters.faults++;
      done();
    });
  }

  #forget(held: Held<T>, end: PoolEnd): void {
    this.#checks.takeAway(held);
    held.place = "gone";
    this.#held.delete(held.value);
    this.#ends[end]++;
    const ageMs = this.#env.clock.monoMs() - held.openedMs;
    this.#tell(() => this.#events.ended?.({ value: held.value, connection: held.connection, end, ageMs, uses: held.uses }));
  }

  /** Calls what is not the pool's. What throws there must not keep anybody waiting here. */
  #tell(call: () => void): void {
    try {
      call();
    } catch {
      this.#counters.faults++;
    }
  }

  #endIdle(): void {
    for (let held = this.#idle.shift(); held !== undefined; held = this.#idle.shift()) this.#end(held, "pool_closed");
  }

  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenEmpty.push(resolve);
      this.#settle();
    });
  }

  /** A draining pool in which nobody waits keeps nothing; one that holds nothing is empty. */
  #settle(): void {
    if (this.#waiters.size === 0) this.#openings.rest();
    if (this.#phase === "open" || this.#waiters.size > 0) return;
    if (this.#idle.length > 0) this.#endIdle();
    if (this.#held.size > 0 || this.#openings.size > 0 || this.#closing > 0) return;
    this.#sweeper.stop();
    const resolved = this.#whenEmpty;
    this.#whenEmpty = [];
    for (const resolve of resolved) resolve();
  }

  #whoHolds(nowMs: number): string {
    return whoHolds({
      max: this.#max,
      lent: holdings(this.#held.values(), nowMs),
      checking: this.#checks.size,
      opening: this.#openings.size,
      waiting: this.#waiters.size,
      lastError: this.#openings.lastError,
    });
  }

  /** Ends what is idle and may not be used again, and tells leaks. Returns when it wants to look again. */
  #sweep(nowMs: number): number {
    for (const held of [...this.#idle]) {
      if (held.place !== "idle" || nowMs < held.reusableUntilMs) continue;
      this.#idle.splice(this.#idle.indexOf(held), 1);
      this.#end(held, held.expiredBy(nowMs) ?? "idle_limit");
    }
    let nextMs = Number.POSITIVE_INFINITY;
    for (const held of this.#idle) nextMs = Math.min(nextMs, held.reusableUntilMs);
    if (this.#looksForLeaks) {
      const found = newLeaks(this.#held.values(), orInfinity(this.options.leakMs), nowMs);
      for (const leak of found.leaks) {
        this.#counters.leaks++;
        this.#tell(() => this.#events.leaked?.(leak));
      }
      nextMs = Math.min(nextMs, found.nextMs);
    }
    this.#settle();
    return nextMs;
  }
}

/** What is a PoolError already says more than this pool could. */
function asPoolError(error: unknown): PoolError {
  if (error instanceof PoolError) return error;
  return new PoolError("connect_failed", error instanceof Error ? error.message : String(error), { cause: error });
}
