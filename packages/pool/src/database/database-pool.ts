/**
 * A pool of database connections of any driver: the generic pool, under places that are free only when the server has let go of them.
 * It can be resized while it works, and lends its budget a connection before all who wait. It never has more than its maximum open,
 * opening or closing.
 *
 *     acquire --> Pool<T> --open--> Room --place--> driver --socket closed--> place free
 */
import { type Ask, type Lease, Pool, type PoolEvents, type PoolStats } from "../core/index.ts";
import type { PoolEnd } from "../ends.ts";
import type { PoolEnv } from "../pool-env.ts";
import { coreOptions, type DatabasePoolOptions } from "./options.ts";
import { Room } from "./room.ts";

/** What a driver has to do. */
export interface Driver<T> {
  /** Opens one. Calls `gone` once, when its socket is closed, whether it was ever opened or not. Settles soon after the signal is aborted. */
  open(signal: AbortSignal, gone: () => void): Promise<T>;
  /** Begins its end, in order where that is possible, and calls `gone` of it within `closeMs`. Never throws. */
  end(value: T): void;
  /** Whether it still answers. */
  check(value: T, signal: AbortSignal): Promise<boolean>;
}

/** Who wants a connection before all who wait. */
interface Control<T> {
  readonly take: (lease: Lease<T>) => void;
}

export interface DatabaseStats extends PoolStats {
  /** Open, opening or closing: what the server counts. */
  readonly held: number;
}

/** How badly a pool wants connections. */
export interface DatabasePressure {
  readonly used: number;
  readonly waiting: number;
  readonly waitP95Ms: number;
}

export class DatabasePool<T> {
  readonly options: DatabasePoolOptions;
  readonly #pool: Pool<T>;
  readonly #room: Room;
  readonly #controls: Control<T>[] = [];
  /** For how long the server keeps what is idle, less a margin; null: it has not said so. */
  #keepMs: number | null = null;

  constructor(driver: Driver<T>, options: DatabasePoolOptions, env: PoolEnv, events: PoolEvents<T> = {}) {
    this.options = options;
    this.#room = new Room(options.max);
    const open = async (signal: AbortSignal): Promise<T> => driver.open(signal, await this.#room.enter(signal));
    const close = (value: T): void => driver.end(value);
    this.#pool = new Pool<T>({ open, close, check: (value, signal) => driver.check(value, signal) }, coreOptions(options), env, events);
  }

  get max(): number {
    return this.#pool.max;
  }

  tryAcquire(): Lease<T> | null {
    return this.#pool.tryAcquire();
  }

  acquire(ask?: Ask): Promise<Lease<T>> {
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

  /** Before a connection is opened, `mayOpen` is asked. While it says no, who waits goes on waiting; `resize` makes it be asked again. */
  askBeforeOpening(mayOpen: () => boolean): void {
    this.#room.askFirst(mayOpen);
  }

  pressure(): DatabasePressure {
    const { lent, waiting, waitP95Ms } = this.#pool.stats();
    return { used: lent, waiting, waitP95Ms: Math.min(waitP95Ms ?? 0, this.options.acquireTimeoutMs) };
  }

  /** A connection for the budget: the next that comes free or is opened. */
  control(signal: AbortSignal): Promise<Lease<T>> {
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
          leave();
          reject(error);
        },
      );
    });
  }

  stats(): DatabaseStats {
    return { ...this.#pool.stats(), held: this.#room.held };
  }

  /** Takes no more calls; resolves when every connection has come back and its socket is closed. */
  async drain(): Promise<void> {
    await this.#pool.drain();
    await this.#room.emptied();
  }

  /** Ends everything at once, under its borrowers too. */
  async close(): Promise<void> {
    await this.#pool.close();
    await this.#room.emptied();
  }
}
