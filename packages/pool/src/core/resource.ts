/**
 * The seam between a pool and what it holds: how to make one, how to end one, and what a borrower gets. Types only.
 */
import type { PoolEnd } from "../ends.ts";

/** How to make and end what the pool holds. */
export interface Resource<T> {
  /** Makes one. MUST settle soon after its signal is aborted: until then it takes a place of the pool's maximum. Each value is a new one. */
  open(signal: AbortSignal): Promise<T>;
  /**
   * Begins the end of one that the pool lets go of. MUST NOT throw. With a promise it keeps its place of the maximum until that has settled:
   * right where the other side counts (databases), since it may learn of the end after it has met the next one. Not called for what was reported by `lost`.
   */
  close(value: T, end: PoolEnd): void | Promise<void>;
  /** Whether it still works; asked before it is lent, only after `checkAfterIdleMs` of silence. A rejection means no. */
  check?(value: T, signal: AbortSignal): Promise<boolean>;
}

/** A connection that is lent. Whoever has it gives it back exactly once. */
export interface Lease<T> {
  readonly value: T;
  /** It was used before: no DNS, TCP, TLS. */
  readonly reused: boolean;
  /** How often it was lent, this time included. */
  readonly uses: number;
  /** Numbers the connections of the pool, from 1. */
  readonly connection: number;
  /** For how long it may be used again after it is given back: what the server said, less a margin. Holds until it is called again. */
  keepFor(ms: number): void;
  /** Gives it back; with an end: it is not used again, and is closed. A second time is an error that says so. */
  release(end?: PoolEnd): void;
}

/** A connection that ended, as the pool tells it. */
export interface EndedConnection<T> {
  readonly value: T;
  readonly connection: number;
  readonly end: PoolEnd;
  readonly ageMs: number;
  readonly uses: number;
}

/** A connection that has been lent for longer than `leakMs`. */
export interface Leak<T> {
  readonly value: T;
  readonly connection: number;
  readonly heldMs: number;
  /** Where it was borrowed. */
  readonly stack: string;
}

/** What a pool tells as it happens. Calls must not throw. */
export interface PoolEvents<T> {
  readonly opened?: (value: T, connection: number) => void;
  /** Exactly once for each that was opened. */
  readonly ended?: (ended: EndedConnection<T>) => void;
  readonly openFailed?: (error: unknown) => void;
  readonly leaked?: (leak: Leak<T>) => void;
}
