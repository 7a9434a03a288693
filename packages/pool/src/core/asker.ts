/**
 * Who asks a pool for a connection and is told by a call, and the promise made of that. Nothing here knows when anybody is served.
 */
import type { Lease } from "./resource.ts";

/**
 * Told exactly once what became of a call, from within whatever freed, opened or ended a connection. What it throws is an uncaught exception:
 * no other caller hears of it.
 */
export interface Asker<T> {
  lent(lease: Lease<T>): void;
  refused(error: unknown): void;
}

/** A call that waits. */
export interface Waiting {
  /** Takes it back: it is refused with `reason` at once. What does not wait any more cannot be taken back. */
  abort(reason: unknown): void;
}

/** A call with a promise, and with a signal where it has one. */
export class PromisedCall<T> implements Asker<T> {
  readonly #resolve: (lease: Lease<T>) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  #waiting: Waiting | null = null;

  constructor(resolve: (lease: Lease<T>) => void, reject: (error: unknown) => void, signal: AbortSignal | undefined) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
  }

  waits(waiting: Waiting): void {
    if (this.#signal === undefined) return;
    this.#waiting = waiting;
    this.#signal.addEventListener("abort", this, { once: true });
  }

  /** The signal was aborted. */
  handleEvent(): void {
    this.#waiting?.abort(this.#signal?.reason);
  }

  lent(lease: Lease<T>): void {
    this.#signal?.removeEventListener("abort", this);
    this.#resolve(lease);
  }

  refused(error: unknown): void {
    this.#signal?.removeEventListener("abort", this);
    this.#reject(error);
  }
}
