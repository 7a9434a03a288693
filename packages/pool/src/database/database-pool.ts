/**
 * A pool of database connections of any driver: the generic pool, under places that are free only when the server has let go of them.
 * It can be resized while it works, and lends its budget a connection before all who wait. It never has more than its maximum open,
 * opening or closing.
 *
 *     acquire --> Pool<T> --open--> Room --place--> driver --socket closed--> place free
 */
import type { Budgeted, Pressure, Query } from "../budget/seam.ts";
import { type Ask, type Lease, Pool, type PoolEvents, type PoolStats } from "../core/index.ts";
import type { PoolEnd } from "../ends.ts";
import type { PoolEnv } from "../pool-env.ts";
import { PoolError } from "../pool-error.ts";
import type { PoolBudget } from "./budget.ts";
import { coreOptions, type DatabasePoolOptions } from "./options.ts";
import { isAnswer } from "./outcome.ts";
import { Room } from "./room.ts";

/** What a driver has to do. */
export interface Driver<T> {
  /** Opens one. Calls `gone` once, when its socket is closed, whether it was ever opened or not. Settles soon after the signal is aborted. */
  open(signal: AbortSignal, gone: () => void): Promise<T>;
  /** Begins its end, in order where that is possible, and calls `gone` of it within `closeMs`. Never throws. */
  end(value: T, end: PoolEnd): void;
  /** Whether it still answers. */
  check(value: T, signal: AbortSignal): Promise<boolean>;
  /** Statements over it. */
  query(value: T): Query;
}

/** Who wants a connection before all who wait. */
interface Control<T> {
  readonly take: (lease: Lease<T>) => void;
}

export interface DatabaseStats extends PoolStats {
  /** Open, opening or closing: what the server counts. */
  readonly held: number;
}

export class DatabasePool<T> implements Budgeted {
  readonly options: DatabasePoolOptions;
  readonly #driver: Driver<T>;
  readonly #budget: PoolBudget | null;
  readonly #env: PoolEnv;
  readonly #pool: Pool<T>;
  readonly #room: Room;
  readonly #controls: Control<T>[] = [];
  /** For how long the server keeps what is idle, less a margin; null: it has not said so. */
  #keepMs: number | null = null;
  #leaving: Promise<void> | null = null;

  constructor(driver: Driver<T>, options: DatabasePoolOptions, env: PoolEnv, { budget = null, ...events }: DatabasePoolParts<T> = {}) {
    this.options = options;
    this.#driver = driver;
    this.#env = env;
    this.#budget = budget;
    this.#room = new Room(options.max);
    const open = (signal: AbortSignal): Promise<T> => this.#open(signal);
    const close = (value: T, end: PoolEnd): void => driver.end(value, end);
    this.#pool = new Pool<T>({ open, close, check: (value, signal) => driver.check(value, signal) }, coreOptions(options), env, events);
    if (budget === null) return;
    this.#room.askFirst(() => budget.mayOpen());
    budget.join(this, options.max);
  }

  get max(): number {
    return this.#pool.max;
  }

  tryAcquire(): Lease<T> | null {
    return this.#leaving === null ? this.#pool.tryAcquire() : null;
  }

  acquire(ask?: Ask): Promise<Lease<T>> {
    if (this.#leaving !== null) return Promise.reject(new PoolError("closed", "The pool is closed"));
    return this.#pool.acquire(ask);
  }

  /** Takes a lease back. A budget that waits gets it before anybody else. */
  giveBack(lease: Lease<T>, end?: PoolEnd): void {
    if (this.#keepMs !== null) lease.keepFor(this.#keepMs);
    const control = end === undefined ? this.#controls.shift() : undefined;
    if (control === undefined) lease.release(end);
    else control.take(lease);
  }

  lost(value: T, end: PoolEnd): void {
    this.#pool.lost(value, end);
  }

  /** What was idle for longer may be gone already. */
  keepIdleFor(ms: number | null): void {
    const { idleMs } = this.options;
    this.#keepMs = ms === null ? null : Math.min(ms, idleMs === "never" ? Number.POSITIVE_INFINITY : idleMs);
  }

  resize(max: number): void {
    this.#pool.resize(max);
    this.#room.resize(max);
  }

  held(): number {
    return this.#room.held;
  }

  pressure(): Pressure {
    const { lent, waiting, waitP95Ms } = this.#pool.stats();
    return { used: lent, waiting, waitP95Ms: Math.min(waitP95Ms ?? 0, this.options.acquireTimeoutMs) };
  }

  async control<R>(run: (query: Query) => Promise<R>, signal: AbortSignal): Promise<R> {
    const lease = await this.#first(signal);
    let over = false;
    const giveBack = (end?: PoolEnd): void => {
      if (over) return;
      over = true;
      signal.removeEventListener("abort", aborted);
      this.giveBack(lease, end);
    };
    // Whoever waits for an answer that does not come gets an error when the connection ends.
    const aborted = (): void => giveBack("caller_broke_it");
    signal.addEventListener("abort", aborted, { once: true });
    try {
      const result = await run(this.#driver.query(lease.value));
      giveBack();
      return result;
    } catch (error) {
      // An answer too: what a borrower has set there (read-only, another role) must not fail the next try as well.
      giveBack("caller_broke_it");
      throw error;
    }
  }

  /** The next connection that comes free or is opened, before all who wait. */
  #first(signal: AbortSignal): Promise<Lease<T>> {
    const idle = this.#pool.tryAcquire();
    if (idle !== null) return Promise.resolve(idle);
    return new Promise((resolve, reject) => {
      const inQueue = new AbortController();
      const leave = (): void => {
        const at = this.#controls.indexOf(control);
        if (at >= 0) this.#controls.splice(at, 1);
        signal.removeEventListener("abort", aborted);
      };
      const aborted = (): void => {
        leave();
        inQueue.abort(signal.reason);
        reject(signal.reason);
      };
      const control: Control<T> = {
        take: (lease) => {
          leave();
          inQueue.abort();
          resolve(lease);
        },
      };
      this.#controls.push(control);
      signal.addEventListener("abort", aborted, { once: true });
      // One that is opened comes by the queue; one that is lent now comes by `giveBack`, past the queue.
      this.#pool.acquire({ signal: inQueue.signal }).then(
        (lease) => {
          if (inQueue.signal.aborted) this.giveBack(lease);
          else control.take(lease);
        },
        (error: unknown) => {
          if (inQueue.signal.aborted) return;
          // The queue of callers is full, or took too long: the next that is given back comes all the same.
          if (error instanceof PoolError && (error.code === "queue_full" || error.code === "acquire_timeout")) return;
          leave();
          reject(error);
        },
      );
    });
  }

  stats(): DatabaseStats {
    return { ...this.#pool.stats(), held: this.#room.held };
  }

  /** Takes no more calls and leaves the budget; resolves when every connection has come back and its socket is closed. */
  drain(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  /** Ends everything at once, under its borrowers too. */
  async close(): Promise<void> {
    await this.#pool.close();
    await this.drain();
  }

  async #leave(): Promise<void> {
    if (this.#budget !== null) {
      // Who waits has come before the end, and needs what is given back. Each of them has its deadline.
      while (this.#pool.stats().waiting > 0) await new Promise<void>((resolve) => this.#env.clock.after(lookMs, resolve));
      await this.#budget.leave();
    }
    await this.#pool.drain();
    await this.#room.emptied();
  }

  /** One that is cut off in the middle of the log-in is tried again: nothing of any caller was sent, and many may wait for it. */
  async #open(signal: AbortSignal): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#openOnce(signal);
      } catch (error) {
        if (signal.aborted || tries === openTriesMax || !wasCut(error)) throw error;
        await new Promise<void>((resolve) => this.#env.clock.after(openPauseMs * tries, resolve));
        if (signal.aborted) throw error;
      }
    }
  }

  async #openOnce(signal: AbortSignal): Promise<T> {
    const value = await this.#driver.open(signal, await this.#room.enter(signal));
    try {
      await this.#budget?.mark(this.#driver.query(value));
    } catch (error) {
      this.#driver.end(value, "caller_broke_it");
      throw error;
    }
    return value;
  }
}

/** What an opening says that was cut off after its log-in. */
export const lostInOpening = "The connection ended while it was being opened";

/** How often an ending pool looks whether somebody still waits. */
const lookMs = 10;
const openTriesMax = 4;
const openPauseMs = 50;

/** Whether an opening was cut off. Answers, refused connections and names that nobody knows come back at once, and stay. */
function wasCut(error: unknown): boolean {
  if (isAnswer(error)) return false;
  const code = (error as { readonly code?: unknown } | null)?.code;
  return code === undefined || code === "ECONNRESET" || code === "EPIPE" || code === "PROTOCOL_CONNECTION_LOST" || code === "connect_failed";
}

/** Beside the driver: what it lives under, and who is told. */
export interface DatabasePoolParts<T> extends PoolEvents<T> {
  readonly budget?: PoolBudget | null;
}
