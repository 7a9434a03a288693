/**
 * Requests and failures of the last so many ms, counted in steps: what is old leaves a tenth of the window at a time. Pure.
 */

const steps = 10;

export class FailureWindow {
  readonly #stepMs: number;
  readonly #requests = new Uint32Array(steps);
  readonly #failed = new Uint32Array(steps);
  /** The number of the present step. */
  #step = Number.NEGATIVE_INFINITY;
  requests = 0;
  failed = 0;

  constructor(windowMs: number) {
    this.#stepMs = windowMs / steps;
  }

  count(isFailure: boolean, nowMs: number): void {
    this.#advance(Math.floor(nowMs / this.#stepMs));
    const at = this.#at(this.#step);
    this.#add(this.#requests, at, 1);
    this.requests++;
    if (!isFailure) return;
    this.#add(this.#failed, at, 1);
    this.failed++;
  }

  clear(): void {
    this.#requests.fill(0);
    this.#failed.fill(0);
    this.requests = 0;
    this.failed = 0;
  }

  #advance(step: number): void {
    if (step <= this.#step) return;
    if (step - this.#step >= steps) this.clear();
    else for (let each = this.#step + 1; each <= step; each++) this.#forget(this.#at(each));
    this.#step = step;
  }

  #forget(at: number): void {
    this.requests -= this.#requests[at] as number;
    this.failed -= this.#failed[at] as number;
    this.#requests[at] = 0;
    this.#failed[at] = 0;
  }

  #add(to: Uint32Array, at: number, count: number): void {
    to[at] = (to[at] as number) + count;
  }

  #at(step: number): number {
    return ((step % steps) + steps) % steps;
  }
}
