/**
 * The SQLite engine: logs in one file, durable before they are acknowledged, for one server process.
 * A writer thread and a reader thread hold the database; this thread keeps queues, order and live events.
 *
 *   append --> writes --> [writer thread] --> fsync --> live events --> results
 *   read   --> reads  --> [reader thread] --> page
 */
import { type Env, HoldfastError, randomId } from "@holdfast/protocol";
import type {
  AppendRequest,
  AppendResult,
  Engine,
  EngineCapabilities,
  EngineHealth,
  Entry,
  Head,
  Interest,
  ListOptions,
  LiveEvent,
  ReadOptions,
  ReadResult,
  StreamInfo,
} from "../engine.ts";
import type { ReaderCommand, ReaderReply, ThreadSetup, WriterReply } from "./adapters/sqlite-messages.ts";
import { startReaderThread, startWriterThread, type Thread } from "./adapters/sqlite-threads.ts";
import { Interests } from "./interests.ts";
import { epochLength } from "./memory-runner.ts";
import { type EngineOptions, resolveEngineOptions } from "./options.ts";
import { assertReadOptions, assertRequest, refuse } from "./requests.ts";
import { resolvePolicies, type StreamPolicy } from "./retention.ts";
import { SqliteReads } from "./sqlite-reads.ts";
import { SqliteWrites } from "./sqlite-writes.ts";

/** What a SQLite engine is made of. */
export interface SqliteEngineSetup {
  readonly env: Env;
  /** The database file; made when there is none. Its folder must exist. Files named `-wal`, `-shm` and `.lock` stand beside it. */
  readonly path: string;
  /** Retention per stream pattern, first match wins. Default: none. */
  readonly policies?: readonly StreamPolicy[];
  readonly options?: Partial<EngineOptions>;
}

/** An engine that keeps logs in a SQLite file. Throws a TypeError for a bad option or policy; `start` says whether the file can be used. */
export function sqliteEngine(setup: SqliteEngineSetup): Engine {
  return new SqliteEngine(setup);
}

const capabilities: EngineCapabilities = Object.freeze({ contiguousSeq: true, durability: "fsync", staleMsMax: 0 });

type State =
  | { readonly name: "idle" }
  | { readonly name: "starting"; readonly done: Promise<void> }
  | { readonly name: "running"; readonly writes: SqliteWrites; readonly reads: SqliteReads }
  | { readonly name: "stopped"; readonly done: Promise<void> };

class SqliteEngine implements Engine {
  readonly name = "sqlite";
  readonly caps = capabilities;
  readonly #env: Env;
  readonly #path: string;
  readonly #options: EngineOptions;
  readonly #policies: readonly StreamPolicy[];
  readonly #interests = new Interests();
  #sink: (event: LiveEvent) => void = () => {};
  #state: State = { name: "idle" };

  constructor(setup: SqliteEngineSetup) {
    if (typeof setup.path !== "string" || setup.path === "")
      throw new TypeError(`Expected \`path\` to be the name of a file, got ${JSON.stringify(setup.path)}`);
    this.#env = setup.env;
    this.#path = setup.path;
    this.#options = resolveEngineOptions(setup.options);
    this.#policies = resolvePolicies(setup.policies);
  }

  start(): Promise<void> {
    if (this.#state.name !== "idle") return Promise.reject(new HoldfastError("storage_failed", "The engine has been started before"));
    const done = this.#open();
    this.#state = { name: "starting", done };
    return done;
  }

  async stop(): Promise<void> {
    if (this.#state.name === "starting") await this.#state.done.catch(() => {});
    if (this.#state.name !== "stopped") this.#state = { name: "stopped", done: this.#close() };
    await this.#state.done;
  }

  append(batch: readonly AppendRequest[]): Promise<readonly AppendResult[]> {
    for (const request of batch) assertRequest(request);
    if (this.#state.name !== "running") return Promise.resolve(batch.map(() => refuse("storage_failed", { message: "The engine does not run" })));
    return this.#state.writes.append(batch);
  }

  async read(stream: string, options: ReadOptions): Promise<ReadResult> {
    assertReadOptions(options);
    return this.#reads().read(stream, options);
  }

  async head(stream: string): Promise<Head | null> {
    return this.#reads().head(stream);
  }

  async list(options: ListOptions): Promise<readonly StreamInfo[]> {
    return this.#reads().list(options);
  }

  attach(sink: (event: LiveEvent) => void): void {
    this.#sink = sink;
  }

  async listen(stream: string): Promise<Interest> {
    return this.#interests.add(stream);
  }

  health(): EngineHealth {
    if (this.#state.name !== "running") return { state: "down", detail: "The engine does not run" };
    const { writes, reads } = this.#state;
    if (reads.failure !== null) return { state: "down", detail: reads.failure };
    if (writes.failure !== null) return { state: "read_only", detail: writes.failure };
    return { state: "ok", detail: writes.full ? `No space is left for ${this.#path}` : this.#path };
  }

  async #open(): Promise<void> {
    const setup: ThreadSetup = {
      path: this.#path,
      options: this.#options,
      policies: this.#policies,
      epoch: randomId(this.#env.rng, epochLength),
      wallMs: Math.floor(this.#env.clock.wallMs()),
      monoMs: this.#env.clock.monoMs(),
    };
    // Both threads load at once; the reader opens the file when the writer has made it.
    const writer = startWriterThread(setup);
    const reader = startReaderThread(setup);
    await started(writer).catch(async (error: unknown) => {
      await ended(reader);
      throw error;
    });
    const tell = (request: AppendRequest, result: AppendResult, timeMs: number): void => this.#emit(request, result, timeMs);
    const writes = new SqliteWrites({ env: this.#env, options: this.#options, thread: writer, tell });
    reader.post({ type: "open" });
    await started(reader).catch(async (error: unknown) => {
      await writes.stop();
      throw error;
    });
    this.#state = { name: "running", writes, reads: new SqliteReads(reader, this.#options.readQueueMax) };
  }

  /** The last connection to close copies the write-ahead log into the database. After a failure nobody may: the reader, which cannot, goes last. */
  async #close(): Promise<void> {
    const before = this.#state;
    if (before.name !== "running") return;
    const { writes, reads } = before;
    if (writes.failure !== null) await writes.stop();
    await reads.stop();
    await writes.stop();
    this.#interests.clear();
  }

  #reads(): SqliteReads {
    if (this.#state.name === "running") return this.#state.reads;
    throw new HoldfastError("storage_failed", "The engine does not run");
  }

  #emit({ stream, entries, close }: AppendRequest, result: AppendResult, timeMs: number): void {
    if (!result.ok || result.duplicate || result.cursors === null || !this.#interests.has(stream)) return;
    const { cursors } = result;
    if (entries.length > 0) {
      const appended = entries.map((entry, i): Entry => {
        const { epoch, seq } = cursors[i] as { epoch: string; seq: number };
        return { epoch, seq, prev: seq - 1, timeMs, ...entry };
      });
      this.#sink({ type: "appended", stream, entries: appended });
    }
    if (close === true) this.#sink({ type: "closed", stream, last: result.head });
  }
}

/** Ends a thread that has nothing to do. */
function ended(thread: Thread<ReaderCommand, ReaderReply>): Promise<void> {
  return new Promise((resolve) => {
    thread.onEnd(() => resolve());
    thread.post({ type: "stop" });
  });
}

/** Resolves when a thread serves; rejects with its reason when it cannot. */
function started(thread: Thread<never, WriterReply | ReaderReply>): Promise<void> {
  return new Promise((resolve, reject) => {
    thread.onReply((reply) => {
      if (reply.type === "started") resolve();
      if (reply.type === "refused") reject(new HoldfastError("storage_failed", reply.message));
    });
    thread.onEnd((error) =>
      reject(new HoldfastError("storage_failed", `A thread of the engine ended at its start: ${error?.message ?? "without a reason"}`, { cause: error })),
    );
  });
}
