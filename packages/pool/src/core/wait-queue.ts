/**
 * Who waits, in the order in which they came; each until it is served, its time is over, or it takes its call back. Joining, leaving from
 * anywhere and taking the first cost the same however many wait; one timer serves all. It never changes the order.
 */
import type { Clock, Timer } from "@holdfast/protocol";
import type { Asker, Waiting } from "./asker.ts";

/** One who waits: an object and nothing else, since there is one for each call beyond the maximum. */
export class Waiter<T> implements Waiting {
  readonly asker: Asker<T>;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Where it asked; only where leaks are looked for. */
  readonly stack: string | null;
  next: Waiter<T> | null = null;
  previous: Waiter<T> | null = null;
  waits = false;
  readonly #queue: WaitQueue<T>;

  constructor(queue: WaitQueue<T>, asker: Asker<T>, sinceMs: number, timeoutMs: number, stack: string | null) {
    this.#queue = queue;
    this.asker = asker;
    this.sinceMs = sinceMs;
    this.untilMs = sinceMs + timeoutMs;
    this.stack = stack;
  }

  abort(reason: unknown): void {
    this.#queue.leave(this, reason);
  }
}

export interface WaitHooks<T> {
  /** The time of one is over; it has left the queue. */
  readonly timedOut: (waiter: Waiter<T>, nowMs: number) => void;
  /** One has taken its call back; it has left the queue. */
  readonly aborted: (waiter: Waiter<T>, reason: unknown) => void;
}

export class WaitQueue<T> {
  readonly #clock: Clock;
  readonly #hooks: WaitHooks<T>;
  #first: Waiter<T> | null = null;
  #last: Waiter<T> | null = null;
  #size = 0;
  #timer: Timer | null = null;
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, hooks: WaitHooks<T>) {
    this.#clock = clock;
    this.#hooks = hooks;
  }

  get size(): number {
    return this.#size;
  }

  get first(): Waiter<T> | null {
    return this.#first;
  }

  push(waiter: Waiter<T>): void {
    waiter.waits = true;
    waiter.previous = this.#last;
    if (this.#last === null) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
    this.#size++;
    this.#arm(waiter.untilMs, waiter.sinceMs);
  }

  /** One who does not wait (any more) has nothing to leave. */
  leave(waiter: Waiter<T>, reason: unknown): void {
    if (this.#remove(waiter)) this.#hooks.aborted(waiter, reason);
  }

  /** Takes the one before whom `place` others wait; null: there are not so many. */
  take(place = 0): Waiter<T> | null {
    let waiter = this.#first;
    for (let i = 0; i < place && waiter !== null; i++) waiter = waiter.next;
    if (waiter !== null) this.#remove(waiter);
    return waiter;
  }

  #remove(waiter: Waiter<T>): boolean {
    if (!waiter.waits) return false;
    waiter.waits = false;
    if (waiter.previous === null) this.#first = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === null) this.#last = waiter.previous;
    else waiter.next.previous = waiter.previous;
    waiter.next = null;
    waiter.previous = null;
    this.#size--;
    if (this.#size === 0) this.#disarm();
    return true;
  }

  #arm(untilMs: number, nowMs: number): void {
    if (untilMs >= this.#dueMs) return;
    this.#disarm();
    this.#dueMs = untilMs;
    this.#timer = this.#clock.after(Math.ceil(untilMs - nowMs), () => this.#due());
  }

  /** Nobody waits: no timer keeps the process for them. */
  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  #due(): void {
    const nowMs = this.#clock.monoMs();
    this.#disarm();
    const due: Waiter<T>[] = [];
    for (let waiter = this.#first; waiter !== null; waiter = waiter.next) if (waiter.untilMs <= nowMs) due.push(waiter);
    // Told while they are all still there, they would hear that others wait who do not.
    for (const waiter of due) this.#remove(waiter);
    for (const waiter of due) this.#hooks.timedOut(waiter, nowMs);
    for (let waiter = this.#first; waiter !== null; waiter = waiter.next) this.#arm(waiter.untilMs, nowMs);
  }
}
