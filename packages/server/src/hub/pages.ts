/**
 * Pages of older entries for readers who catch up. Pages are aligned by seq, and within that cut deterministically at 64 KiB,
 * so that ten thousand readers at different places cause as many engine reads as there are pages:
 * each page is read once (whoever asks meanwhile waits for the same read), encoded once, cached, and readers take suffixes.
 */
import { formatPosition } from "@holdfast/protocol";
import type { WireFormat } from "../carrier.ts";
import type { Engine, Head, ReadResult } from "../engine.ts";
import { epochOf } from "../epochs.ts";
import type { Counters } from "./counters.ts";
import { flushBytesMax, join, outgoing, type Range } from "./tail.ts";

/** Windows whose cuts are remembered; beyond, the one that was cut longest ago is found anew when it is needed. */
const cutWindowsMax = 10_000;

/** One cached page. It says everything about the seqs in (`from`, `end`]. */
export interface Page {
  readonly from: number;
  readonly end: number;
  /** False when the page was the newest at the time: it may grow, and is read again by who needs more. */
  readonly complete: boolean;
  readonly seqs: readonly number[];
  readonly prevs: readonly number[];
  /** The token before the first entry. */
  readonly prevPosition: string;
  readonly positions: readonly string[];
  /** Where each entry begins in `bytes`, and the total at the end. */
  readonly offsets: readonly number[];
  readonly bytes: Uint8Array;
  /** The head in the same snapshot. */
  readonly head: Head | null;
}

/** The part of a page after `cursor`, at most 64 KiB or one entry; null when the page holds nothing after it. */
export function suffix(page: Page, cursor: number): Range | null {
  let low = 0;
  let high = page.seqs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((page.seqs[middle] as number) > cursor) high = middle;
    else low = middle + 1;
  }
  if (low === page.seqs.length) return null;
  const start = page.offsets[low] as number;
  let last = low;
  while (last + 1 < page.seqs.length && (page.offsets[last + 2] as number) - start <= flushBytesMax) last++;
  return {
    bytes: page.bytes.subarray(start, page.offsets[last + 1]),
    prev: page.prevs[low] as number,
    prevPosition: low === 0 ? page.prevPosition : (page.positions[low - 1] as string),
    to: page.seqs[last] as number,
    position: page.positions[last] as string,
    count: last - low + 1,
  };
}

/** A cached page, or the read that brings it; the engine's failure is the promise's rejection. */
export type PageLookup = { readonly page: Page } | { readonly pending: Promise<Page> };

export class PageCache {
  readonly #engine: Engine;
  readonly #entriesMax: number;
  readonly #bytesMax: number;
  readonly #counters: Counters;
  /** Least recently used first. */
  readonly #pages = new Map<string, Page>();
  readonly #reading = new Map<string, Promise<Page>>();
  /** Where aligned windows are cut by bytes: numbers only, so that a page that fell out of the cache is found without walking. */
  readonly #cuts = new Map<string, number[]>();
  #used = 0;

  constructor(engine: Engine, entriesMax: number, bytesMax: number, counters: Counters) {
    this.#engine = engine;
    this.#entriesMax = entriesMax;
    this.#bytesMax = bytesMax;
    this.#counters = counters;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /**
   * The page that speaks of what follows `scan`, or the read that will bring it nearer. Use the page that the promise gives when it
   * reaches beyond `scan`, else ask again: with several cuts that are not known yet, each read finds one of them.
   */
  lookup(stream: string, format: WireFormat, scan: number): PageLookup {
    const through = (Math.floor(scan / this.#entriesMax) + 1) * this.#entriesMax;
    const window = `${format.name} ${through} ${stream}`;
    let from = through - this.#entriesMax;
    for (const cut of this.#cuts.get(window) ?? []) {
      if (cut > scan) break;
      from = cut;
    }
    const key = `${format.name} ${from} ${stream}`;
    const page = this.#pages.get(key);
    if (page === undefined || scan >= page.end) return { pending: this.#read(key, stream, format, from, through) };
    this.#counters.pageHits++;
    this.#pages.delete(key);
    this.#pages.set(key, page);
    return { page };
  }

  /** Remembers that a window is cut at the end of this page. */
  #cut(window: string, page: Page): void {
    const cuts = this.#cuts.get(window) ?? [];
    if (!cuts.includes(page.end)) cuts.push(page.end);
    cuts.sort((a, b) => a - b);
    this.#cuts.delete(window);
    this.#cuts.set(window, cuts);
    if (this.#cuts.size <= cutWindowsMax) return;
    const [oldest] = this.#cuts.keys();
    this.#cuts.delete(oldest as string);
  }

  #read(key: string, stream: string, format: WireFormat, from: number, through: number): Promise<Page> {
    const running = this.#reading.get(key);
    if (running !== undefined) return running;
    this.#counters.pageReads++;
    const read = this.#engine
      .read(stream, { from: { afterSeq: from }, throughSeq: through, entriesMax: this.#entriesMax, bytesMax: flushBytesMax })
      .then((result) => {
        const page = encodePage(stream, format, from, through, result);
        this.#keep(key, page);
        if (page.complete && page.end < through) this.#cut(`${format.name} ${through} ${stream}`, page);
        return page;
      })
      .finally(() => this.#reading.delete(key));
    this.#reading.set(key, read);
    return read;
  }

  #keep(key: string, page: Page): void {
    this.#drop(key);
    this.#pages.set(key, page);
    this.#used += cost(page);
    for (const oldest of this.#pages.keys()) {
      if (this.#used <= this.#bytesMax || oldest === key) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const page = this.#pages.get(key);
    if (page === undefined) return;
    this.#pages.delete(key);
    this.#used -= cost(page);
  }

  /** Forgets a stream's pages: its log was rewritten. */
  forget(stream: string): void {
    for (const key of [...this.#pages.keys()]) if (key.endsWith(` ${stream}`)) this.#drop(key);
    for (const window of [...this.#cuts.keys()]) if (window.endsWith(` ${stream}`)) this.#cuts.delete(window);
  }
}

const cost = (page: Page): number => 256 + page.bytes.length + page.seqs.length * 64;

function encodePage(stream: string, format: WireFormat, from: number, through: number, result: ReadResult): Page {
  const { head, entries, more } = result;
  const encoded: Uint8Array[] = [];
  const offsets = [0];
  let bytes = 0;
  const firstPrev = entries[0]?.prev ?? 0;
  let prevEpoch = epochOf(head?.epochs ?? [], firstPrev);
  const prevPosition = formatPosition(prevEpoch, firstPrev);
  for (const entry of entries) {
    const part = format.encode(outgoing(stream, entry, prevEpoch));
    prevEpoch = entry.epoch;
    encoded.push(part);
    bytes += part.length;
    offsets.push(bytes);
  }
  const known = head?.last ?? 0;
  const end = more ? (entries.at(-1)?.seq ?? from) : Math.min(through, known);
  return {
    from,
    end,
    complete: more || known >= through,
    seqs: entries.map((entry) => entry.seq),
    prevs: entries.map((entry) => entry.prev),
    prevPosition,
    positions: entries.map((entry) => formatPosition(entry.epoch, entry.seq)),
    offsets,
    bytes: encoded.length === 0 ? new Uint8Array(0) : join(encoded, bytes),
    head,
  };
}
