/**
 * The one writer of the database: transactions, their outcomes, retention passes, checkpoints. Runs in its own thread.
 * After an error that leaves a commit in doubt it never writes again: a sync that failed once may "succeed" when repeated, with the data lost.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AppendRefusal } from "../../engine.ts";
import type { EngineOptions } from "../options.ts";
import { retentionFor } from "../retention.ts";
import { decodeBatch, type EncodedOutcomes, encodeOutcomes, type Outcome } from "../sqlite-wire.ts";
import { Appender, type CommitTime, idleMs, type WriterTables } from "./sqlite-append.ts";
import { asFailure, openWriter, type WriterFile } from "./sqlite-file.ts";
import type { ThreadSetup } from "./sqlite-messages.ts";
import { Passer, type PassResult } from "./sqlite-pass.ts";
import { DedupeTable, ProducerTable } from "./sqlite-producers.ts";
import { StreamTable } from "./sqlite-streams.ts";
import { dueMs, Trimmer } from "./sqlite-trim.ts";

/** How a transaction ended. Only after `unknown` may what it wrote be there or not; after the others it is certain. */
type Ended = { readonly type: "committed" } | { readonly type: "busy" | "full" | "failed" | "unknown"; readonly detail: string };

/** Outcomes of a commit, and how long until something that it touched is due for a pass. */
export interface Committed {
  readonly outcomes: EncodedOutcomes;
  readonly dueMs: number | null;
}

/** Engine starts listed in the table `run`, for people who look into the file. */
const runsMax = 1_000;

/** Payload and row bytes after which the write-ahead log is copied into the database: enough to copy a busy page once and not after each commit. */
const checkpointBytes = 16_777_216;
/** What a touched row costs in the log when it shares its page with nothing else. */
const pageBytes = 4_096;

const sqliteBusy = 5;
const sqliteFull = 13;

export class SqliteWriter {
  readonly #file: WriterFile;
  readonly #db: DatabaseSync;
  readonly #options: EngineOptions;
  readonly #tables: WriterTables;
  readonly #appender: Appender;
  readonly #trimmer: Trimmer;
  readonly #passer: Passer;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #checkpoint: { readonly passive: StatementSync; readonly restart: StatementSync };
  /** Added to the main thread's monotonic time, gives a clock that goes on across restarts and ignores jumps of the wall clock. */
  readonly #clockOffsetMs: number;
  #uncheckpointedBytes = 0;
  #failure: string | null = null;

  /** Takes over an open file and makes the run's epoch durable. Throws when it cannot. */
  private constructor(file: WriterFile, setup: ThreadSetup) {
    this.#options = setup.options;
    this.#file = file;
    const db = file.db;
    this.#db = db;
    const retentionOf = retentionFor(setup.policies, setup.options);
    const streams = new StreamTable(db, retentionOf);
    this.#tables = { streams, producers: new ProducerTable(db, setup.options.producerRequestsMax), dedupe: new DedupeTable(db, setup.options.dedupeWindowMs) };
    this.#appender = new Appender(db, this.#tables, setup.options, setup.epoch);
    this.#trimmer = new Trimmer(db, streams, setup.options.epochsMax);
    this.#passer = new Passer(db, this.#tables, this.#trimmer, this.#appender, setup.options, retentionOf);
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#rollback = db.prepare("ROLLBACK");
    this.#checkpoint = { passive: db.prepare("PRAGMA wal_checkpoint(PASSIVE)"), restart: db.prepare("PRAGMA wal_checkpoint(RESTART)") };
    const { producers, dedupe } = this.#tables;
    const touched = db.prepare("SELECT coalesce(max(touched_ms), 0) AS ms FROM stream").get();
    const newestMs = Math.max(producers.newestMs, dedupe.newestMs, Number(touched?.["ms"]));
    this.#clockOffsetMs = Math.max(setup.wallMs, newestMs) - setup.monoMs;
    db.prepare("INSERT INTO run (epoch, started_ms) VALUES (?, ?)").run(setup.epoch, setup.wallMs);
    db.prepare("DELETE FROM run WHERE id <= (SELECT max(id) FROM run) - ?").run(runsMax);
  }

  /** Opens the file and makes the run's epoch durable. Throws a HoldfastError when it cannot; then nothing stays open. */
  static open(setup: ThreadSetup): SqliteWriter {
    const file = openWriter(setup.path, setup.options);
    try {
      return new SqliteWriter(file, setup);
    } catch (error) {
      file.close();
      throw asFailure(error, `${setup.path} cannot be used`);
    }
  }

  /** Why nothing is written any more; null while all is well. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Applies all appends of a block in one transaction. */
  commit(block: ArrayBuffer, wallMs: number, monoMs: number): Committed {
    const requests = decodeBatch(block);
    const time: CommitTime = { wallMs, clockMs: this.#clockMs(monoMs) };
    const outcomes: Outcome[] = [];
    let dueMs: number | null = null;
    const ended = this.#transact(() => {
      for (const request of requests) outcomes.push(this.#appender.apply(request, time));
      dueMs = this.#keepLimits(time);
    });
    if (ended.type === "committed") {
      this.#uncheckpointedBytes += block.byteLength;
      return { outcomes: encodeOutcomes(outcomes), dueMs };
    }
    const refusal = refusalOf(ended);
    // What was refused stays refused; what was accepted, or not yet judged, shares the fate of the transaction.
    const all = requests.map((_, i): Outcome => {
      const outcome = outcomes[i];
      return outcome?.kind === "refused" ? outcome : refusal;
    });
    return { outcomes: encodeOutcomes(all), dueMs: null };
  }

  /** One bounded step of a retention pass. */
  pass(wallMs: number, monoMs: number): PassResult {
    const time: CommitTime = { wallMs, clockMs: this.#clockMs(monoMs) };
    const { result, work } = this.#passer.plan(time);
    if (work === null) return result;
    let worked = result;
    const ended = this.#transact(() => {
      worked = work();
    });
    if (ended.type === "committed") {
      this.#passer.committed();
      return worked;
    }
    this.#passer.rolledBack();
    // A full disk or a foreign lock may be over later; a failure ends all passes.
    return { again: false, dueMs: ended.type === "full" || ended.type === "busy" ? this.#options.retentionPassMs : null };
  }

  /** Copies the write-ahead log into the database when it has grown; called between commits, after their answers have left. */
  checkpointWhenDue(): void {
    if (this.#failure !== null || this.#uncheckpointedBytes < checkpointBytes) return;
    try {
      const { log } = this.#checkpoint.passive.get() as { log: number };
      // Readers that follow one another without a pause keep the log from starting over: then wait for such a pause.
      if (log * pageBytes > this.#options.walBytesMax) this.#checkpoint.restart.get();
      this.#uncheckpointedBytes = 0;
    } catch (error) {
      const code = primaryCode(error);
      if (code !== sqliteFull && code !== sqliteBusy) this.#failure = `The write-ahead log could not be copied into the database: ${textOf(error)}`;
    }
  }

  close(): void {
    this.#file.close();
  }

  #clockMs(monoMs: number): number {
    return Math.floor(this.#clockOffsetMs + monoMs);
  }

  /** Cuts back what is far past its limits. Returns how long until something touched is due for a pass. */
  #keepLimits({ wallMs, clockMs }: CommitTime): number | null {
    const { streams, producers, dedupe } = this.#tables;
    let due = Number.POSITIVE_INFINITY;
    for (const state of streams.touched()) {
      if (this.#trimmer.isFarOver(state)) this.#trimmer.trim(state, wallMs);
      due = Math.min(due, state.entries === 0 ? idleMs(this.#options) : dueMs(state) - wallMs);
    }
    if (dedupe.oldestMs !== null) due = Math.min(due, dedupe.oldestMs + this.#options.dedupeWindowMs - clockMs);
    if (producers.oldestMs !== null) due = Math.min(due, producers.oldestMs + this.#options.producerExpiryMs - clockMs);
    return due === Number.POSITIVE_INFINITY ? null : Math.max(0, due);
  }

  #transact(work: () => void): Ended {
    if (this.#failure !== null) return { type: "failed", detail: this.#failure };
    try {
      this.#begin.run();
      work();
      const { streams, producers } = this.#tables;
      this.#uncheckpointedBytes += pageBytes * (streams.flush() + producers.flush());
    } catch (error) {
      this.#undo();
      return this.#ended(error, false);
    }
    try {
      this.#commit.run();
    } catch (error) {
      this.#undo();
      return this.#ended(error, true);
    }
    for (const table of Object.values(this.#tables)) table.committed();
    return { type: "committed" };
  }

  #undo(): void {
    for (const table of Object.values(this.#tables)) table.rolledBack();
    // SQLite has ended the transaction by itself after some errors.
    if (!this.#db.isTransaction) return;
    try {
      this.#rollback.run();
    } catch (error) {
      this.#failure = `A transaction could not be rolled back: ${textOf(error)}`;
    }
  }

  /** Judges an error. A full disk shows while writing, before the commit record is complete: nothing of the transaction counts. */
  #ended(error: unknown, atCommit: boolean): Ended {
    const code = primaryCode(error);
    const detail = textOf(error);
    if (code === sqliteFull && this.#failure === null) return { type: "full", detail };
    if (code === sqliteBusy && !atCommit && this.#failure === null) return { type: "busy", detail };
    this.#failure ??= atCommit ? `A commit failed: ${detail}` : `A write failed: ${detail}`;
    return { type: atCommit ? "unknown" : "failed", detail };
  }
}

const refusals = { busy: "engine_busy", full: "storage_full", failed: "storage_failed", unknown: "unknown_outcome" } as const satisfies Record<
  string,
  AppendRefusal
>;
const busyAfterMs = 500;

function refusalOf(ended: Exclude<Ended, { type: "committed" }>): Outcome {
  const code = refusals[ended.type];
  return { kind: "refused", code, message: ended.detail, ...(code === "engine_busy" || code === "storage_full" ? { afterMs: busyAfterMs } : undefined) };
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** SQLite's result code without its extension; null for an error that is not SQLite's. */
function primaryCode(error: unknown): number | null {
  const code = error instanceof Error && "errcode" in error ? error.errcode : null;
  return typeof code === "number" ? code & 255 : null;
}
