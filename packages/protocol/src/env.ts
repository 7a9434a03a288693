/**
 * The world as Holdfast's code sees it: a clock, randomness and a turn of the event loop.
 * Types only. Nothing outside an `adapters/` folder may reach the ambient ones; the simulator supplies its own.
 */

/** A pending call that can be taken back. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Time. Durations and deadlines use `monoMs`; only what is shown to people or compared between machines uses `wallMs`. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. It may stand still while a machine sleeps. */
  monoMs(): number;
  /** Milliseconds since 1970-01-01 UTC; may jump in either direction. */
  wallMs(): number;
  /** Runs `call` once, not before `delayMs` have passed (0 or more). */
  after(delayMs: number, call: () => void): Timer;
}

/** Randomness: unpredictable in production, seeded in the simulator. */
export interface Rng {
  /** A whole number in [0, 2^32). */
  u32(): number;
}

/** Everything ambient that a pure part of Holdfast may use. */
export interface Env {
  readonly clock: Clock;
  readonly rng: Rng;
  /** Runs `call` in a later turn of the event loop, after input and output that is ready now has had its chance. */
  soon(call: () => void): void;
}

/** A fraction in [0, 1). */
export function randomFraction(rng: Rng): number {
  return rng.u32() / 0x1_0000_0000;
}

/** A random id of `length` characters: 5 bits each, as digits of base 32 (RFC 4648, section 7, in lower case). */
export function randomId(rng: Rng, length: number): string {
  let id = "";
  for (let i = 0; i < length; i++) id += (rng.u32() & 31).toString(32);
  return id;
}
