/**
 * How fast new connections are taken: so many in any second, wherever it begins, and for each refusal a slot of its own in the future.
 * Whoever comes back at its slot finds room, so that a herd is spread instead of turned away again and again. Pure.
 *
 * A bucket of tokens would either let twice the rate into one second (a full bucket, and what flows in meanwhile) or, with a small bucket,
 * refuse most of what comes in bunches, as it does when a machine is busy. So what was taken is counted in steps of time instead.
 */

export interface Admitted {
  readonly ok: true;
}
export interface Later {
  readonly ok: false;
  /** When to come again. */
  readonly afterMs: number;
}

const windowMs = 1_000;
const stepMs = 50;
/** A step more than the window has: the step of now has only begun, and so the oldest counts until all of it is out of the window. */
const steps = windowMs / stepMs + 1;
/** Slots reach no further: whoever is told a longer time does not wait for it. */
const slotMsMax = 60_000;

export class Admission {
  readonly #perSecond: number;
  /** Taken in each step, in a ring. */
  readonly #taken = new Uint32Array(steps);
  #sum = 0;
  /** The number of the present step. */
  #step: number;
  /** When the last slot begins that somebody was promised. */
  #slotMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#step = Math.floor(nowMs / stepMs);
    this.#slotMs = nowMs;
  }

  ask(nowMs: number): Admitted | Later {
    this.#advance(Math.floor(nowMs / stepMs));
    if (this.#sum < this.#perSecond) {
      this.#sum++;
      this.#add(this.#step % steps, 1);
      return { ok: true };
    }
    this.#slotMs = Math.min(Math.max(this.#slotMs + windowMs / this.#perSecond, this.#roomMs()), nowMs + slotMsMax);
    return { ok: false, afterMs: Math.ceil(this.#slotMs - nowMs) };
  }

  #advance(step: number): void {
    const passed = Math.min(step - this.#step, steps);
    for (let i = 1; i <= passed; i++) {
      const at = (this.#step + i) % steps;
      const left = this.#taken[at] as number;
      this.#sum -= left;
      this.#add(at, -left);
    }
    if (step > this.#step) this.#step = step;
  }

  #add(at: number, count: number): void {
    this.#taken[at] = (this.#taken[at] as number) + count;
  }

  /** When the oldest step that holds something leaves the window. */
  #roomMs(): number {
    for (let age = steps - 1; age >= 0; age--) {
      const step = this.#step - age;
      if ((this.#taken[((step % steps) + steps) % steps] as number) > 0) return (step + steps) * stepMs;
    }
    return this.#step * stepMs;
  }
}
