/**
 * Opens the database file: lock, version, settings, schema. Used by both worker threads.
 * It must never let two processes write to one file, and never open a file that it does not understand. Nor may anything in this
 * process open these files by other means than SQLite: the system drops all of a process's locks on a file when any descriptor of it is closed.
 */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { HoldfastError } from "@holdfast/protocol";
import { hasWalResetFix } from "../sqlite-version.ts";
import { applicationId, schema, schemaVersion } from "./sqlite-schema.ts";

/** Sizes that the file is opened with. */
export interface FileLimits {
  readonly fileBytesMax: number;
  readonly walBytesMax: number;
}

/** The writer's connection, and the lock that makes this process the only one that has one. */
export interface WriterFile {
  readonly db: DatabaseSync;
  close(): void;
}

/** How long a statement waits for a foreign program that holds the file's lock, a backup tool for example. */
const busyTimeoutMs = 1_000;
const cacheKibibytes = 16_384;

/** Opens for writing; makes the file and its schema when there is none. Throws a HoldfastError `storage_failed` that says why it cannot. */
export function openWriter(path: string, limits: FileLimits): WriterFile {
  const real = realPath(path);
  const lock = lockFile(`${real}.lock`, path);
  try {
    const db = new DatabaseSync(real, { timeout: busyTimeoutMs });
    try {
      prepare(db, path, limits);
    } catch (error) {
      db.close();
      throw error;
    }
    return {
      db,
      close: () => {
        db.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw asFailure(error, `${path} cannot be opened`);
  }
}

/** Opens for reading what `openWriter` has made. */
export function openReader(path: string): DatabaseSync {
  const db = new DatabaseSync(realPath(path), { readOnly: true, timeout: busyTimeoutMs });
  db.exec(`PRAGMA query_only=ON; PRAGMA cache_size=-${cacheKibibytes}; PRAGMA trusted_schema=OFF`);
  return db;
}

/** Prepares a statement whose rows are arrays: cheaper than objects, by the time of a property each. */
export function prepareRows(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

/** Makes any error a `storage_failed`. */
export function asFailure(error: unknown, what: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  return new HoldfastError("storage_failed", `${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

/** The file itself, so that two names of one file share one lock. */
function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const folder = dirname(path);
  if (!existsSync(folder)) throw new HoldfastError("storage_failed", `The folder of ${path} does not exist`);
  return join(realpathSync(folder), basename(path));
}

/**
 * The lock is an open exclusive transaction on a small file beside the database: the system frees it when the process dies,
 * however it dies. The database's own exclusive mode would shut out the reader thread.
 */
function lockFile(lockPath: string, path: string): DatabaseSync {
  const lock = new DatabaseSync(lockPath, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    throw new HoldfastError("storage_failed", `Another process writes to ${path}, or cannot be told from one: ${lockPath} is locked`, { cause: error });
  }
}

function prepare(db: DatabaseSync, path: string, { fileBytesMax, walBytesMax }: FileLimits): void {
  const version = db.prepare("SELECT sqlite_version() AS version").get()?.["version"];
  if (!hasWalResetFix(String(version))) {
    throw new HoldfastError("storage_failed", `SQLite ${String(version)} can corrupt a write-ahead log; 3.51.3, or 3.53.0 and newer, cannot. Use a newer Node`);
  }
  checkIdentity(db, path);
  // Vacuuming must be chosen before the first table exists; the write-ahead log, before the first transaction.
  db.exec(`PRAGMA auto_vacuum=INCREMENTAL; PRAGMA cache_size=-${cacheKibibytes}; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY`);
  const mode = db.prepare("PRAGMA journal_mode=WAL").get()?.["journal_mode"];
  if (mode !== "wal")
    throw new HoldfastError("storage_failed", `${path} cannot have a write-ahead log; SQLite offers "${String(mode)}". Network file systems cannot hold it`);
  // FULL syncs the log before a commit returns. On macOS only `fullfsync` reaches the disk itself; elsewhere it does nothing.
  db.exec(`PRAGMA synchronous=FULL; PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON; PRAGMA journal_size_limit=${walBytesMax}`);
  // Checkpoints are run between commits, where their errors can be seen.
  db.exec("PRAGMA wal_autocheckpoint=0");
  const pageBytes = Number(db.prepare("PRAGMA page_size").get()?.["page_size"]);
  db.exec(`PRAGMA max_page_count=${Math.max(64, Math.floor(fileBytesMax / pageBytes))}`);
  if (userVersion(db) === 0) db.exec(`BEGIN IMMEDIATE; ${schema}; PRAGMA application_id=${applicationId}; PRAGMA user_version=${schemaVersion}; COMMIT`);
}

/** Refuses a file of another program, and one that a newer version wrote. */
function checkIdentity(db: DatabaseSync, path: string): void {
  const id = Number(db.prepare("PRAGMA application_id").get()?.["application_id"]);
  const tables = Number(db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"]);
  if (id !== applicationId && tables > 0) throw new HoldfastError("storage_failed", `${path} is a database of another program`);
  if (userVersion(db) > schemaVersion)
    throw new HoldfastError(
      "storage_failed",
      `${path} was written by a newer version of Holdfast (schema ${userVersion(db)}, this one knows ${schemaVersion})`,
    );
}

const userVersion = (db: DatabaseSync): number => Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
