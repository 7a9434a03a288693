/**
 * One connection of a pool, and the lease by which it is lent. Data and arithmetic; what is done with it, the pool decides.
 */
import type { PoolEnd } from "../ends.ts";
import { expiredBy, type Limits, reusableUntilMs, type Use } from "../expiry.ts";
import { PoolError } from "../pool-error.ts";
import type { Lease } from "./resource.ts";

/** Where a connection is. It is in exactly one place, and never comes back from `gone`. */
export type Place = "idle" | "lent" | "checking" | "gone";

export class Held<T> implements Use {
  readonly value: T;
  readonly connection: number;
  readonly openedMs: number;
  readonly limits: Limits;
  place: Place = "idle";
  uses = 0;
  keepMs: number | null = null;
  /** When it came free, or was opened. */
  idleSinceMs: number;
  /** When it was last known to work. */
  spokeMs: number;
  reusableUntilMs: number;
  lentMs = 0;
  /** Where it was borrowed; only where leaks are looked for. */
  stack: string | null = null;
  leakTold = false;

  constructor(value: T, connection: number, nowMs: number, limits: Limits) {
    this.value = value;
    this.connection = connection;
    this.limits = limits;
    this.openedMs = nowMs;
    this.idleSinceMs = nowMs;
    this.spokeMs = nowMs;
    this.reusableUntilMs = reusableUntilMs(this, limits);
  }

  /** It comes free. */
  rest(nowMs: number): void {
    this.place = "idle";
    this.stack = null;
    this.idleSinceMs = nowMs;
    this.spokeMs = nowMs;
    this.reusableUntilMs = reusableUntilMs(this, this.limits);
  }

  expiredBy(nowMs: number): PoolEnd | null {
    return expiredBy(this, this.limits, nowMs);
  }
}

/** Who takes leases back. */
export interface Lender<T> {
  takeBack(held: Held<T>, end: PoolEnd | undefined): void;
}

export class HeldLease<T> implements Lease<T> {
  readonly value: T;
  readonly reused: boolean;
  readonly uses: number;
  readonly #held: Held<T>;
  readonly #lender: Lender<T>;
  #over = false;

  constructor(held: Held<T>, lender: Lender<T>) {
    this.#held = held;
    this.#lender = lender;
    this.value = held.value;
    this.uses = held.uses;
    this.reused = held.uses > 1;
  }

  get connection(): number {
    return this.#held.connection;
  }

  keepFor(ms: number): void {
    if (!this.#over) this.#held.keepMs = ms;
  }

  release(end?: PoolEnd): void {
    if (this.#over) throw new PoolError("released_twice", `Connection ${this.#held.connection} was given back before: somebody else may have it now`);
    this.#over = true;
    this.#lender.takeBack(this.#held, end);
  }
}
