/**
 * One stream's subscription on a link, shared by every local reader of the stream. Each reader has its own cursor and takes an entry only
 * when the entry's `prev` is that cursor: so nothing is lost, repeated or put out of order, whatever the wire brings. It must never guess:
 * on doubt it subscribes again from a cursor. It is moved by what comes in (links, messages, readers, its timer) and by nothing else.
 *
 * There is one subscription on the wire. A reader that is behind it makes it begin again from the earliest such reader; readers further
 * on take nothing until the chain of `prev` reaches their cursor. Cursors of different epochs cannot be compared: such a reader is taken
 * to be ahead until the subscription has reached the head without meeting it; then it gets a subscription from its own cursor, and thereby
 * the gap that the server has for it.
 */
import {
  type ClosedFrame,
  comparePositions,
  type EntryFrame,
  type EntryPartFrame,
  type From,
  type GapFrame,
  HoldfastError,
  retryOf,
  type StreamBeat,
  type SubscribedFrame,
  type SubscribeFrame,
  type Timer,
  type UnsubscribedFrame,
} from "@holdfast/protocol";
import type { Context } from "./context.ts";
import { pauseMs } from "./endings.ts";
import { StreamEntry } from "./entry.ts";
import type { Link } from "./link.ts";
import { type Item, positionOf, type Reader } from "./stream.ts";

/** `asked`: a subscribe is under way. `resting`: asking again brought no progress, or was refused for now. */
type Phase = "off" | "asked" | "running" | "resting";

const isBefore = (a: string | null, b: string): boolean => a !== null && (comparePositions(a, b) ?? 0) < 0;

export class Subscription {
  readonly stream: string;
  readonly readers = new Set<Reader>();
  readonly #context: Context;
  readonly #changed: (readers: readonly Reader[]) => void;
  #phase: Phase = "off";
  #asked: From = "now";
  #askedId = 0;
  /** The live link; null while there is none. */
  #link: Link | null = null;
  /** A retiring link that is still followed, until the live one has met the cursor. */
  #old: Link | null = null;
  /** What follows is the next entry on the wire. Meaningless while `off`. */
  #cursor = "";
  /** The newest position heard of. */
  #head = "";
  /** Whether nothing has come since the last subscribe: those for whom it was made have their turn before others. */
  #isFresh = false;
  /** Times in a row that a subscribe brought nothing. */
  #fruitless = 0;
  #timer: Timer | undefined;
  #told = "";
  #gaps = 0;

  /** `changed` is called with those who are over, or whose place relative to the head may be another. */
  constructor(stream: string, context: Context, changed: (readers: readonly Reader[]) => void) {
    this.stream = stream;
    this.#context = context;
    this.#changed = changed;
  }

  /** What is asked for on a link, as it stands now: nothing, or one subscribe. */
  asks(link: Link): SubscribeFrame[] {
    if (link !== this.#link || !this.#isOnWire) return [];
    const from = this.#phase === "asked" ? this.#asked : { after: this.#cursor };
    return [{ type: "subscribe", id: this.#askedId, stream: this.stream, from }];
  }

  get #isOnWire(): boolean {
    return this.#phase === "asked" || this.#phase === "running";
  }

  /** Whether the live link carries what is needed, so that a retiring one may go. */
  get isSettled(): boolean {
    return this.#phase !== "asked" && this.#old === null;
  }

  /** Whether everything that the server is known to have has been taken from the wire. */
  get isAtHead(): boolean {
    return this.#phase === "running" && this.#cursor === this.#head;
  }

  /** Whether the reader has everything that the server is known to have. */
  isCurrent(reader: Reader): boolean {
    return this.isAtHead && !reader.isFull && reader.cursor === this.#cursor && this.readers.has(reader);
  }

  join(reader: Reader): void {
    // "Now" is where the wire is, when that is the head: no need to ask.
    const cursor = positionOf(reader.from) ?? (reader.from === "now" && this.isAtHead ? this.#cursor : null);
    if (cursor !== null) reader.begin(cursor);
    this.readers.add(reader);
    this.review();
  }

  linkUp(link: Link): void {
    const old = this.#phase === "running" ? this.#link : null;
    this.#become("off");
    this.#link = link;
    this.#fruitless = 0;
    this.#old = old;
    // While a former link still brings entries, the new one goes on from where the wire is, not from the readers.
    if (old !== null) this.#ask({ after: this.#cursor });
    this.review();
  }

  linkDown(link: Link): void {
    if (link === this.#old) this.#old = null;
    else if (link === this.#link) {
      this.#become("off");
      this.#link = this.#old = null;
    }
    this.review();
  }

  // Messages, each by the name of its type.

  subscribed(link: Link, { id, position, head }: SubscribedFrame): void {
    if (!this.#isOnWire || link !== this.#link || id !== this.#askedId) return this.#count("late");
    if (this.#phase === "running") {
      // A transport that had to ask anew was answered anew: where the head is now is news, unless more has come since, or two links bring entries.
      if (position !== this.#cursor || this.#old !== null) return;
      this.#head = head;
      return this.review();
    }
    const asked = positionOf(this.#asked);
    if (asked !== null && asked !== position) return link.fault();
    this.#become("running");
    this.#head = head;
    // A retiring link may have moved the cursor on since the question was asked; what is then repeated will be recognized.
    if (asked === null) this.#cursor = position;
    if (position === this.#cursor) this.#old = null;
    // One answer serves all who asked the same.
    if (asked === null) for (const reader of this.readers) if (reader.cursor === null && isSame(reader.from, this.#asked)) reader.begin(position);
    this.review();
  }

  unsubscribed(link: Link, { id, code, message }: UnsubscribedFrame): void {
    const isMeant = id === undefined ? this.#phase === "running" : this.#isOnWire && id === this.#askedId;
    // Without a code it answers an unsubscribe, and whatever that was about is over already.
    if (link !== this.#link || code === undefined || !isMeant) return;
    if (retryOf(code) !== "stop") {
      this.#rest();
      return this.review();
    }
    // Those for whom it was asked; the others ask for themselves.
    const place = this.#phase === "asked" && positionOf(this.#asked) === null ? null : this.#cursor;
    this.#over(place, new HoldfastError(code, message, { stream: this.stream }));
  }

  part(link: Link, frame: EntryPartFrame): void {
    if (this.#takesFrom(link) && !link.assembly.add(frame, link.entryBytesMax)) link.fault();
  }

  entry(link: Link, frame: EntryFrame): void {
    if (!this.#takesFrom(link)) return;
    const payload = link.assembly.take(frame);
    if (payload === false) return link.fault();
    const { position, prev } = frame;
    const isKnown = position === this.#cursor || isBefore(position, this.#cursor);
    if (prev !== this.#cursor && isKnown) {
      if (link === this.#link && position === this.#cursor) this.#old = null;
      this.#count("duplicates");
      return this.review();
    }
    if (!this.#follows(link, prev)) return;
    if (this.#head === this.#cursor || isBefore(this.#head, position)) this.#head = position;
    this.#advance(position, new StreamEntry(frame, payload));
  }

  gap(link: Link, frame: GapFrame): void {
    if (!this.#takesFrom(link) || !this.#follows(link, frame.from)) return;
    this.#head = frame.head;
    this.#gaps++;
    if (this.#advance(frame.after, frame)) this.#context.counters.gaps++;
  }

  closed(link: Link, { position }: ClosedFrame): void {
    if (this.#takesFrom(link) && this.#follows(link, position)) this.#over(this.#cursor, null);
  }

  beat(link: Link, { sent, head }: StreamBeat): void {
    if (!this.#takesFrom(link)) return;
    // While two links bring entries, the cursor is not that of either.
    if (this.#old !== null) return this.#count("late");
    this.#head = head;
    if (sent !== this.#cursor) this.#again("audits");
    this.review();
  }

  /** Whether what comes on a link counts. Not between a subscribe and its answer, nor after an unsubscribe: it belongs to another cursor. */
  #takesFrom(link: Link): boolean {
    const takes = link === this.#old || (link === this.#link && this.#phase === "running");
    if (!takes) this.#count("late");
    return takes;
  }

  /** Whether what came follows the cursor. If not, something is missing. */
  #follows(link: Link, from: string): boolean {
    // What the live link brings at the cursor shows that it has caught up with the retiring one; a retiring one that has lost something is done.
    if ((link === this.#link) === (from === this.#cursor)) this.#old = null;
    if (from === this.#cursor) return true;
    this.#again("holes");
    this.review();
    return false;
  }

  /** The readers at the wire's cursor take what came; the wire moves on. */
  #advance(position: string, item: Item): boolean {
    const there = this.#ready().filter(({ cursor }) => cursor === this.#cursor);
    this.#cursor = position;
    this.#isFresh = false;
    this.#fruitless = 0;
    for (const reader of there) reader.cursor = position;
    for (const reader of there) reader.push(item);
    this.review();
    return there.length > 0;
  }

  /** The subscription on the wire has ended; these readers are over with it. */
  #over(place: string | null, error: HoldfastError | null): void {
    this.#become("off");
    this.#old = null;
    for (const reader of this.readers) if (reader.cursor === place) reader.finish(error === null ? "ended" : { error });
    this.review();
  }

  #count(what: "duplicates" | "holes" | "audits" | "late"): void {
    this.#context.counters[what]++;
  }

  #become(phase: Phase): void {
    this.#timer?.cancel();
    if (this.#phase === "asked") this.#link?.answered(this.#askedId);
    this.#phase = phase;
    // Parts that came so far belong to a cursor that is not meant any more; they must not stand in the way of other streams' parts.
    if (phase !== "running") this.#link?.assembly.forget(this.stream);
  }

  #ready(): Reader[] {
    return [...this.readers].filter(({ isFull }) => !isFull);
  }

  /** Sees whether the subscription on the wire serves the readers as they are now. To be called when one is over, or full, or not any more. */
  review(): void {
    const readers = [...this.readers];
    for (const reader of readers) if (reader.outcome !== null) this.readers.delete(reader);
    if (this.#link !== null) this.#serve(this.#link, this.#ready());
    const told = `${this.#phase} ${this.isSettled} ${this.isAtHead} ${this.readers.size} ${this.#gaps}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#changed(readers);
  }

  #serve(link: Link, ready: readonly Reader[]): void {
    const isOnWire = this.#isOnWire;
    if (ready.length === 0) {
      this.#become("off");
      this.#old = null;
      if (isOnWire) link.sendFrame({ type: "unsubscribe", stream: this.stream });
      return;
    }
    if (this.#phase === "asked" || this.#phase === "resting") return;
    const unresolved = ready.find(({ cursor }) => cursor === null);
    if (unresolved !== undefined) {
      this.#old = null;
      return this.#ask(unresolved.from);
    }
    const others = ready.filter(({ cursor }) => cursor !== this.#cursor);
    if (this.#phase === "off" || others.length === ready.length) return this.#askAfter(earliest(ready));
    const atHead = this.#cursor === this.#head;
    if (this.#isFresh && !atHead) return;
    const behind = others.filter(({ cursor }) => isBefore(cursor, this.#cursor));
    if (behind.length > 0) this.#askAfter(earliest(behind));
    else if (atHead && others.length > 0) this.#askAfter(earliest(others));
  }

  #ask(from: From): void {
    const link = this.#link;
    if (link === null) return;
    this.#become("asked");
    this.#isFresh = true;
    this.#asked = from;
    this.#askedId = link.request();
    link.sendFrame({ type: "subscribe", id: this.#askedId, stream: this.stream, from });
  }

  #askAfter(cursor: string): void {
    if (cursor !== this.#cursor) this.#old = null;
    this.#cursor = cursor;
    this.#ask({ after: cursor });
  }

  /** Something is missing: asks again from the cursor, at once the first time, later and later while it brings nothing. */
  #again(why: "holes" | "audits"): void {
    this.#count(why);
    if (this.#fruitless > 0) return this.#rest();
    this.#fruitless = 1;
    this.#askAfter(this.#cursor);
  }

  #rest(): void {
    this.#become("resting");
    this.#old = null;
    this.#timer = this.#context.clock.after(pauseMs(++this.#fruitless, this.#context), () => {
      this.#become("off");
      this.review();
    });
  }
}

const isSame = (a: From, b: From): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The cursor that is before the others, as far as they can be compared. */
const earliest = (readers: readonly Reader[]): string =>
  readers.map(({ cursor }) => cursor as string).reduce((least, cursor) => (isBefore(cursor, least) ? cursor : least));
