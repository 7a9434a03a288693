/**
 * A process on a machine of the simulated world: its own clocks, its own randomness, its own fate. It can be frozen (it runs nothing,
 * its clocks go on), put to sleep (its monotonic clock stands still as well), have its wall clock set, and be killed: then
 * nothing of it runs ever again.
 */
import type { Env, Timer } from "@holdfast/protocol";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** Wall time at the start of every run: an arbitrary moment, the same for all seeds. */
const wallStartMs = 1_800_000_000_000;
/** Timers are never exact: without this a sum of fractions could fall short of a deadline by its last bit, and be armed again for ever. */
const timerLateMs = 0.01;
/** The longest that a turn of the event loop takes to come. */
const soonMsMax = 0.05;

export class SimProcess {
  readonly name: string;
  readonly env: Env;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  #alive = true;
  #frozenUntilMs = 0;
  #sleptMs = 0;
  #wallShiftMs = 0;
  #soonMs = 0;
  readonly #waiting: (() => void)[] = [];
  #isEntering = false;

  constructor(name: string, scheduler: Scheduler, random: Random) {
    this.name = name;
    this.#scheduler = scheduler;
    this.#random = random;
    this.env = {
      clock: { monoMs: () => this.monoMs, wallMs: () => this.wallMs, after: (delayMs, call) => this.#after(delayMs, call) },
      rng: random.fork("env"),
      soon: (call) => this.#soon(call),
    };
  }

  get alive(): boolean {
    return this.#alive;
  }
  get monoMs(): number {
    return this.#scheduler.nowMs - this.#sleptMs;
  }
  get wallMs(): number {
    return Math.floor(wallStartMs + this.#scheduler.nowMs + this.#wallShiftMs);
  }
  /** Whether it runs nothing now, or has yet to run what came while it did not. */
  get frozen(): boolean {
    return !this.#isEntering && (this.#scheduler.nowMs < this.#frozenUntilMs || this.#waiting.length > 0);
  }

  /** Nothing of this process runs any more. */
  kill(): void {
    this.#alive = false;
  }

  /** Stops it for a while, as SIGSTOP or a long garbage collection would; what was due meanwhile runs late. */
  freeze(ms: number): void {
    this.#frozenUntilMs = Math.max(this.#frozenUntilMs, this.#scheduler.nowMs + ms);
  }

  /** Suspends the machine: nothing runs, and its monotonic clock stands still. */
  sleep(ms: number): void {
    if (this.frozen) return;
    this.freeze(ms);
    this.#sleptMs += ms;
  }

  /** Sets the wall clock forward or back. */
  shiftWall(ms: number): void {
    this.#wallShiftMs += ms;
  }

  /** Runs `call` in this process: now, or when it is thawed, in the order of the calls; never when it is dead. */
  enter(call: () => void): void {
    if (!this.#alive) return;
    if (!this.frozen) return call();
    this.#waiting.push(call);
    if (this.#waiting.length === 1) this.#scheduler.at(this.#frozenUntilMs, () => this.#thaw());
  }

  /** Runs what waits, one call at a time, in the order in which it came. */
  #thaw(): void {
    if (!this.#alive) return;
    if (this.#scheduler.nowMs >= this.#frozenUntilMs) {
      const call = this.#waiting.shift();
      this.#isEntering = true;
      call?.();
      this.#isEntering = false;
    }
    if (this.#waiting.length > 0) this.#scheduler.at(this.#frozenUntilMs, () => this.#thaw());
  }

  /** Runs `call` in this process after a delay of real time. */
  later(delayMs: number, call: () => void): void {
    this.#scheduler.after(delayMs, () => this.enter(call));
  }

  #after(delayMs: number, call: () => void): Timer {
    const dueMonoMs = this.monoMs + Math.max(0, delayMs);
    let cancelled = false;
    const fire = (): void => {
      if (cancelled || !this.#alive) return;
      if (this.frozen) return this.enter(fire);
      const earlyMs = dueMonoMs - this.monoMs;
      if (earlyMs > 0) {
        this.#scheduler.after(earlyMs + timerLateMs, fire);
        return;
      }
      call();
    };
    this.#scheduler.after(Math.max(0, delayMs) + timerLateMs, fire);
    return {
      cancel: () => {
        cancelled = true;
      },
    };
  }

  /** Calls keep their order: a turn comes after the turns asked for before. */
  #soon(call: () => void): void {
    this.#soonMs = Math.max(this.#soonMs, this.#scheduler.nowMs) + this.#random.fraction() * soonMsMax;
    this.#scheduler.at(this.#soonMs, () => this.enter(call));
  }
}
