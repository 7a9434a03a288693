/**
 * One stream's log as the protocol means it, in memory: positions, gaps, producers. The truth against which clients are judged.
 * It must share no code with the client.
 */
import type { Code, From, GapReason, ProducerTuple } from "@holdfast/protocol";
import { formatPosition, origin, parsePosition } from "@holdfast/protocol";

export interface ModelEntry {
  readonly position: string;
  readonly prev: string;
  readonly seq: number;
  readonly payload: string;
}
export type Answer = { readonly position: string; readonly duplicate: boolean } | { readonly code: Code };
export type Start = { readonly position: string; readonly gap: { readonly reason: GapReason; readonly after: string } | null };

interface Producer {
  epoch: number;
  positions: string[];
}

export class ModelLog {
  entries: ModelEntry[] = [];
  /** Every entry that was ever there. */
  readonly all: ModelEntry[] = [];
  /** The place before the oldest entry held. */
  firstPrev: string = origin;
  isClosed = false;
  readonly #producers = new Map<string, Producer>();
  readonly #deduped = new Map<string, string>();
  /** Which epoch wrote an entry: by its number. A position is valid when its epoch wrote its number. */
  readonly #epochOf = new Map<number, string>();

  get head(): string {
    return this.entries.at(-1)?.position ?? this.firstPrev;
  }

  append(epoch: string, payload: string | null, close: boolean, producer: ProducerTuple | undefined, dedupeKey: string | undefined): Answer {
    if (producer !== undefined) {
      const known = this.#producers.get(producer.id) ?? { epoch: producer.epoch, positions: [] };
      if (producer.epoch < known.epoch) return { code: "fenced" };
      const positions = producer.epoch > known.epoch ? [] : known.positions;
      const before = positions[producer.seq];
      if (before !== undefined) return { position: before, duplicate: true };
      if (producer.seq > positions.length) return { code: "out_of_order" };
      if (this.isClosed) return { code: "stream_closed" };
      const position = this.#write(epoch, payload, close);
      this.#producers.set(producer.id, { epoch: producer.epoch, positions: [...positions, position] });
      return { position, duplicate: false };
    }
    const before = dedupeKey === undefined ? undefined : this.#deduped.get(dedupeKey);
    if (before !== undefined) return { position: before, duplicate: true };
    if (this.isClosed) return { code: "stream_closed" };
    const position = this.#write(epoch, payload, close);
    if (dedupeKey !== undefined) this.#deduped.set(dedupeKey, position);
    return { position, duplicate: false };
  }

  #write(epoch: string, payload: string | null, close: boolean): string {
    if (payload !== null) {
      const prev = this.head;
      const seq = (parsePosition(prev)?.seq ?? 0) + 1;
      const entry = { position: formatPosition(epoch, seq), prev, seq, payload };
      this.#epochOf.set(seq, epoch);
      this.entries.push(entry);
      this.all.push(entry);
    }
    if (close) this.isClosed = true;
    return this.head;
  }

  /** Forgets the oldest entries. */
  trim(count: number): void {
    const trimmed = this.entries.splice(0, count).at(-1);
    if (trimmed !== undefined) this.firstPrev = trimmed.position;
  }

  /** An old copy is restored: the newest entries are gone, and what producers had been told of them. */
  fork(count: number): void {
    for (const { seq } of this.entries.splice(Math.max(0, this.entries.length - count))) this.#epochOf.delete(seq);
    const isHeld = (position: string): boolean => this.entries.some((entry) => entry.position === position) || this.#isTrimmed(position);
    for (const producer of this.#producers.values()) producer.positions = producer.positions.filter(isHeld);
    for (const [key, position] of this.#deduped) if (!isHeld(position)) this.#deduped.delete(key);
    this.isForked = true;
  }
  isForked = false;

  /** The entries of the log as it is, those that were trimmed included as far as no old copy was restored. */
  get written(): readonly ModelEntry[] {
    return this.isForked ? this.entries : this.all;
  }

  #isTrimmed(position: string): boolean {
    return (parsePosition(position)?.seq ?? 0) <= (parsePosition(this.firstPrev)?.seq ?? 0);
  }

  /** Where a subscription begins, and the gap that comes first. */
  start(from: From): Start {
    if (from === "now") return { position: this.head, gap: null };
    if (from === "first") return { position: this.firstPrev, gap: null };
    if ("last" in from) return { position: this.entries.at(-from.last - 1)?.position ?? this.firstPrev, gap: null };
    return { position: from.after, gap: this.gapAt(from.after) };
  }

  gapAt(position: string): { readonly reason: GapReason; readonly after: string } | null {
    const cursor = parsePosition(position);
    if (cursor === null) throw new Error(`not a position: ${position}`);
    const first = parsePosition(this.firstPrev)?.seq ?? 0;
    const head = parsePosition(this.head)?.seq ?? 0;
    if (cursor.seq > head) return { reason: "ahead", after: this.head };
    if (cursor.seq > 0 && this.#epochOf.get(cursor.seq) !== cursor.epoch) return { reason: "epoch", after: this.firstPrev };
    return cursor.seq < first ? { reason: "trimmed", after: this.firstPrev } : null;
  }

  /** The entries after a valid position. */
  after(position: string, most: number): ModelEntry[] {
    const seq = parsePosition(position)?.seq ?? 0;
    const at = this.entries.findIndex((entry) => entry.seq > seq);
    return at < 0 ? [] : this.entries.slice(at, at + most);
  }
}
