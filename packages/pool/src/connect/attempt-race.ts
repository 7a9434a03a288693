/**
 * Happy eyeballs (RFC 8305, section 5): addresses are tried one after the other, the next beside the last one when that is slow and at
 * once when it failed; the first that answers wins and the others are ended. It never leaves an attempt behind.
 */
import type { Clock, Timer } from "@holdfast/protocol";
import type { Address } from "./connector.ts";

/** An attempt that is under way. */
export interface Attempt {
  /** Ends it; it reports nothing any more. */
  abandon(): void;
}

/** Starts an attempt. Exactly one of the two is called, later and once, unless it is abandoned. */
export type Dial<T> = (address: Address, won: (value: T) => void, failed: (error: Error) => void) => Attempt;

/** What a race reports, once. */
export interface RaceResult<T> {
  won(value: T, address: Address): void;
  /** Every attempt failed: one error for each address, in order of failure. */
  lost(errors: readonly Error[]): void;
}

export class AttemptRace<T> {
  readonly #addresses: readonly Address[];
  readonly #dial: Dial<T>;
  readonly #delayMs: number;
  readonly #clock: Clock;
  readonly #result: RaceResult<T>;
  readonly #running = new Set<Attempt>();
  readonly #errors: Error[] = [];
  #next = 0;
  #timer: Timer | null = null;
  #over = false;

  constructor(addresses: readonly Address[], dial: Dial<T>, delayMs: number, clock: Clock, result: RaceResult<T>) {
    this.#addresses = addresses;
    this.#dial = dial;
    this.#delayMs = delayMs;
    this.#clock = clock;
    this.#result = result;
  }

  start(): void {
    this.#tryNext();
  }

  /** Gives up: nothing is reported. */
  abandon(): void {
    this.#over = true;
    this.#timer?.cancel();
    for (const attempt of this.#running) attempt.abandon();
    this.#running.clear();
  }

  #tryNext(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const address = this.#addresses[this.#next];
    if (address === undefined || this.#over) return;
    this.#next++;
    const attempt = this.#dial(
      address,
      (value) => {
        if (this.#over) return;
        this.#running.delete(attempt);
        this.abandon();
        this.#result.won(value, address);
      },
      (error) => {
        if (this.#over) return;
        this.#running.delete(attempt);
        this.#errors.push(error);
        if (this.#next < this.#addresses.length) this.#tryNext();
        else if (this.#running.size === 0) {
          this.#over = true;
          this.#result.lost(this.#errors);
        }
      },
    );
    this.#running.add(attempt);
    if (this.#next < this.#addresses.length) this.#timer = this.#clock.after(this.#delayMs, () => this.#tryNext());
  }
}
