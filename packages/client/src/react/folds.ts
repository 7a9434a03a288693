/**
 * What becomes of the entries of a stream on a page: a window of the newest, or whatever a reducer makes of them.
 * What was given out is never changed afterwards, and neither grows without a limit that the application chose.
 */
import type { Gap, StreamEntry } from "../index.ts";

/** Takes entries and gaps in order; gives a value that stays as it is. */
export interface Fold<Part extends object> {
  entry(entry: StreamEntry): void;
  gap(gap: Gap): void;
  clear(): void;
  part(): Part;
}

/** Entries that a window keeps, unless told otherwise, and at most. */
export const keepDefault = 100;
export const keepMax = 10_000;

/** Throws TypeError for a size that is not one. */
export function checkKeep(keep: number): number {
  if (Number.isSafeInteger(keep) && keep >= 0 && keep <= keepMax) return keep;
  throw new TypeError(`Expected \`keep\` to be a whole number from 0 to ${keepMax}, got ${keep}`);
}

/** The newest entries of a stream, newest last. */
export interface WindowPart {
  readonly entries: readonly StreamEntry[];
}

export class WindowFold implements Fold<WindowPart> {
  #entries: StreamEntry[] = [];
  #keep: number;

  constructor(keep: number) {
    this.#keep = keep;
  }

  /** Changes the size; what is too much goes when the value is next asked for. */
  resize(keep: number): void {
    this.#keep = keep;
  }

  entry(entry: StreamEntry): void {
    this.#entries.push(entry);
    // Cut in the large: cutting with every entry would copy the window each time.
    if (this.#entries.length > 2 * this.#keep) this.#cut();
  }

  gap(): void {}

  clear(): void {
    this.#entries = [];
  }

  part(): WindowPart {
    this.#cut();
    return { entries: Object.freeze([...this.#entries]) };
  }

  #cut(): void {
    this.#entries.splice(0, this.#entries.length - this.#keep);
  }
}

/** How an application reduces a stream to a value. */
export interface Reducer<Value> {
  /** Makes the next value from an entry. Called once per entry, in order, outside of rendering; must not change `value`. */
  readonly reduce: (value: Value, entry: StreamEntry) => Value;
  /** Makes the next value when entries were lost to retention or a new log. Default: the value stays. */
  readonly reduceGap?: ((value: Value, gap: Gap) => Value) | undefined;
}

/** What a reducer has made of the stream so far. */
export interface ValuePart<Value> {
  readonly value: Value;
}

export class ReduceFold<Value> implements Fold<ValuePart<Value>> {
  readonly #initial: Value;
  #value: Value;
  #reducer: Reducer<Value>;

  constructor(initial: Value, reducer: Reducer<Value>) {
    this.#initial = initial;
    this.#value = initial;
    this.#reducer = reducer;
  }

  /** The functions of the newest render. */
  replace(reducer: Reducer<Value>): void {
    this.#reducer = reducer;
  }

  entry(entry: StreamEntry): void {
    this.#value = this.#reducer.reduce(this.#value, entry);
  }

  gap(gap: Gap): void {
    const { reduceGap } = this.#reducer;
    if (reduceGap !== undefined) this.#value = reduceGap(this.#value, gap);
  }

  clear(): void {
    this.#value = this.#initial;
  }

  part(): ValuePart<Value> {
    return { value: this.#value };
  }
}
