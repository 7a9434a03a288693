/**
 * One stream that has readers on this node: its tail, what is known of its head, and who reads it.
 * Live events are hints: whatever does not continue the tail is answered by reading the log again, never by guessing.
 *
 *   event.prev == tail.last -> append, mark dirty       event behind -> ignore       anything else -> doubt: re-read the head
 */
import { type Cursor, type Env, type GapReason, originCursor, parsePosition } from "@holdfast/protocol";
import type { Engine, Entry, Head, Interest, LiveEvent } from "../engine.ts";
import { epochOf, locate, positionOf } from "../epochs.ts";
import type { Counters } from "./counters.ts";
import { Tail, type TailBudget } from "./tail.ts";

/** What a stream knows of those who read it: numbers, nothing of links. */
export interface Placed {
  /** The seq of the last entry written to the link, or where a gap put it. */
  cursor: number;
  /** Where to look next: at or after `cursor`, because seqs may have holes. */
  scan: number;
  /** The token of `cursor`, as it was delivered or told: what is known of the head may be older than the reader's place. */
  position: string;
  /** The place in the stream's ready array; -1 while behind. */
  index: number;
}

/** What a live stream needs of its node. */
export interface StreamContext<R extends Placed> {
  readonly env: Env;
  readonly engine: Engine;
  readonly counters: Counters;
  readonly budget: TailBudget;
  /** New entries, or the end, are there for readers. */
  readonly dirty: (stream: LiveStream<R>) => void;
  /** The log is not the one that was served: pages are void, and the reader's place moves with a gap. */
  readonly rewritten: (stream: LiveStream<R>, moved: readonly MovedReader<R>[]) => void;
}

/** A reader whose place is not in the log any more. */
export interface MovedReader<R extends Placed> {
  readonly reader: R;
  readonly reason: GapReason;
  /** Where it goes on. */
  readonly after: number;
}

/** Between two tries to read a head that the engine could not give. */
const reloadRetryMs = 250;
/** Between two readings of the head when doubts keep coming: an engine that only hints is read at this pace. */
const settlePauseMs = 10;

export class LiveStream<R extends Placed> {
  readonly name: string;
  readonly tail: Tail;
  readonly readers = new Set<R>();
  /** Readers who had everything when last visited; `index` is the place in it. */
  readonly ready: R[] = [];
  /** The fan-out's own marks; see fan-out.ts. */
  dirty = false;
  again = false;
  passIndex = 0;

  readonly #context: StreamContext<R>;
  #head: Head | null = null;
  #loaded = false;
  #interest: Interest | null = null;
  #loading: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  #doubted = false;
  #settling = false;
  /** The highest seq that any event spoke of: a head that does not reach it is too old. */
  #seen = 0;
  #released = false;

  constructor(name: string, context: StreamContext<R>) {
    this.name = name;
    this.tail = new Tail(name, 0);
    this.#context = context;
  }

  /** Whether the head is known, so that readers can be placed. */
  get loaded(): boolean {
    return this.#loaded;
  }
  get closed(): boolean {
    return this.#head?.closed ?? false;
  }
  get firstPrev(): number {
    return this.#head?.firstPrev ?? 0;
  }
  /** The token of the newest entry. */
  get headPosition(): string {
    return this.position(this.tail.last);
  }

  /** The token for a seq of this log. */
  position(seq: number): string {
    return positionOf(this.#head?.epochs ?? [], seq);
  }

  /** Whether and where a reader's position stands in the log as known now. */
  locate(cursor: Cursor): ReturnType<typeof locate> {
    return locate(this.#head, cursor);
  }

  /** Registers for live events, then reads the head. Rejects as the engine does; a later call tries again. */
  async load(): Promise<void> {
    if (this.#loaded) return;
    await this.refresh();
  }

  /** Reads the head again; calls made while one runs share it. */
  refresh(): Promise<void> {
    this.#loading ??= this.#readHead().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  /** Reads the head in a reading that begins after this call; calls made meanwhile share the next one. */
  refreshAnew(): Promise<void> {
    if (this.#loading === null) return this.refresh();
    this.#next ??= this.#loading
      .catch(() => undefined)
      .then(() => {
        this.#next = null;
        return this.refresh();
      });
    return this.#next;
  }

  async #readHead(): Promise<void> {
    if (this.#interest === null) {
      const interest = await this.#context.engine.listen(this.name);
      if (this.#released) interest.close();
      else this.#interest = interest;
    }
    this.#context.counters.headReads++;
    // A reading that begins now cannot be older than what has been seen by now: a log that ends before that was cut back.
    const least = this.#loaded ? this.tail.last : 0;
    const head = await this.#context.engine.head(this.name);
    this.#adopt(head, least);
    this.#loaded = true;
    // Events that came while the head was being read may go beyond it.
    if (this.#seen > this.tail.last) this.#doubted = true;
    if (this.#doubted && !this.#settling) void this.#settle();
  }

  /** Learns from any snapshot of the log. It only ever moves the tail forward, unless the log was rewritten. */
  #adopt(head: Head | null, least: number): void {
    const before = this.#head;
    const last = head?.last ?? 0;
    if (this.#loaded && (last < least || this.#isRewrite(before, head))) {
      this.#head = head;
      this.#restartTail(last);
      this.#seen = last; // What the former log had reached says nothing of this one.
      this.#move();
      return;
    }
    if (before !== null && head !== null && head.last < before.last) return; // An older snapshot of the same log.
    const grew = last > this.tail.last;
    const ended = head?.closed === true && before?.closed !== true;
    this.#head = head;
    if (grew) this.#restartTail(last);
    // Pages may have given readers more of the former epoch than was known here, and the new one may not have followed that.
    if (this.#loaded && before?.epochs.at(-1)?.epoch !== head?.epochs.at(-1)?.epoch) this.#move(head?.epochs.at(-1)?.epoch);
    else if (grew || ended) this.#context.dirty(this);
  }

  #restartTail(last: number): void {
    this.tail.clear(last);
    this.#context.budget.touched(this.tail);
  }

  /** A log is another one when the entry at the tail's end is not in it. That the snapshot is a little older does not make it one. */
  #isRewrite(before: Head | null, head: Head | null): boolean {
    if (before === null || before.last === 0) return false;
    if (head === null) return true;
    const knownEpoch = epochOf(before.epochs, this.tail.last);
    return !head.epochs.some((start) => start.epoch === knownEpoch) || !locate(head, { epoch: knownEpoch, seq: Math.min(this.tail.last, head.last) }).ok;
  }

  /** Finds every reader's place in the log that is there now. A place of the epoch `sure` is in it, though the head be too old to know. */
  #move(sure?: string): void {
    const moved: MovedReader<R>[] = [];
    for (const reader of this.readers) {
      const cursor = parsePosition(reader.position) ?? originCursor;
      const located = cursor.epoch === sure ? null : this.locate(cursor);
      if (located?.ok === false) moved.push({ reader, reason: located.reason, after: located.continueAfter });
    }
    this.#context.rewritten(this, moved);
    this.#context.dirty(this);
  }

  /** Takes what a page read knew of the head: retention may have moved on. */
  learn(head: Head | null): void {
    if (head !== null && this.#head !== null && head.firstPrev > this.#head.firstPrev) {
      this.#head = { ...this.#head, firstPrev: head.firstPrev };
    }
  }

  /** A live event of the engine. */
  take(event: LiveEvent): void {
    switch (event.type) {
      case "appended":
        for (const entry of event.entries) this.#takeEntry(entry);
        return;
      case "hint":
        if (event.last > this.#seen) this.#seen = event.last;
        if (event.last > this.tail.last) this.doubt();
        return;
      case "closed":
        if (this.#loaded && this.#head !== null && this.tail.last === event.last) {
          this.#head = { ...this.#head, closed: true };
          this.#context.dirty(this);
        } else this.doubt();
        return;
      case "suspect":
        this.doubt();
        return;
      default:
        event satisfies never;
    }
  }

  #takeEntry(entry: Entry): void {
    if (entry.seq > this.#seen) this.#seen = entry.seq;
    if (!this.#loaded) return; // The head that is being read covers it, or `#seen` says that it does not.
    const known = this.#head?.epochs.some((start) => start.epoch === entry.epoch) ?? false;
    if (entry.seq <= this.tail.last && known) return; // Late or doubled.
    const head = this.#head;
    const epochs = head?.epochs ?? [];
    // A new epoch means a new start of the engine. Where events may be late, it may be one over another copy of the log,
    // whose entry only happens to follow the same number.
    const isForeign = this.tail.last > 0 && epochs.at(-1)?.epoch !== entry.epoch && this.#context.engine.caps.staleMsMax > 0;
    if (entry.prev !== this.tail.last || isForeign) {
      this.doubt();
      return;
    }
    const prevEpoch = epochOf(epochs, entry.prev);
    this.#head = {
      epochs: epochs.at(-1)?.epoch === entry.epoch ? epochs : [...epochs, { epoch: entry.epoch, firstSeq: entry.seq, prev: entry.prev }],
      last: entry.seq,
      firstPrev: head?.firstPrev ?? 0,
      entries: (head?.entries ?? 0) + 1,
      bytes: (head?.bytes ?? 0) + entry.payload.length,
      closed: false,
    };
    this.tail.append(entry, prevEpoch);
    this.#context.budget.touched(this.tail);
    this.#context.dirty(this);
  }

  /** Something may have been missed: the log decides. Doubts while one is being settled lead to one more reading. */
  doubt(): void {
    this.#context.counters.tailDoubts++;
    this.#doubted = true;
    if (!this.#settling) void this.#settle();
  }

  async #settle(): Promise<void> {
    this.#settling = true;
    // A reading that began before the doubt may be older than what caused it.
    await this.#loading?.catch(() => undefined);
    while (this.#doubted && !this.#released) {
      this.#doubted = false;
      try {
        await this.refresh();
      } catch {
        // The engine is busy or failing, which its health and counters say; readers keep their places meanwhile.
        this.#doubted = true;
        await this.#pause(reloadRetryMs);
      }
      if (this.#doubted) await this.#pause(settlePauseMs);
    }
    this.#settling = false;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#context.env.clock.after(ms, resolve));
  }

  addReader(reader: R): void {
    this.readers.add(reader);
  }

  /** Takes a reader out of the ready array without disturbing a pass that is under way. */
  unready(reader: R): void {
    let hole = reader.index;
    if (hole < 0) return;
    reader.index = -1;
    const { ready } = this;
    if (hole < this.passIndex) {
      // The hole is in the part already visited: fill it from that part, and the new hole from the end.
      this.passIndex--;
      hole = this.#fill(hole, this.passIndex);
    }
    this.#fill(hole, ready.length - 1);
    ready.length--;
  }

  #fill(hole: number, from: number): number {
    const mover = this.ready[from] as R;
    if (hole !== from) {
      this.ready[hole] = mover;
      mover.index = hole;
    }
    return from;
  }

  makeReady(reader: R): void {
    reader.index = this.ready.length;
    this.ready.push(reader);
  }

  /** Stops listening and frees the tail. The stream must have no readers. */
  release(): void {
    this.#released = true;
    this.#interest?.close();
    this.#interest = null;
    this.tail.clear();
    this.#context.budget.forget(this.tail);
  }
}
