/**
 * Who waits, in the order in which they came. Joining, leaving from anywhere and taking the first cost the same however many wait; it never
 * changes the order.
 */

/** One who waits. `next` and `previous` belong to the queue. */
export interface Waiter<L> {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Where it asked; only where leaks are looked for. */
  readonly stack: string | null;
  readonly resolve: (lease: L) => void;
  readonly reject: (error: unknown) => void;
  /** Stops listening to the caller's signal. */
  readonly forget: () => void;
  next: Waiter<L> | null;
  previous: Waiter<L> | null;
  waits: boolean;
}

export class WaitQueue<L> {
  #first: Waiter<L> | null = null;
  #last: Waiter<L> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): Waiter<L> | null {
    return this.#first;
  }

  push(waiter: Waiter<L>): void {
    waiter.previous = this.#last;
    if (this.#last === null) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
    this.#size++;
  }

  /** Takes the first. */
  shift(): Waiter<L> | null {
    const first = this.#first;
    if (first !== null) this.remove(first);
    return first;
  }

  /** False: it had left already. */
  remove(waiter: Waiter<L>): boolean {
    if (!waiter.waits) return false;
    waiter.waits = false;
    if (waiter.previous === null) this.#first = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === null) this.#last = waiter.previous;
    else waiter.next.previous = waiter.previous;
    waiter.next = null;
    waiter.previous = null;
    this.#size--;
    return true;
  }

  /** The one before whom `place` others wait, or null. */
  at(place: number): Waiter<L> | null {
    let waiter = this.#first;
    for (let i = 0; i < place && waiter !== null; i++) waiter = waiter.next;
    return waiter;
  }

  /** Takes all whose time is over, first come first. */
  takeDue(nowMs: number): Waiter<L>[] {
    const due: Waiter<L>[] = [];
    for (let waiter = this.#first; waiter !== null; waiter = waiter.next) if (waiter.untilMs <= nowMs) due.push(waiter);
    for (const waiter of due) this.remove(waiter);
    return due;
  }

  /** When the next one's time is over; `Infinity` when nobody waits. */
  nextDueMs(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (let waiter = this.#first; waiter !== null; waiter = waiter.next) dueMs = Math.min(dueMs, waiter.untilMs);
    return dueMs;
  }
}
