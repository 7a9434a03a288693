/**
 * The positions of a producer's newest requests in few bytes: per request the distance of its first seq from the one before,
 * and its count of entries, as variable-length numbers. Pure. A seq never decreases from one request to the next.
 */

/** What one request added: `count` entries from seq `first` on. */
export interface RequestSpan {
  readonly first: number;
  readonly count: number;
}

/** Spans of consecutive requests, newest last, at most `max` of them. */
export class RequestRing {
  readonly #max: number;
  #firsts: number[] = [];
  #counts: number[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  add(first: number, count: number): void {
    this.#firsts.push(first);
    this.#counts.push(count);
    // Cut rarely, so that adding stays cheap.
    if (this.#firsts.length < 2 * this.#max) return;
    this.#firsts = this.#firsts.slice(-this.#max);
    this.#counts = this.#counts.slice(-this.#max);
  }

  /** The span of the request that came `back` requests before the newest; null when it is not remembered. */
  at(back: number): RequestSpan | null {
    if (back >= this.#max) return null;
    const first = this.#firsts.at(-1 - back);
    const count = this.#counts.at(-1 - back);
    return first === undefined || count === undefined ? null : { first, count };
  }

  copy(): RequestRing {
    const copy = new RequestRing(this.#max);
    copy.#firsts = [...this.#firsts];
    copy.#counts = [...this.#counts];
    return copy;
  }

  encode(): Uint8Array {
    const from = Math.max(0, this.#firsts.length - this.#max);
    const bytes: number[] = [];
    let before = 0;
    for (let i = from; i < this.#firsts.length; i++) {
      const first = this.#firsts[i] as number;
      pushNumber(bytes, first - before);
      pushNumber(bytes, this.#counts[i] as number);
      before = first;
    }
    return Uint8Array.from(bytes);
  }

  static decode(bytes: Uint8Array, max: number): RequestRing {
    const ring = new RequestRing(max);
    let at = 0;
    const number = (): number => {
      let value = 0;
      let scale = 1;
      for (;;) {
        const byte = bytes[at++] as number;
        value += (byte & 127) * scale;
        if (byte < 128) return value;
        scale *= 128;
      }
    };
    let first = 0;
    while (at < bytes.length) {
      first += number();
      ring.add(first, number());
    }
    return ring;
  }
}

/** Seven bits a byte, lowest first; arithmetic instead of shifts, because a seq has up to 53 bits. */
function pushNumber(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}
