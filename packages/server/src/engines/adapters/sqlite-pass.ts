/**
 * The retention pass: walks all streams in steps, so that no commit waits for more than one step, and removes what is past
 * its limits, producers and keys whose time is over, streams that nobody can ask for any more, and free pages of the file.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Retention } from "../../engine.ts";
import type { EngineOptions } from "../options.ts";
import { type Appender, type CommitTime, idleMs, type WriterTables } from "./sqlite-append.ts";
import { expiredMax } from "./sqlite-producers.ts";
import { dueMs, type Trimmer, trimmedMax } from "./sqlite-trim.ts";

/** What a step found. `dueMs`: how long until the next pass; null when nothing is held that could become due. */
export interface PassResult {
  readonly again: boolean;
  readonly dueMs: number | null;
}

/** What a step has to write; null when nothing, so that an idle pass costs no sync. */
export interface PassStep {
  readonly result: PassResult;
  readonly work: (() => PassResult) | null;
}

/** Streams looked at in one step. */
const scannedMax = 500;
/** Pages given back to the file system in one step, while more than a quarter of the file, and not just a little, is free. */
const vacuumPages = 512;
const freePagesMin = 1_024;

interface Row {
  readonly id: number;
  readonly name: string;
  readonly entries: number;
  readonly bytes: number;
  readonly oldestMs: number;
  readonly touchedMs: number;
  readonly retention: Retention;
}

export class Passer {
  readonly #tables: WriterTables;
  readonly #trimmer: Trimmer;
  readonly #appender: Appender;
  readonly #options: EngineOptions;
  readonly #retentionOf: (stream: string) => Retention;
  readonly #db: DatabaseSync;
  readonly #scan: StatementSync;
  readonly #freePages: StatementSync;
  readonly #pages: StatementSync;
  /** Where the next step goes on. */
  #afterId = 0;
  /** The earliest moment found so far at which something is due, by the engine's clock. */
  #soonestMs = Number.POSITIVE_INFINITY;
  #forgotten: string[] = [];

  constructor(
    db: DatabaseSync,
    tables: WriterTables,
    trimmer: Trimmer,
    appender: Appender,
    options: EngineOptions,
    retentionOf: (stream: string) => Retention,
  ) {
    this.#db = db;
    this.#tables = tables;
    this.#trimmer = trimmer;
    this.#appender = appender;
    this.#options = options;
    this.#retentionOf = retentionOf;
    this.#scan = db.prepare("SELECT id, name, entries, bytes, oldest_ms AS oldestMs, touched_ms AS touchedMs FROM stream WHERE id > ? ORDER BY id LIMIT ?");
    this.#freePages = db.prepare("PRAGMA freelist_count");
    this.#pages = db.prepare("PRAGMA page_count");
  }

  /** Looks for what the next step has to do; writes nothing. */
  plan(time: CommitTime): PassStep {
    const rows = this.#scan
      .all(this.#afterId, scannedMax)
      .map((row) => ({ ...(row as unknown as Omit<Row, "retention">), retention: this.#retentionOf(String(row["name"])) }));
    const due = rows.filter((row) => this.#delayMs(row, time) <= 0);
    for (const row of rows) {
      const delayMs = this.#delayMs(row, time);
      if (delayMs > 0) this.#soonestMs = Math.min(this.#soonestMs, time.clockMs + delayMs);
    }
    const isLast = rows.length < scannedMax;
    const lastId = rows.at(-1)?.id ?? this.#afterId;
    if (due.length === 0 && this.#expiryMs() > time.clockMs && !(isLast && this.#isMuchFree())) {
      return { result: this.#advance(lastId, isLast, time), work: null };
    }
    return { result: { again: true, dueMs: null }, work: () => this.#work(due, lastId, isLast, time) };
  }

  /** The step's transaction is in the file. */
  committed(): void {
    if (this.#forgotten.length > 0) this.#appender.forgetting++;
    for (const name of this.#forgotten) this.#tables.streams.removed(name);
    this.#forgotten = [];
  }

  /** The step's transaction is not in the file: the pass begins anew. */
  rolledBack(): void {
    this.#forgotten = [];
    this.#afterId = 0;
    this.#soonestMs = Number.POSITIVE_INFINITY;
  }

  #work(due: readonly Row[], lastId: number, isLast: boolean, time: CommitTime): PassResult {
    const { producers, dedupe } = this.#tables;
    const expired = Math.max(producers.expire(time.clockMs - this.#options.producerExpiryMs), dedupe.expire(time.clockMs));
    // A stream may go only when none of its producers and keys is left.
    if (expired === expiredMax) return { again: true, dueMs: null };
    let trimmed = 0;
    for (const row of due) {
      if (row.entries === 0) this.#forget(row);
      else trimmed += this.#trim(row, time);
      if (trimmed >= trimmedMax) {
        // This stream may be due still.
        this.#afterId = row.id - 1;
        return { again: true, dueMs: null };
      }
    }
    if (isLast && this.#isMuchFree()) {
      this.#db.exec(`PRAGMA incremental_vacuum(${vacuumPages})`);
      if (this.#isMuchFree()) return { again: true, dueMs: null };
    }
    return this.#advance(lastId, isLast, time);
  }

  #trim(row: Row, time: CommitTime): number {
    const state = this.#tables.streams.get(row.name);
    if (state === null) return 0;
    const trimmed = this.#trimmer.trim(state, time.wallMs);
    this.#soonestMs = Math.min(this.#soonestMs, time.clockMs + Math.max(0, this.#delayMs(state, time)));
    return trimmed;
  }

  #forget({ id, name }: Row): void {
    this.#tables.streams.remove(id);
    this.#forgotten.push(name);
  }

  /** How long until retention concerns the stream, or until it may be forgotten. */
  #delayMs(row: Omit<Row, "id" | "name">, { wallMs, clockMs }: CommitTime): number {
    return row.entries === 0 ? row.touchedMs + idleMs(this.#options) - clockMs : dueMs(row) - wallMs;
  }

  /** When the next producer or key expires, by the engine's clock. */
  #expiryMs(): number {
    const { producers, dedupe } = this.#tables;
    return Math.min(
      (producers.oldestMs ?? Number.POSITIVE_INFINITY) + this.#options.producerExpiryMs,
      (dedupe.oldestMs ?? Number.POSITIVE_INFINITY) + this.#options.dedupeWindowMs,
    );
  }

  #isMuchFree(): boolean {
    const free = Number(this.#freePages.get()?.["freelist_count"]);
    return free >= freePagesMin && free > Number(this.#pages.get()?.["page_count"]) / 4;
  }

  #advance(lastId: number, isLast: boolean, { clockMs }: CommitTime): PassResult {
    this.#afterId = isLast ? 0 : lastId;
    if (!isLast) return { again: true, dueMs: null };
    const soonestMs = Math.min(this.#soonestMs, this.#expiryMs());
    this.#soonestMs = Number.POSITIVE_INFINITY;
    return { again: false, dueMs: Number.isFinite(soonestMs) ? Math.max(0, soonestMs - clockMs) : null };
  }
}
