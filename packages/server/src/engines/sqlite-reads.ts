/**
 * The main thread's side of the SQLite reader: the bounded number of questions under way, and pages unpacked into entries.
 */
import { HoldfastError } from "@holdfast/protocol";
import type { Entry, EpochStart, Head, ListOptions, ReadOptions, ReadResult, StreamInfo } from "../engine.ts";
import { entryFields, type PackedEntries, type ReaderCommand, type ReaderReply } from "./adapters/sqlite-messages.ts";
import type { Thread } from "./adapters/sqlite-threads.ts";

type Answer = Extract<ReaderReply, { id: number }>;
type Question = Extract<ReaderCommand, { id: number }>;
type WithoutId<T> = T extends { id: number } ? Omit<T, "id"> : never;

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: HoldfastError) => void;
}

const busyAfterMs = 100;

export class SqliteReads {
  readonly #thread: Thread<ReaderCommand, ReaderReply>;
  readonly #waitingMax: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #state: "open" | "draining" | "ended" = "open";
  #nextId = 1;
  #failure: string | null = null;

  constructor(thread: Thread<ReaderCommand, ReaderReply>, waitingMax: number) {
    this.#thread = thread;
    this.#waitingMax = waitingMax;
    this.#ended = new Promise((resolve) => {
      thread.onEnd((error) => {
        this.#onEnd(error);
        resolve();
      });
    });
    thread.onReply((reply) => this.#onReply(reply));
  }

  /** Why nothing can be read; null while reads go on. */
  get failure(): string | null {
    return this.#failure;
  }

  async read(stream: string, options: ReadOptions): Promise<ReadResult> {
    const answer = await this.#ask({ type: "read", stream, options });
    if (answer.type !== "page") throw unreadable(answer);
    const { head, packed, more } = answer;
    return { head, entries: head === null ? [] : unpack(packed, head.epochs), more };
  }

  async head(stream: string): Promise<Head | null> {
    const answer = await this.#ask({ type: "head", stream });
    if (answer.type !== "head") throw unreadable(answer);
    return answer.head;
  }

  async list(options: ListOptions): Promise<readonly StreamInfo[]> {
    const answer = await this.#ask({ type: "list", options });
    if (answer.type !== "list") throw unreadable(answer);
    return answer.streams;
  }

  /** Answers what was asked and ends the thread. */
  async stop(): Promise<void> {
    if (this.#state === "open") {
      this.#state = "draining";
      this.#endWhenAnswered();
    }
    await this.#ended;
  }

  #ask(question: WithoutId<Question>): Promise<Answer> {
    if (this.#state !== "open") return Promise.reject(new HoldfastError("storage_failed", this.#failure ?? "The engine does not run"));
    if (this.#waiting.size >= this.#waitingMax) {
      return Promise.reject(new HoldfastError("engine_busy", "Too many reads wait for the engine", { afterMs: busyAfterMs }));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#thread.post({ ...question, id });
    });
  }

  #onReply(reply: ReaderReply): void {
    if (!("id" in reply)) return;
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    waiting?.resolve(reply);
    this.#endWhenAnswered();
  }

  #endWhenAnswered(): void {
    if (this.#state !== "draining" || this.#waiting.size > 0) return;
    this.#state = "ended";
    this.#thread.post({ type: "stop" });
  }

  #onEnd(error: Error | null): void {
    if (this.#state !== "ended" || error !== null) this.#failure = `The reader ended: ${error?.message ?? "without a reason"}`;
    this.#state = "ended";
    const left = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of left) reject(new HoldfastError("storage_failed", this.#failure ?? "The engine does not run"));
  }
}

function unreadable(answer: Answer): HoldfastError {
  return new HoldfastError(
    "storage_failed",
    answer.type === "unreadable" ? `Storage cannot be read: ${answer.detail}` : "The reader gave another answer than was asked for",
  );
}

/** The entries of a page. Their payloads are views of the page's one block. */
function unpack({ numbers, payloads, keys }: PackedEntries, epochs: readonly EpochStart[]): Entry[] {
  const entries = new Array<Entry>(numbers.length / entryFields);
  let at = 0;
  let era = 0;
  for (let i = 0; i < entries.length; i++) {
    const field = i * entryFields;
    const seq = numbers[field] as number;
    while ((epochs[era + 1]?.firstSeq ?? Number.POSITIVE_INFINITY) <= seq) era++;
    const end = at + (numbers[field + 3] as number);
    const key = keys?.[i] ?? null;
    entries[i] = {
      epoch: epochs[era]?.epoch ?? "",
      seq,
      prev: seq - 1,
      timeMs: numbers[field + 1] as number,
      format: numbers[field + 2] === 0 ? "json" : "bytes",
      payload: payloads.subarray(at, end),
      ...(key === null ? undefined : { key }),
    };
    at = end;
  }
  return entries;
}
