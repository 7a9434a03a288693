/**
 * Reads pages, heads and lists from the database. Runs in its own thread, so that a long read never delays a commit.
 * Each answer is of one snapshot, and no snapshot outlives its answer: an open one would keep the write-ahead log from being reused.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Head, ListOptions, ReadOptions, StreamInfo } from "../../engine.ts";
import { openReader, prepareRows } from "./sqlite-file.ts";
import type { PageEntry } from "./sqlite-messages.ts";

/** One page as it was found. */
export interface Page {
  readonly head: Head | null;
  readonly entries: readonly PageEntry[];
  readonly more: boolean;
}

interface FoundHead {
  readonly id: number;
  readonly head: Head;
}

type StreamRow = readonly [id: number, name: string, last: number, firstPrev: number, entries: number, bytes: number, closed: number];
type EntryRow = readonly [seq: number, timeMs: number, format: number, key: string | null, payload: Uint8Array];

const streamColumns = "id, name, last, first_prev, entries, bytes, closed";

export class SqliteReader {
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  readonly #stream: StatementSync;
  readonly #epochs: StatementSync;
  readonly #entries: StatementSync;
  readonly #streams: StatementSync;

  constructor(path: string) {
    this.#db = openReader(path);
    this.#begin = this.#db.prepare("BEGIN");
    this.#end = this.#db.prepare("COMMIT");
    this.#stream = prepareRows(this.#db, `SELECT ${streamColumns} FROM stream WHERE name = ?`);
    this.#epochs = prepareRows(this.#db, "SELECT first_seq, epoch FROM epoch WHERE stream_id = ? ORDER BY first_seq");
    this.#entries = prepareRows(
      this.#db,
      "SELECT seq, time_ms, format, key, payload FROM log WHERE stream_id = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
    );
    this.#streams = prepareRows(this.#db, `SELECT ${streamColumns} FROM stream WHERE name > ? AND name >= ? ORDER BY name`);
  }

  page(stream: string, options: ReadOptions): Page {
    return this.#inSnapshot(() => {
      const found = this.#head(stream);
      if (found === null) return { head: null, entries: [], more: false };
      const { id, head } = found;
      const after = "last" in options.from ? Math.max(head.firstPrev, head.last - options.from.last) : options.from.afterSeq;
      const through = Math.min(head.last, options.throughSeq ?? head.last);
      const entries = this.#take(id, Math.max(after, head.firstPrev), through, options);
      const reached = entries.at(-1)?.seq ?? Math.max(after, head.firstPrev);
      return { head, entries, more: reached < through };
    });
  }

  head(stream: string): Head | null {
    return this.#inSnapshot(() => this.#head(stream)?.head ?? null);
  }

  list({ prefix = "", after = "", limit }: ListOptions): readonly StreamInfo[] {
    return this.#inSnapshot(() => {
      const streams: StreamInfo[] = [];
      for (const row of this.#streams.iterate(after, prefix)) {
        const found = row as unknown as StreamRow;
        // In order of bytes the names with a prefix stand together.
        if (streams.length === limit || !found[1].startsWith(prefix)) break;
        streams.push({ stream: found[1], head: this.#headOf(found) });
      }
      return streams;
    });
  }

  close(): void {
    this.#db.close();
  }

  #take(id: number, after: number, through: number, { entriesMax, bytesMax }: ReadOptions): readonly PageEntry[] {
    const entries: PageEntry[] = [];
    let bytes = 0;
    for (const row of this.#entries.iterate(id, after, through, entriesMax)) {
      const [seq, timeMs, format, key, payload] = row as unknown as EntryRow;
      bytes += payload.byteLength;
      if (entries.length > 0 && bytes > bytesMax) break;
      entries.push({ seq, timeMs, format: format === 0 ? "json" : "bytes", payload, ...(key === null ? undefined : { key }) });
    }
    return entries;
  }

  #head(stream: string): FoundHead | null {
    const row = this.#stream.get(stream) as unknown as StreamRow | undefined;
    return row === undefined ? null : { id: row[0], head: this.#headOf(row) };
  }

  #headOf([id, , last, firstPrev, entries, bytes, closed]: StreamRow): Head {
    const rows = this.#epochs.all(id) as unknown as readonly (readonly [number, string])[];
    return { epochs: rows.map(([firstSeq, epoch]) => ({ epoch, firstSeq, prev: firstSeq - 1 })), last, firstPrev, entries, bytes, closed: closed === 1 };
  }

  #inSnapshot<T>(read: () => T): T {
    this.#begin.run();
    try {
      return read();
    } finally {
      // SQLite has ended the transaction by itself after some errors.
      if (this.#db.isTransaction) this.#end.run();
    }
  }
}
