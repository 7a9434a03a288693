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
import { randomFraction, type Timer } from "@holdfast/protocol";
import { nodePoolEnv } from "../adapters/env.ts";
import type { PoolEnd } from "../ends.ts";
import { jittered, type Limits } from "../expiry.ts";
import type { PoolEnv } from "../pool-env.ts";
import { PoolError } from "../pool-error.ts";
import { Backoff } from "./backoff.ts";
import { Held, HeldLease, type Lender } from "./held.ts";
import { LoadMeter, waitBoundsMs } from "./load.ts";
import { orInfinity, type PoolOptions, resolvePoolOptions } from "./options.ts";
import type { Lease, PoolEvents, Resource } from "./resource.ts";
import { newCounters, newEnds, type PoolStats } from "./stats.ts";
import { Sweeper } from "./sweeper.ts";
import { type Waiter, WaitQueue } from "./wait-queue.ts";
import { borrowersFrames, whoHolds } from "./who-holds.ts";

/** What a call may say of its wait. */
export interface Ask {
  readonly signal?: AbortSignal;
  /** Default: `acquireTimeoutMs`. */
  readonly timeoutMs?: number;
}

/** One opening under way. Not wanted any more once it was aborted; it has its place until it settles. */
interface Opening {
  readonly abort: AbortController;
  timer: Timer | null;
  wanted: boolean;
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
  readonly #openings = new Set<Opening>();
  readonly #waiters = new WaitQueue<Lease<T>>();
  readonly #backoff: Backoff;
  readonly #load: LoadMeter;
  readonly #counters = newCounters();
  readonly #ends = newEnds();
  readonly #sweeper: Sweeper;
  #phase: Phase = "open";
  #max: number;
  #idleMax: number;
  /** Nobody set `idleMax`: it is the maximum, whatever that becomes. */
  readonly #idleFollows: boolean;
  /** Openings that somebody may get. */
  #wanted = 0;
  #checking = 0;
  #lastConnection = 0;
  #deadline: Timer | null = null;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #retry: Timer | null = null;
  #whenEmpty: (() => void)[] = [];

  constructor(resource: Resource<T>, options: Partial<PoolOptions> = {}, env: PoolEnv = nodePoolEnv, events: PoolEvents<T> = {}) {
    this.options = resolvePoolOptions(options);
    const { max, idleMs, ageMs, requestsMax, leakMs } = this.options;
    this.#resource = resource;
    this.#env = env;
    this.#events = events;
    this.#limits = { idleMs: orInfinity(idleMs), ageMs: orInfinity(ageMs), requestsMax: orInfinity(requestsMax) };
    this.#checkAfterMs = resource.check === undefined ? Number.POSITIVE_INFINITY : orInfinity(this.options.checkAfterIdleMs);
    this.#looksForLeaks = leakMs !== "never";
    this.#max = max;
    this.#idleMax = this.options.idleMax;
    this.#idleFollows = options.idleMax === undefined;
    this.#backoff = new Backoff(this.options.backoffMsMax, env.rng);
    this.#load = new LoadMeter(env.clock.monoMs());
    this.#sweeper = new Sweeper(env.background ?? env.clock, (nowMs) => this.#sweep(nowMs));
  }

  /** The most that may be open or opening at once, now. */
  get max(): number {
    return this.#max;
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
    const nowMs = this.#env.clock.monoMs();
    this.#load.arrived(nowMs);
    const { signal } = ask;
    if (signal?.aborted === true) {
      this.#counters.aborted++;
      return Promise.reject(signal.reason);
    }
    if (this.#phase !== "open") return this.#refuse(new PoolError("closed", "The pool is closed"));
    const held = this.#waiters.size === 0 ? this.#takeIdle(nowMs) : null;
    if (held !== null) return Promise.resolve(this.#lend(held, nowMs));
    const coming = this.#wanted + this.#checking + this.#idle.length + this.#room();
    if (this.#waiters.size >= this.options.queueMax + coming) {
      return this.#refuse(new PoolError("queue_full", `${this.#waiters.size} calls wait already: ${this.#whoHolds(nowMs)}`));
    }
    return new Promise((resolve, reject) => {
      this.#wait(resolve, reject, nowMs, ask);
      this.#pump(nowMs);
    });
  }

  /** It ended by itself, idle or lent; its place is free at once. What the pool does not hold (any more) is ignored. */
  lost(value: T, end: PoolEnd): void {
    const held = this.#held.get(value);
    if (held === undefined) return;
    if (held.place === "idle") this.#idle.splice(this.#idle.lastIndexOf(held), 1);
    this.#forget(held, end);
    this.#pump(this.#env.clock.monoMs());
  }

  /** Sets the maximum. Idle ones and openings go at once when it falls, lent ones when they come back. */
  resize(max: number): void {
    if (!Number.isSafeInteger(max) || max < 0) throw new PoolError("invalid_option", `Expected \`max\` to be a whole number, at least 0, got ${max}`);
    if (this.#idleFollows) this.#idleMax = max;
    this.#max = max;
    while (this.#held.size + this.#wanted > max && this.#idle.length > 0) this.#end(this.#idle.shift() as Held<T>, "shrunk");
    for (const opening of this.#openings) if (this.#held.size + this.#wanted > max) this.#abandon(opening, new PoolError("closed", "The pool has shrunk"));
    this.#pump(this.#env.clock.monoMs());
  }

  stats(): PoolStats {
    const nowMs = this.#env.clock.monoMs();
    const { acquired, reused } = this.#counters;
    const idle = this.#idle.length;
    return {
      ...this.#counters,
      ...this.#load.load(nowMs),
      max: this.#max,
      open: this.#held.size,
      idle,
      lent: this.#held.size - idle - this.#checking,
      checking: this.#checking,
      opening: this.#openings.size,
      waiting: this.#waiters.size,
      reuseRatio: acquired === 0 ? null : reused / acquired,
      ends: { ...this.#ends },
      waits: { boundsMs: waitBoundsMs, counts: [...this.#load.waits], sumMs: this.#load.waitMs },
      longestLentMs: this.#longestLentMs(nowMs),
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
    for (let waiter = this.#waiters.shift(); waiter !== null; waiter = this.#waiters.shift())
      this.#fail(waiter, new PoolError("closed", "The pool was closed"));
    for (const opening of this.#openings) this.#abandon(opening, new PoolError("closed", "The pool was closed"));
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
    if (this.#held.size + this.#wanted > this.#max) return "shrunk";
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
  #lend(held: Held<T>, nowMs: number, waiter: Waiter<Lease<T>> | null = null): Lease<T> {
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

  #refuse(error: PoolError): Promise<never> {
    this.#counters.refused++;
    return Promise.reject(error);
  }

  #wait(resolve: (lease: Lease<T>) => void, reject: (error: unknown) => void, nowMs: number, { signal, timeoutMs = this.options.acquireTimeoutMs }: Ask): void {
    const left = (): void => {
      if (!this.#waiters.remove(waiter)) return;
      this.#counters.aborted++;
      waiter.forget();
      reject(signal?.reason);
      this.#settle();
    };
    const forget = (): void => signal?.removeEventListener("abort", left);
    const times = { sinceMs: nowMs, untilMs: nowMs + timeoutMs };
    const waiter: Waiter<Lease<T>> = { ...times, stack: this.#borrower(), resolve, reject, forget, next: null, previous: null, waits: true };
    signal?.addEventListener("abort", left, { once: true });
    this.#waiters.push(waiter);
    this.#armDeadline(waiter.untilMs, nowMs);
  }

  #fail(waiter: Waiter<Lease<T>>, error: unknown): void {
    this.#counters.failed++;
    waiter.forget();
    waiter.reject(error);
  }

  /** Hands on what is free, then asks and opens as many as there are waiters without one under way. */
  #pump(nowMs: number): void {
    while (this.#waiters.size > 0) {
      const held = this.#takeIdle(nowMs);
      if (held === null) break;
      const waiter = this.#waiters.shift();
      if (waiter === null) {
        // Who waited left while an expired one was ended.
        this.#place(held, null, nowMs);
        break;
      }
      waiter.forget();
      waiter.resolve(this.#lend(held, nowMs, waiter));
    }
    while (this.#wanted + this.#checking < this.#waiters.size) {
      const silent = this.#idle.pop();
      if (silent !== undefined) this.#check(silent);
      else if (this.#mayOpen(nowMs)) this.#open();
      else break;
    }
    this.#settle();
  }

  #room(): number {
    return Math.max(0, this.#max - this.#held.size - this.#openings.size);
  }

  #mayOpen(nowMs: number): boolean {
    if (this.#phase === "closed" || this.#room() === 0) return false;
    if (!this.#backoff.failing) return true;
    if (this.#wanted > 0) return false;
    if (nowMs >= this.#backoff.untilMs) return true;
    this.#retry ??= this.#env.clock.after(Math.ceil(this.#backoff.untilMs - nowMs), () => {
      this.#retry = null;
      this.#pump(this.#env.clock.monoMs());
    });
    return false;
  }

  #open(): void {
    const opening: Opening = { abort: new AbortController(), timer: null, wanted: true };
    const { connectTimeoutMs } = this.options;
    this.#openings.add(opening);
    this.#wanted++;
    opening.timer = this.#env.clock.after(connectTimeoutMs, () => {
      const error = new PoolError("connect_timeout", `No connection within ${connectTimeoutMs} ms`);
      this.#abandon(opening, error);
      this.#openingFailed(error);
    });
    const opened = async (): Promise<T> => this.#resource.open(opening.abort.signal);
    opened().then(
      (value) => this.#opened(opening, value),
      (error: unknown) => {
        const concerns = this.#settled(opening);
        if (concerns) this.#openingFailed(error);
        else this.#pump(this.#env.clock.monoMs());
      },
    );
  }

  /** An opening has ended. False: nobody wanted it any more. */
  #settled(opening: Opening): boolean {
    this.#openings.delete(opening);
    opening.timer?.cancel();
    if (!opening.wanted) return false;
    opening.wanted = false;
    this.#wanted--;
    return true;
  }

  /** Takes an opening back; it keeps its place until it has settled. */
  #abandon(opening: Opening, why: PoolError): void {
    if (!opening.wanted) return;
    opening.wanted = false;
    this.#wanted--;
    opening.timer?.cancel();
    opening.abort.abort(why);
  }

  #opened(opening: Opening, value: T): void {
    const nowMs = this.#env.clock.monoMs();
    this.#settled(opening);
    this.#backoff.succeeded();
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
    this.#backoff.failed(nowMs, error);
    this.#tell(() => this.#events.openFailed?.(error));
    const coming = this.#wanted + this.#checking;
    const concerned = this.#held.size === 0 && coming === 0 ? Number.POSITIVE_INFINITY : 1;
    for (let told = 0; told < concerned; told++) {
      const waiter = this.#waiters.at(coming);
      if (waiter === null) break;
      this.#waiters.remove(waiter);
      this.#fail(waiter, asPoolError(error));
    }
    this.#pump(nowMs);
  }

  #check(held: Held<T>): void {
    const abort = new AbortController();
    held.place = "checking";
    this.#checking++;
    this.#counters.checks++;
    const settle = (works: boolean): void => {
      timer.cancel();
      if (abort.signal.aborted) return;
      abort.abort();
      this.#checked(held, works);
    };
    const timer = this.#env.clock.after(this.options.checkTimeoutMs, () => settle(false));
    const asked = async (): Promise<boolean> => (await this.#resource.check?.(held.value, abort.signal)) === true;
    asked().then(settle, () => settle(false));
  }

  #checked(held: Held<T>, works: boolean): void {
    // It was lost, or the pool was closed, while it was asked.
    if (held.place !== "checking") return;
    const nowMs = this.#env.clock.monoMs();
    this.#checking--;
    held.place = "idle";
    if (works) {
      held.spokeMs = nowMs;
      this.#place(held, this.#unfit(held, nowMs), nowMs);
      return;
    }
    // What made this one fail may have met all: they are asked together, so that nobody waits for one after the other.
    const suspects = this.#idle.filter(({ spokeMs }) => nowMs - spokeMs >= this.#checkAfterMs);
    for (const suspect of suspects) {
      this.#idle.splice(this.#idle.indexOf(suspect), 1);
      this.#check(suspect);
    }
    this.#place(held, "check_failed", nowMs);
  }

  /** Ends one that is in no list any more. */
  #end(held: Held<T>, end: PoolEnd): void {
    this.#forget(held, end);
    this.#tell(() => this.#resource.close(held.value, end));
  }

  #forget(held: Held<T>, end: PoolEnd): void {
    if (held.place === "checking") this.#checking--;
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
    if (this.#waiters.size === 0) this.#disarm();
    if (this.#phase === "open" || this.#waiters.size > 0) return;
    if (this.#idle.length > 0) this.#endIdle();
    if (this.#held.size > 0 || this.#openings.size > 0) return;
    this.#sweeper.stop();
    const resolved = this.#whenEmpty;
    this.#whenEmpty = [];
    for (const resolve of resolved) resolve();
  }

  /** Nobody waits: no timer keeps the process for them. */
  #disarm(): void {
    this.#deadline?.cancel();
    this.#deadline = null;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#retry?.cancel();
    this.#retry = null;
  }

  #armDeadline(untilMs: number, nowMs: number): void {
    if (untilMs >= this.#deadlineMs) return;
    this.#deadline?.cancel();
    this.#deadlineMs = untilMs;
    this.#deadline = this.#env.clock.after(Math.ceil(untilMs - nowMs), () => this.#deadlineOver());
  }

  #deadlineOver(): void {
    const nowMs = this.#env.clock.monoMs();
    this.#deadline = null;
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    for (const waiter of this.#waiters.takeDue(nowMs)) {
      this.#counters.timedOut++;
      waiter.forget();
      const { lastError } = this.#backoff;
      const text = `No connection within ${Math.round(nowMs - waiter.sinceMs)} ms: ${this.#whoHolds(nowMs)}`;
      waiter.reject(new PoolError("acquire_timeout", text, lastError === null ? {} : { cause: lastError }));
    }
    const nextMs = this.#waiters.nextDueMs();
    if (nextMs !== Number.POSITIVE_INFINITY) this.#armDeadline(nextMs, nowMs);
    this.#settle();
  }

  #whoHolds(nowMs: number): string {
    const lent = [...this.#held.values()].filter(({ place }) => place === "lent");
    return whoHolds({
      max: this.#max,
      lent: lent.map(({ lentMs, stack }) => ({ heldMs: nowMs - lentMs, stack })),
      checking: this.#checking,
      opening: this.#openings.size,
      waiting: this.#waiters.size,
      lastError: this.#backoff.lastError,
    });
  }

  #longestLentMs(nowMs: number): number {
    let longestMs = 0;
    for (const { place, lentMs } of this.#held.values()) if (place === "lent") longestMs = Math.max(longestMs, nowMs - lentMs);
    return longestMs;
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
    if (this.#looksForLeaks) nextMs = Math.min(nextMs, this.#tellLeaks(nowMs));
    this.#settle();
    return nextMs;
  }

  #tellLeaks(nowMs: number): number {
    const leakMs = this.options.leakMs as number;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const held of this.#held.values()) {
      if (held.place !== "lent" || held.leakTold) continue;
      const heldMs = nowMs - held.lentMs;
      if (heldMs < leakMs) nextMs = Math.min(nextMs, held.lentMs + leakMs);
      else {
        held.leakTold = true;
        this.#counters.leaks++;
        this.#tell(() => this.#events.leaked?.({ value: held.value, connection: held.connection, heldMs, stack: held.stack ?? "" }));
      }
    }
    return nextMs;
  }
}

/** What is a PoolError already says more than this pool could. */
function asPoolError(error: unknown): PoolError {
  if (error instanceof PoolError) return error;
  return new PoolError("connect_failed", error instanceof Error ? error.message : String(error), { cause: error });
}
