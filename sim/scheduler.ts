/**
 * Virtual time: a queue of what happens when. Between two events every promise job has run (adapters/turn.ts), so promise code
 * may run in a simulation as long as all of its completions come from here. Events of one moment keep the order of their making.
 */
import { drive } from "./adapters/turn.ts";

/** A planned event. */
export interface Planned {
  cancel(): void;
}

interface Item extends Planned {
  readonly atMs: number;
  readonly order: number;
  call: (() => void) | null;
}

export class Scheduler {
  #nowMs = 0;
  #order = 0;
  #events = 0;
  /** A binary heap, the earliest first. */
  readonly #heap: Item[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }
  /** Events that have run. */
  get events(): number {
    return this.#events;
  }

  /** Plans `call` for a moment that is not in the past. */
  at(atMs: number, call: () => void): Planned {
    const item: Item = {
      atMs: Math.max(atMs, this.#nowMs),
      order: this.#order++,
      call,
      cancel: () => {
        item.call = null;
      },
    };
    this.#push(item);
    return item;
  }

  after(delayMs: number, call: () => void): Planned {
    return this.at(this.#nowMs + delayMs, call);
  }

  /**
   * Runs events until `untilMs`, until none is left, or until `done` says so (asked after each event and its promise jobs).
   * The clock stands at `untilMs` afterwards, unless `done` ended the run.
   * Rejects with what an event throws.
   */
  async run(untilMs: number, done: () => boolean = () => false): Promise<void> {
    let ended = done();
    if (ended) return;
    await drive(() => {
      if (done()) {
        ended = true;
        return false;
      }
      const item = this.#next(untilMs);
      if (item === null) return false;
      this.#nowMs = item.atMs;
      const { call } = item;
      item.call = null;
      this.#events++;
      call?.();
      return true;
    });
    if (!ended) this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #next(untilMs: number): Item | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.atMs > untilMs) return null;
      this.#pop();
      if (first.call !== null) return first;
    }
  }

  #push(item: Item): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = heap[parent] as Item;
      if (!isBefore(item, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = item;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Item;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Item, heap[child] as Item)) child++;
      const below = heap[child] as Item;
      if (!isBefore(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Item, b: Item): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
