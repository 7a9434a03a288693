/**
 * The streams as the writer knows them: a bounded cache over the tables `stream` and `epoch`, written back once per commit.
 * What a transaction changed is either flushed and kept, or undone as if it had never been.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { EpochStart, Retention } from "../../engine.ts";
import { prepareRows } from "./sqlite-file.ts";

/** One stream's row, its epochs, and its limits. Change it only after `touch`. */
export interface StreamState {
  readonly id: number;
  readonly name: string;
  readonly retention: Retention;
  last: number;
  firstPrev: number;
  entries: number;
  bytes: number;
  closed: boolean;
  /** Wall-clock time of the oldest entry held; 0 without entries. */
  oldestMs: number;
  /** The engine's clock at the last append. */
  touchedMs: number;
  epochs: EpochStart[];
}

/** Streams kept in memory at once, beside those of the transaction at hand. */
const cachedMax = 16_384;

type Numbers = readonly (number | string)[];

export class StreamTable {
  readonly #retentionOf: (stream: string) => Retention;
  readonly #cache = new Map<string, StreamState>();
  /** What the transaction changed: as it was before, or null when it was made in it. */
  readonly #touched = new Map<StreamState, StreamState | null>();
  readonly #byName: StatementSync;
  readonly #epochsOf: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #insertEpoch: StatementSync;
  readonly #deleteEpochs: StatementSync;
  readonly #deletes: readonly StatementSync[];
  #nextId: number;
  #count: number;

  constructor(db: DatabaseSync, retentionOf: (stream: string) => Retention) {
    this.#retentionOf = retentionOf;
    this.#byName = prepareRows(db, "SELECT id, last, first_prev, entries, bytes, closed, oldest_ms, touched_ms FROM stream WHERE name = ?");
    this.#epochsOf = prepareRows(db, "SELECT first_seq, epoch FROM epoch WHERE stream_id = ? ORDER BY first_seq");
    this.#insert = db.prepare(
      "INSERT INTO stream (id, name, last, first_prev, entries, bytes, closed, oldest_ms, touched_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#update = db.prepare("UPDATE stream SET last = ?, first_prev = ?, entries = ?, bytes = ?, closed = ?, oldest_ms = ?, touched_ms = ? WHERE id = ?");
    this.#insertEpoch = db.prepare("INSERT INTO epoch (stream_id, first_seq, epoch) VALUES (?, ?, ?)");
    this.#deleteEpochs = db.prepare("DELETE FROM epoch WHERE stream_id = ? AND first_seq < ?");
    this.#deletes = ["DELETE FROM stream WHERE id = ?", "DELETE FROM epoch WHERE stream_id = ?"].map((sql) => db.prepare(sql));
    const row = prepareRows(db, "SELECT coalesce(max(id), 0), count(*) FROM stream").get() as unknown as readonly [number, number];
    this.#nextId = row[0] + 1;
    this.#count = row[1];
  }

  /** Streams that exist. */
  get count(): number {
    return this.#count;
  }

  get(name: string): StreamState | null {
    return this.#cache.get(name) ?? this.#load(name);
  }

  /** Makes a stream; part of the transaction. */
  create(name: string, touchedMs: number): StreamState {
    const state: StreamState = {
      id: this.#nextId++,
      name,
      retention: this.#retentionOf(name),
      last: 0,
      firstPrev: 0,
      entries: 0,
      bytes: 0,
      closed: false,
      oldestMs: 0,
      touchedMs,
      epochs: [],
    };
    this.#cache.set(name, state);
    this.#touched.set(state, null);
    this.#count++;
    return state;
  }

  /** Announces a change: remembers what the stream was, once per transaction. */
  touch(state: StreamState): void {
    if (!this.#touched.has(state)) this.#touched.set(state, { ...state, epochs: [...state.epochs] });
  }

  /** The streams that the transaction has touched so far. */
  touched(): Iterable<StreamState> {
    return this.#touched.keys();
  }

  /** Writes an epoch's begin. Its removal is left to `dropEpochs`. */
  startEpoch(state: StreamState, epoch: string, firstSeq: number): void {
    state.epochs.push({ epoch, firstSeq, prev: firstSeq - 1 });
    this.#insertEpoch.run(state.id, firstSeq, epoch);
  }

  /** Forgets the epochs that lie wholly before `firstPrev`. */
  dropEpochs(state: StreamState): void {
    const kept = state.epochs.findLastIndex((start) => start.firstSeq <= state.firstPrev);
    if (kept <= 0) return;
    state.epochs = state.epochs.slice(kept);
    this.#deleteEpochs.run(state.id, (state.epochs[0] as EpochStart).firstSeq);
  }

  /** Removes a stream that holds nothing; part of the transaction. The caller drops it from the cache when that is committed. */
  remove(id: number): void {
    for (const statement of this.#deletes) statement.run(id);
  }

  /** A removed stream is gone from the file now. */
  removed(name: string): void {
    this.#cache.delete(name);
    this.#count--;
  }

  /** Writes the rows of all streams touched; part of the transaction. Returns their count. */
  flush(): number {
    for (const [state, before] of this.#touched) {
      const row: Numbers = [state.last, state.firstPrev, state.entries, state.bytes, state.closed ? 1 : 0, state.oldestMs, state.touchedMs];
      if (before === null) this.#insert.run(state.id, state.name, ...row);
      else this.#update.run(...row, state.id);
    }
    return this.#touched.size;
  }

  committed(): void {
    this.#touched.clear();
    for (const name of this.#cache.keys()) {
      if (this.#cache.size <= cachedMax) break;
      this.#cache.delete(name);
    }
  }

  rolledBack(): void {
    for (const [state, before] of this.#touched) {
      if (before !== null) Object.assign(state, before);
      else {
        this.#cache.delete(state.name);
        this.#count--;
      }
    }
    this.#touched.clear();
  }

  #load(name: string): StreamState | null {
    const row = this.#byName.get(name) as unknown as readonly number[] | undefined;
    if (row === undefined) return null;
    const [id, last, firstPrev, entries, bytes, closed, oldestMs, touchedMs] = row as [number, number, number, number, number, number, number, number];
    const rows = this.#epochsOf.all(id) as unknown as readonly (readonly [number, string])[];
    const epochs = rows.map(([firstSeq, epoch]) => ({ epoch, firstSeq, prev: firstSeq - 1 }));
    const state: StreamState = {
      id,
      name,
      retention: this.#retentionOf(name),
      last,
      firstPrev,
      entries,
      bytes,
      closed: closed === 1,
      oldestMs,
      touchedMs,
      epochs,
    };
    this.#cache.set(name, state);
    return state;
  }
}
