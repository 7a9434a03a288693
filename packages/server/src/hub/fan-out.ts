/**
 * Moves entries from tails and pages to links, in slices, so that heartbeats, accepts and publishes come in between.
 * There is no queue of messages per link: a reader is a cursor, and a link whose peer has not taken its bytes is simply not visited
 * until they have left (`queuedBytes` is the gate, `drained` re-opens it).
 *
 *   dirty streams: caught-up readers, one array per stream, visited in order   (entry in -> one shared buffer out, per reader)
 *   waiting links: readers that are behind, one flush of at most 64 KiB per link and turn
 */
import type { Env } from "@holdfast/protocol";
import type { WireFormat } from "../carrier.ts";
import type { Counters } from "./counters.ts";
import { type Page, type PageCache, suffix } from "./pages.ts";
import type { Reader, ReaderLink, ReadStream } from "./reader.ts";
import type { Range } from "./tail.ts";

/** A slice ends after so many visits, or after so long, whichever comes first. */
export const sliceVisitsMax = 256;
export const sliceMs = 4;
/** The clock is read once in so many visits. */
const visitsPerClockRead = 16;
/** Before a reader tries again a page that the engine could not give. */
const pageRetryMs = 100;

export interface FanOutContext {
  readonly env: Env;
  readonly counters: Counters;
  readonly pages: PageCache;
}

export class FanOut {
  readonly #context: FanOutContext;
  readonly #dirty: ReadStream[] = [];
  readonly #links: ReaderLink[] = [];
  #scheduled = false;

  constructor(context: FanOutContext) {
    this.#context = context;
  }

  /** A stream has something new for its caught-up readers. */
  streamChanged(stream: ReadStream): void {
    if (stream.dirty) {
      stream.again = true;
      return;
    }
    stream.dirty = true;
    stream.again = false;
    stream.passIndex = 0;
    this.#dirty.push(stream);
    this.#schedule();
  }

  /** A link has readers that are behind and may be able to go on. */
  linkReady(link: ReaderLink): void {
    if (link.inFanOut || link.behind.length === 0) return;
    link.inFanOut = true;
    this.#links.push(link);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#context.env.soon(() => this.#slice());
  }

  #slice(): void {
    const { clock } = this.#context.env;
    const endMs = clock.monoMs() + sliceMs;
    let visits = 0;
    const mayGoOn = (): boolean => {
      visits++;
      return visits < sliceVisitsMax && (visits % visitsPerClockRead !== 0 || clock.monoMs() < endMs);
    };
    // Both kinds of work get their turn in every slice: neither a burst nor a herd of laggards starves the other.
    let more = true;
    while (more && (this.#dirty.length > 0 || this.#links.length > 0)) {
      more = this.#visitStream(mayGoOn) && this.#visitLink(mayGoOn);
    }
    this.#scheduled = false;
    if (this.#dirty.length > 0 || this.#links.length > 0) this.#schedule();
  }

  /** Visits caught-up readers of the stream that has waited longest. False when the slice is used up. */
  #visitStream(mayGoOn: () => boolean): boolean {
    const stream = this.#dirty.shift();
    if (stream === undefined) return true;
    const { tail, ready } = stream;
    const { counters } = this.#context;
    for (;;) {
      // What came before the pass began is part of it.
      if (stream.passIndex === 0) stream.again = false;
      // Nearly all readers stand at the same place: what the last one got is the next one's too, as long as nothing else runs in between.
      let cursor = -1;
      let format: WireFormat | null = null;
      let range: Range | null = null;
      while (stream.passIndex < ready.length) {
        const reader = ready[stream.passIndex] as Reader;
        stream.passIndex++;
        const { carrier } = reader;
        if (reader.cursor !== cursor || carrier.format !== format) {
          cursor = reader.cursor;
          format = carrier.format;
          range = cursor >= tail.start && !stream.closed ? tail.range(format, cursor) : null;
        }
        if (range !== null && range.prev === cursor && range.to === tail.last && carrier.queuedBytes === 0) {
          counters.deliveries += range.count;
          counters.deliverWrites++;
          counters.deliveredBytes += range.bytes.length;
          reader.cursor = range.to;
          reader.scan = range.to;
          reader.position = range.position;
          carrier.deliver(range.bytes, stream.name, range.position);
        } else this.#flushReady(stream, reader);
        if (!mayGoOn()) {
          this.#dirty.push(stream);
          return false;
        }
      }
      stream.passIndex = 0;
      if (!stream.again) break;
    }
    stream.dirty = false;
    stream.tail.releaseRanges();
    return true;
  }

  #flushReady(stream: ReadStream, reader: Reader): void {
    const { carrier } = reader.link;
    const { tail } = stream;
    while (reader.cursor < tail.last) {
      const range = carrier.queuedBytes === 0 && reader.cursor >= tail.start ? tail.range(carrier.format, reader.cursor) : null;
      if (range === null) {
        stream.unready(reader);
        this.fallBehind(reader);
        return;
      }
      this.#deliver(reader, range);
      if (reader.index < 0) return; // Delivering may have ended the link.
    }
    if (stream.closed) reader.link.streamEnded(reader);
  }

  /** Puts a reader among those of its link that are behind. */
  fallBehind(reader: Reader): void {
    const { link } = reader;
    link.behind.push(reader);
    if (link.carrier.queuedBytes === 0) this.linkReady(link);
  }

  /** Gives one link one flush. False when the slice is used up. */
  #visitLink(mayGoOn: () => boolean): boolean {
    const link = this.#links.shift();
    if (link === undefined) return true;
    link.inFanOut = false;
    for (let tries = link.behind.length; tries > 0 && link.carrier.queuedBytes === 0; tries--) {
      const reader = link.behind.shift();
      if (reader === undefined) break;
      const outcome = reader.waiting ? "waiting" : this.#advance(reader);
      if (outcome !== "settled") link.behind.push(reader);
      if (outcome === "delivered") break;
    }
    // Frees the room that an array keeps for more: idle links would hold it for nothing.
    if (link.behind.length === 0) link.behind.length = 0;
    // Readers that wait for a page are woken by it; a closed gate by `drained`.
    if (link.carrier.queuedBytes === 0 && link.behind.some((reader) => !reader.waiting)) this.linkReady(link);
    return mayGoOn();
  }

  /** Moves one reader that is behind by one flush. The seam: what the tail reaches comes from the tail, else from a page. */
  #advance(reader: Reader): "delivered" | "settled" | "waiting" {
    const { stream, link } = reader;
    const { format } = link.carrier;
    for (;;) {
      if (reader.scan >= stream.tail.last) {
        if (reader.cursor < stream.tail.last) link.gap(reader, stream.tail.last, stream.headPosition);
        stream.makeReady(reader);
        if (stream.closed) link.streamEnded(reader);
        return "settled";
      }
      if (reader.scan >= stream.tail.start) {
        this.#deliver(reader, stream.tail.range(format, reader.scan) as Range);
        return "delivered";
      }
      const page = this.#pageFor(reader);
      if (page === null) return "waiting";
      stream.learn(page.head);
      const range = suffix(page, reader.scan);
      if (range !== null) {
        this.#deliver(reader, range);
        return "delivered";
      }
      reader.scan = page.end;
    }
  }

  /** The page for a reader's next entries: the one that was read for it, a cached one, or null while one is being read. */
  #pageFor(reader: Reader): Page | null {
    const { page: own, scan } = reader;
    reader.page = null;
    if (own !== null && own.from <= scan && scan < own.end) return own;
    const looked = this.#context.pages.lookup(reader.stream.name, reader.link.carrier.format, scan);
    if ("page" in looked) return looked.page;
    this.#awaitPage(reader, looked.pending);
    return null;
  }

  #awaitPage(reader: Reader, pending: Promise<Page>): void {
    reader.waiting = true;
    const wake = (): void => {
      reader.waiting = false;
      this.linkReady(reader.link);
    };
    pending.then(
      (page) => {
        if (page.end > reader.scan || page.complete) {
          // Handed over rather than left to the cache, so that a cache which is too small for all who read costs reads, never progress.
          if (reader.link.carrier.queuedBytes === 0) reader.page = page;
          wake();
        } else {
          // The log does not reach where its head said it would: ask for the head again, then go on from there.
          reader.stream.doubt();
          this.#context.env.clock.after(pageRetryMs, wake);
        }
      },
      () => {
        // The engine is busy or failing, which its health says; the reader keeps its place.
        this.#context.env.clock.after(pageRetryMs, wake);
      },
    );
  }

  #deliver(reader: Reader, range: Range): void {
    const { link, stream } = reader;
    if (range.prev !== reader.cursor) link.gap(reader, range.prev, range.prevPosition);
    const { counters } = this.#context;
    counters.deliveries += range.count;
    counters.deliverWrites++;
    counters.deliveredBytes += range.bytes.length;
    reader.cursor = range.to;
    reader.scan = range.to;
    reader.position = range.position;
    link.carrier.deliver(range.bytes, stream.name, range.position);
  }
}
