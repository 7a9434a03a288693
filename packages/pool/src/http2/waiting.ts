/**
 * Who waits for a stream: in order of arrival, those that are sent again before those that never were. Bounded; pure.
 */
export class Waiting<T> {
  readonly #max: number;
  readonly #again = new Set<T>();
  readonly #first = new Set<T>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#again.size + this.#first.size;
  }

  /** False: as many wait already as may. */
  add(item: T): boolean {
    if (this.size >= this.#max) return false;
    this.#first.add(item);
    return true;
  }

  /** It was let in once already, so it is not turned away now. */
  addAgain(item: T): void {
    this.#again.add(item);
  }

  /** Takes the next one. */
  take(): T | null {
    for (const set of [this.#again, this.#first]) {
      for (const item of set) {
        set.delete(item);
        return item;
      }
    }
    return null;
  }

  has(item: T): boolean {
    return this.#again.has(item) || this.#first.has(item);
  }

  /** Whether it waited. */
  remove(item: T): boolean {
    return this.#again.delete(item) || this.#first.delete(item);
  }

  /** All that wait, who no longer do. */
  clear(): T[] {
    const all = [...this.#again, ...this.#first];
    this.#again.clear();
    this.#first.clear();
    return all;
  }
}
