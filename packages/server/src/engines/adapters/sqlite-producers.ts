/**
 * Producers and dedupe keys as the writer knows them: all of them in memory, in the order in which they expire, over the tables
 * `producer` and `dedupe`. A producer's row is written once per commit, however many requests it had in it.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { RequestRing, type RequestSpan } from "../request-ring.ts";
import { prepareRows } from "./sqlite-file.ts";

/** What is known of one producer in one stream. */
interface ProducerState {
  readonly streamId: number;
  readonly id: string;
  epoch: number;
  seq: number;
  touchedMs: number;
}

/** Producers whose positions are kept decoded. Others are read back when they publish again. */
const ringsMax = 4_096;

/** Rows removed in one transaction. */
export const expiredMax = 1_000;

const keyOf = (streamId: number, text: string): string => `${streamId}/${text}`;

export class ProducerTable {
  readonly #requestsMax: number;
  /** Longest untouched first. */
  readonly #all = new Map<string, ProducerState>();
  /** Least recently used first. */
  readonly #rings = new Map<ProducerState, RequestRing>();
  /** What the transaction changed: as it was before, or null when it is new. */
  readonly #touched = new Map<ProducerState, ProducerState | null>();
  readonly #requestsOf: StatementSync;
  readonly #replace: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, requestsMax: number) {
    this.#requestsMax = requestsMax;
    this.#requestsOf = prepareRows(db, "SELECT requests FROM producer WHERE stream_id = ? AND producer = ?");
    this.#replace = db.prepare("INSERT OR REPLACE INTO producer (stream_id, producer, epoch, seq, touched_ms, requests) VALUES (?, ?, ?, ?, ?, ?)");
    this.#delete = db.prepare("DELETE FROM producer WHERE stream_id = ? AND producer = ?");
    const rows = prepareRows(db, "SELECT stream_id, producer, epoch, seq, touched_ms FROM producer ORDER BY touched_ms");
    for (const row of rows.iterate()) {
      const [streamId, id, epoch, seq, touchedMs] = row as unknown as [number, string, number, number, number];
      this.#all.set(keyOf(streamId, id), { streamId, id, epoch, seq, touchedMs });
    }
  }

  get count(): number {
    return this.#all.size;
  }

  /** When the producer that has been silent for longest was last heard; null without any. */
  get oldestMs(): number | null {
    for (const { touchedMs } of this.#all.values()) return touchedMs;
    return null;
  }

  get newestMs(): number {
    let newest = 0;
    for (const { touchedMs } of this.#all.values()) newest = Math.max(newest, touchedMs);
    return newest;
  }

  get(streamId: number, id: string): ProducerState | undefined {
    return this.#all.get(keyOf(streamId, id));
  }

  /** What the request with this seq, at or before the newest, had added; null when that is not remembered. */
  spanOf(known: ProducerState, seq: number): RequestSpan | null {
    return this.#ringOf(known).at(known.seq - seq);
  }

  /** Records an accepted request; part of the transaction. */
  accept(streamId: number, id: string, epoch: number, seq: number, span: RequestSpan, nowMs: number): void {
    const key = keyOf(streamId, id);
    const known = this.#all.get(key);
    const state: ProducerState = known ?? { streamId, id, epoch, seq, touchedMs: nowMs };
    if (!this.#touched.has(state)) this.#touched.set(state, known === undefined ? null : { ...known });
    if (known === undefined || known.epoch !== epoch) this.#rings.set(state, new RequestRing(this.#requestsMax));
    this.#ringOf(state).add(span.first, span.count);
    state.epoch = epoch;
    state.seq = seq;
    state.touchedMs = nowMs;
    // Taken out first, so that the map stays in the order of touch.
    this.#all.delete(key);
    this.#all.set(key, state);
  }

  /** Removes some of those that have been silent since before `beforeMs`; part of the transaction. Returns their count. */
  expire(beforeMs: number): number {
    let removed = 0;
    for (const [key, { streamId, id, touchedMs }] of this.#all) {
      if (touchedMs > beforeMs || removed === expiredMax) break;
      this.#delete.run(streamId, id);
      this.#all.delete(key);
      removed++;
    }
    return removed;
  }

  /** Writes the rows of all producers that published; part of the transaction. Returns their count. */
  flush(): number {
    for (const state of this.#touched.keys()) {
      this.#replace.run(state.streamId, state.id, state.epoch, state.seq, state.touchedMs, this.#ringOf(state).encode());
    }
    return this.#touched.size;
  }

  committed(): void {
    this.#touched.clear();
    for (const state of this.#rings.keys()) {
      if (this.#rings.size <= ringsMax) break;
      this.#rings.delete(state);
    }
  }

  rolledBack(): void {
    for (const [state, before] of this.#touched) {
      this.#rings.delete(state);
      if (before === null) this.#all.delete(keyOf(state.streamId, state.id));
      else Object.assign(state, before);
    }
    this.#touched.clear();
  }

  #ringOf(state: ProducerState): RequestRing {
    const kept = this.#rings.get(state);
    if (kept !== undefined) {
      this.#rings.delete(state);
      this.#rings.set(state, kept);
      return kept;
    }
    const row = this.#requestsOf.get(state.streamId, state.id) as unknown as readonly [Uint8Array] | undefined;
    const ring = row === undefined ? new RequestRing(this.#requestsMax) : RequestRing.decode(row[0], this.#requestsMax);
    this.#rings.set(state, ring);
    return ring;
  }
}

/** What a dedupe key added when it was first used. */
interface KeyState extends RequestSpan {
  readonly streamId: number;
  readonly text: string;
  readonly atMs: number;
}

export class DedupeTable {
  readonly #windowMs: number;
  /** Oldest first. */
  readonly #all = new Map<string, KeyState>();
  readonly #added: string[] = [];
  readonly #replace: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, windowMs: number) {
    this.#windowMs = windowMs;
    this.#replace = db.prepare("INSERT OR REPLACE INTO dedupe (stream_id, key, first, count, at_ms) VALUES (?, ?, ?, ?, ?)");
    this.#delete = db.prepare("DELETE FROM dedupe WHERE stream_id = ? AND key = ?");
    const rows = prepareRows(db, "SELECT stream_id, key, first, count, at_ms FROM dedupe ORDER BY at_ms");
    for (const row of rows.iterate()) {
      const [streamId, text, first, count, atMs] = row as unknown as [number, string, number, number, number];
      this.#all.set(keyOf(streamId, text), { streamId, text, first, count, atMs });
    }
  }

  get count(): number {
    return this.#all.size;
  }

  /** When the oldest key was used; null without any. */
  get oldestMs(): number | null {
    for (const { atMs } of this.#all.values()) return atMs;
    return null;
  }

  get newestMs(): number {
    let newest = 0;
    for (const { atMs } of this.#all.values()) newest = Math.max(newest, atMs);
    return newest;
  }

  /** What the key added, when it was used within the window. */
  get(streamId: number, text: string, nowMs: number): RequestSpan | undefined {
    const known = this.#all.get(keyOf(streamId, text));
    return known === undefined || nowMs - known.atMs >= this.#windowMs ? undefined : known;
  }

  /** Records a key; part of the transaction. */
  accept(streamId: number, text: string, span: RequestSpan, nowMs: number): void {
    const key = keyOf(streamId, text);
    this.#all.delete(key);
    this.#all.set(key, { streamId, text, ...span, atMs: nowMs });
    this.#added.push(key);
    this.#replace.run(streamId, text, span.first, span.count, nowMs);
  }

  /** Removes some of those whose window is over; part of the transaction. Returns their count. */
  expire(nowMs: number): number {
    let removed = 0;
    for (const [key, { streamId, text, atMs }] of this.#all) {
      if (nowMs - atMs < this.#windowMs || removed === expiredMax) break;
      this.#delete.run(streamId, text);
      this.#all.delete(key);
      removed++;
    }
    return removed;
  }

  committed(): void {
    this.#added.length = 0;
  }

  rolledBack(): void {
    for (const key of this.#added) this.#all.delete(key);
    this.#added.length = 0;
  }
}
