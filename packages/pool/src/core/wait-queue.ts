/**
 * Who waits, in the order in which they came; each until it is served, its time is over, or its signal is aborted. Joining, leaving from
 * anywhere and taking the first cost the same however many wait; one timer serves all. It never changes the order.
 */
import type { Clock, Timer } from "@holdfast/protocol";

/** What somebody who waits brings along. */
export interface Wait<L> {
  readonly sinceMs: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Where it asked; only where leaks are looked for. */
  readonly stack: string | null;
  readonly resolve: (lease: L) => void;
  readonly reject: (error: unknown) => void;
}

export interface Waiter<L> extends Wait<L> {
  readonly untilMs: number;
  readonly left: () => void;
  next: Waiter<L> | null;
  previous: Waiter<L> | null;
  waits: boolean;
}

export interface WaitHooks<L> {
  /** The time of one is over; it has left the queue. */
  readonly timedOut: (waiter: Waiter<L>, nowMs: number) => void;
  /** The signal of one was aborted; it has left the queue. */
  readonly aborted: (waiter: Waiter<L>) => void;
}

export class WaitQueue<L> {
  readonly #clock: Clock;
  readonly #hooks: WaitHooks<L>;
  #first: Waiter<L> | null = null;
  #last: Waiter<L> | null = null;
  #size = 0;
  #timer: Timer | null = null;
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, hooks: WaitHooks<L>) {
    this.#clock = clock;
    this.#hooks = hooks;
  }

  get size(): number {
    return this.#size;
  }

  get first(): Waiter<L> | null {
    return this.#first;
  }

  push(wait: Wait<L>): void {
    const left = (): void => {
      if (this.#remove(waiter)) this.#hooks.aborted(waiter);
    };
    const waiter: Waiter<L> = { ...wait, untilMs: wait.sinceMs + wait.timeoutMs, left, next: null, previous: this.#last, waits: true };
    if (this.#last === null) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
    this.#size++;
    wait.signal?.addEventListener("abort", left, { once: true });
    this.#arm(waiter.untilMs, wait.sinceMs);
  }

  /** Takes the one before whom `place` others wait; null: there are not so many. */
  take(place = 0): Waiter<L> | null {
    let waiter = this.#first;
    for (let i = 0; i < place && waiter !== null; i++) waiter = waiter.next;
    if (waiter !== null) this.#remove(waiter);
    return waiter;
  }

  #remove(waiter: Waiter<L>): boolean {
    if (!waiter.waits) return false;
    waiter.waits = false;
    waiter.signal?.removeEventListener("abort", waiter.left);
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
    const due: Waiter<L>[] = [];
    for (let waiter = this.#first; waiter !== null; waiter = waiter.next) if (waiter.untilMs <= nowMs) due.push(waiter);
    // Told while they are all still there, they would hear that others wait who do not.
    for (const waiter of due) this.#remove(waiter);
    for (const waiter of due) this.#hooks.timedOut(waiter, nowMs);
    for (let waiter = this.#first; waiter !== null; waiter = waiter.next) this.#arm(waiter.untilMs, nowMs);
  }
}
