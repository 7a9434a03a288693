/**
 * The shared tail of one stream: its newest entries, each encoded once per wire format, and ranges of them joined into one buffer,
 * so that a burst to a thousand caught-up readers is a thousand writes of the same bytes.
 * It is fed by engine events in commit order only. It may be emptied at any time: readers then read pages.
 */
import { formatPosition, limits } from "@holdfast/protocol";
import type { OutgoingEntry, WireFormat } from "../carrier.ts";
import type { Entry } from "../engine.ts";

/** Encoded entries ready to be delivered. `bytes` is shared by all who deliver it. */
export interface Range {
  readonly bytes: Uint8Array;
  /** The seq and token before the first entry of the range. */
  readonly prev: number;
  readonly prevPosition: string;
  /** The seq and token of the last one. */
  readonly to: number;
  readonly position: string;
  readonly count: number;
}

/** A flush is at most this long, or one entry. */
export const flushBytesMax = limits.wireBytesMax.value;
/** One stream's share of the tail budget. */
const tailStreamBytesMax = 1_048_576;
/** Joined ranges kept per format until the next append: readers stand at a handful of places. */
const rangesMax = 16;

/** Joins encoded entries; a single one is not copied. */
export function join(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  // A plain Uint8Array would be wrapped anew by every write of it.
  const joined = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** An entry with its tokens, as a wire format wants it. `prevEpoch` is the epoch of the entry before it. */
export function outgoing(stream: string, entry: Entry, prevEpoch: string): OutgoingEntry {
  return {
    stream,
    position: formatPosition(entry.epoch, entry.seq),
    prev: formatPosition(prevEpoch, entry.prev),
    timeMs: entry.timeMs,
    key: entry.key,
    format: entry.format,
    payload: entry.payload,
  };
}

interface Slot {
  readonly entry: Entry;
  readonly prevEpoch: string;
  readonly cost: number;
}

interface Encoding {
  /** By the number of the slot since the tail began, so that dropping from the front moves nothing. */
  readonly entries: Map<number, Uint8Array>;
  readonly ranges: Map<number, Range>;
}

export class Tail {
  readonly #stream: string;
  #slots: Slot[] = [];
  /** How many slots were dropped from the front since the tail began. */
  #dropped = 0;
  #start: number;
  #last: number;
  #bytes = 0;
  readonly #encodings = new Map<string, Encoding>();

  constructor(stream: string, last: number) {
    this.#stream = stream;
    this.#start = last;
    this.#last = last;
  }

  /** Entries after this seq are here. */
  get start(): number {
    return this.#start;
  }
  get last(): number {
    return this.#last;
  }
  /** Bytes held, for the budget. */
  get bytes(): number {
    return this.#bytes;
  }
  /** Entries held. */
  get size(): number {
    return this.#slots.length;
  }

  /** Takes an entry that continues the tail (`entry.prev === last`). Returns how many bytes the tail grew by, which may be negative. */
  append(entry: Entry, prevEpoch: string): number {
    const before = this.#bytes;
    // Payload, its encoding and the joined range that most likely follows.
    const cost = 256 + entry.payload.length * 3;
    this.#slots.push({ entry, prevEpoch, cost });
    this.#bytes += cost;
    this.#last = entry.seq;
    for (const encoding of this.#encodings.values()) encoding.ranges.clear();
    let drop = 0;
    while (this.#bytes > tailStreamBytesMax && drop < this.#slots.length - 1) {
      this.#bytes -= (this.#slots[drop] as Slot).cost;
      drop++;
    }
    if (drop > 0) this.#dropFront(drop);
    return this.#bytes - before;
  }

  /** Forgets every entry; the tail goes on after `last`. Returns the bytes freed. */
  clear(last: number = this.#last): number {
    const freed = this.#bytes;
    this.#slots = [];
    this.#dropped = 0;
    this.#bytes = 0;
    this.#start = last;
    this.#last = last;
    this.#encodings.clear();
    return freed;
  }

  /** Forgets joined ranges once nobody is being flushed, so that an idle stream holds its entries only. */
  releaseRanges(): void {
    for (const encoding of this.#encodings.values()) encoding.ranges.clear();
  }

  /** The seq before the newest `n` entries, or null when the tail does not reach back so far. */
  prevOfLast(n: number): number | null {
    const slot = this.#slots[this.#slots.length - n];
    return slot === undefined ? null : slot.entry.prev;
  }

  /** The entries after `cursor`, at most 64 KiB or one of them; null when there are none. `cursor` must not be below `start`. */
  range(format: WireFormat, cursor: number): Range | null {
    if (cursor >= this.#last) return null;
    let encoding = this.#encodings.get(format.name);
    if (encoding === undefined) {
      encoding = { entries: new Map(), ranges: new Map() };
      this.#encodings.set(format.name, encoding);
    }
    const known = encoding.ranges.get(cursor);
    if (known !== undefined) return known;
    const range = this.#join(format, encoding, cursor);
    if (encoding.ranges.size >= rangesMax) encoding.ranges.clear();
    encoding.ranges.set(cursor, range);
    return range;
  }

  #join(format: WireFormat, encoding: Encoding, cursor: number): Range {
    const first = this.#indexAfter(cursor);
    const parts: Uint8Array[] = [];
    let bytes = 0;
    let i = first;
    for (; i < this.#slots.length; i++) {
      const encoded = this.#encoded(format, encoding, i);
      if (parts.length > 0 && bytes + encoded.length > flushBytesMax) break;
      parts.push(encoded);
      bytes += encoded.length;
    }
    const lastEntry = (this.#slots[i - 1] as Slot).entry;
    const { entry, prevEpoch } = this.#slots[first] as Slot;
    return {
      bytes: join(parts, bytes),
      prev: entry.prev,
      prevPosition: formatPosition(prevEpoch, entry.prev),
      to: lastEntry.seq,
      position: formatPosition(lastEntry.epoch, lastEntry.seq),
      count: parts.length,
    };
  }

  #encoded(format: WireFormat, encoding: Encoding, index: number): Uint8Array {
    const number = this.#dropped + index;
    const known = encoding.entries.get(number);
    if (known !== undefined) return known;
    const { entry, prevEpoch } = this.#slots[index] as Slot;
    const encoded = format.encode(outgoing(this.#stream, entry, prevEpoch));
    encoding.entries.set(number, encoded);
    return encoded;
  }

  /** The index of the first slot whose seq is above `cursor`. */
  #indexAfter(cursor: number): number {
    let low = 0;
    let high = this.#slots.length;
    // Nearly every reader stands just before the newest entries.
    const newest = this.#slots[high - 1];
    if (newest !== undefined && newest.entry.prev <= cursor) return high - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#slots[middle] as Slot).entry.seq > cursor) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #dropFront(count: number): void {
    this.#start = (this.#slots[count - 1] as Slot).entry.seq;
    this.#slots.splice(0, count);
    for (const encoding of this.#encodings.values()) {
      for (let i = this.#dropped; i < this.#dropped + count; i++) encoding.entries.delete(i);
    }
    this.#dropped += count;
  }
}

/** Keeps all tails of a node within one budget of bytes: the stream that got nothing for longest gives way first. */
export class TailBudget {
  readonly #bytesMax: number;
  /** In order of the last append, oldest first. */
  readonly #tails = new Map<Tail, number>();
  readonly #evicted: () => void;
  #used = 0;

  /** `evicted` is called for every tail that is emptied for others. */
  constructor(bytesMax: number, evicted: () => void) {
    this.#bytesMax = bytesMax;
    this.#evicted = evicted;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /** Accounts for a tail that changed, and empties others when all together hold too much. */
  touched(tail: Tail): void {
    this.forget(tail);
    if (tail.bytes === 0) return;
    this.#tails.set(tail, tail.bytes);
    this.#used += tail.bytes;
    for (const [other, bytes] of this.#tails) {
      if (this.#used <= this.#bytesMax || other === tail) break;
      other.clear();
      this.#tails.delete(other);
      this.#used -= bytes;
      this.#evicted();
    }
  }

  forget(tail: Tail): void {
    const bytes = this.#tails.get(tail);
    if (bytes === undefined) return;
    this.#tails.delete(tail);
    this.#used -= bytes;
  }
}
