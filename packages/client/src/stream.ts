/**
 * A stream as the application reads it: a bounded queue between the link and an async iterator.
 * It must never let the queue pass its limits, give an entry before a gap that precedes it, or name a position that was not delivered.
 */
import { type From, HoldfastError } from "@holdfast/protocol";
import type { Context } from "./context.ts";
import type { Gap, StreamEntry } from "./entry.ts";
import { type Line, type StatusSource, StatusStore, type StreamStatus } from "./status.ts";

/** How to read a stream. */
export interface StreamOptions {
  /** Where to begin. Default "now": entries after the newest one at the moment when the server hears of it. */
  readonly from?: From;
  /** Ends the iteration with an error of code `aborted`; entries not yet taken are dropped. */
  readonly signal?: AbortSignal;
  /**
   * Called in order with the entries, before the first one after the gap; what it returns is awaited. The place to rebuild state.
   * When it throws, the iteration ends with that error. Without it a gap is still counted, in `status` and `counters`.
   */
  readonly onGap?: (gap: Gap) => void | Promise<void>;
}

export interface StreamCounters {
  /** Entries handed to the application. */
  readonly delivered: number;
  readonly gaps: number;
  /** Times the queue was full and the subscription was cut back. */
  readonly cutbacks: number;
}

/**
 * A reader of one stream; iterate it once. Leaving the loop closes it. The iteration returns when the stream has ended or `close` was
 * called, and throws a HoldfastError when it was aborted, denied, or the whole client was closed: then more entries may follow.
 */
export interface Stream extends AsyncIterableIterator<StreamEntry, undefined, undefined> {
  readonly name: string;
  /** The last position handed to the application, or where reading begins; null until that is known. Store it, and pass it back as `{ after }`. */
  readonly position: string | null;
  /** Whether the stream has ended and everything was handed out. */
  readonly ended: boolean;
  readonly counters: StreamCounters;
  readonly status: StatusSource<StreamStatus>;
  return(): Promise<IteratorResult<StreamEntry, undefined>>;
  throw(error?: unknown): Promise<IteratorResult<StreamEntry, undefined>>;
  close(): void;
  [Symbol.asyncIterator](): Stream;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What is queued. */
export type Item = StreamEntry | Gap;

/** How an iteration ends: with its stream, by whoever read it, or with an error, which is told once. */
export type End = "ended" | "left" | { readonly error: unknown };

/** A queue is a chain that begins with what was taken last. */
interface Queued {
  item?: Item | undefined;
  next?: Queued;
}
const costOf = (item: Item): number => ("cost" in item ? item.cost : 0);

/** The reading side: a queue, and what waits for it. Applications know it as a `Stream`. */
export class Reader implements Stream {
  readonly name: string;
  readonly from: From;
  readonly status: StatusStore<StreamStatus>;
  /** The last position that was queued, null until `from` has been resolved. Kept by the subscription. */
  cursor: string | null = null;
  isFull = false;
  /** How many are queued. */
  queued = 0;
  /** How it ended; null while it has not. Nothing more is queued then. */
  outcome: End | null = null;
  position: string | null;
  readonly #counters = { delivered: 0, gaps: 0, cutbacks: 0 };
  readonly #options: StreamOptions;
  readonly #context: Context;
  readonly #changed: (reader: Reader) => void;
  readonly #items = this.#take();
  #first: Queued = {};
  #last = this.#first;
  #bytes = 0;
  #wake = (): void => {};
  readonly #abort = (): void => this.#leave({ error: new HoldfastError("aborted", "", { cause: this.#options.signal?.reason }) });

  /** `changed` is called when the queue has reached its limit, when it is down to half of it again, and when the application has left. */
  constructor(name: string, options: StreamOptions, context: Context, changed: (reader: Reader) => void) {
    const { from = "now", signal } = options;
    this.name = name;
    this.from = from;
    this.position = positionOf(from);
    this.status = new StatusStore({ state: "offline", code: null, reason: "", since: context.clock.wallMs(), gaps: 0 });
    this.#options = options;
    this.#context = context;
    this.#changed = changed;
    signal?.addEventListener("abort", this.#abort);
    if (signal?.aborted) this.#abort();
  }

  get ended(): boolean {
    return this.outcome === "ended" && this.queued === 0;
  }

  get counters(): StreamCounters {
    return { ...this.#counters };
  }

  /** Where reading begins, once the server has said so. */
  begin(position: string): void {
    this.cursor = position;
    this.position ??= position;
  }

  push(item: Item): void {
    if (this.outcome !== null) return;
    if ("after" in item) this.#counters.gaps++;
    this.#last = this.#last.next = { item };
    this.queued++;
    this.#bytes += costOf(item);
    this.#wake();
    const { options, counters } = this.#context;
    if (!this.isFull && (this.queued >= options.queueEntriesMax || this.#bytes >= options.queueBytesMax)) {
      this.isFull = true;
      this.#counters.cutbacks++;
      counters.cutbacks++;
      this.#changed(this);
    }
  }

  /** No more will come; what is queued is still handed out. */
  finish(end: End): void {
    this.outcome ??= end;
    this.#wake();
  }

  /** Tells what is true now. `line` is what is true of the client; `isCurrent`: whether everything known has been taken. */
  describe(line: Line, isCurrent: boolean): void {
    const { outcome, isFull } = this;
    let now = line;
    if (outcome === null) {
      if (line.state === "live") now = { state: isCurrent ? "live" : "catching-up", code: isFull ? "slow_consumer" : null, reason: "" };
    } else if (typeof outcome === "string") now = { state: "closed", code: null, reason: outcome };
    else {
      const { code, detail } = HoldfastError.from(outcome.error);
      now = { state: code === "closed_by_user" || code === "aborted" ? "closed" : "denied", code, reason: detail };
    }
    const { state, code, reason } = now;
    this.status.set({ state, code, reason, gaps: this.#counters.gaps }, this.#context.clock.wallMs());
  }

  next(): Promise<IteratorResult<StreamEntry, undefined>> {
    return this.#items.next();
  }

  close(): void {
    this.#leave("left");
  }

  async return(): Promise<IteratorResult<StreamEntry, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  async throw(error?: unknown): Promise<IteratorResult<StreamEntry, undefined>> {
    this.close();
    throw error;
  }

  [Symbol.asyncIterator](): Stream {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** The application goes: what is queued is dropped, being after its position. */
  #leave(end: End): void {
    const before = this.outcome;
    const wasUnread = this.queued > 0;
    this.#first = this.#last = {};
    this.queued = this.#bytes = 0;
    this.#options.signal?.removeEventListener("abort", this.#abort);
    if (before === null) {
      this.finish(end);
      this.#changed(this);
    } else if (typeof before === "object" ? end === "left" : wasUnread) {
      // A failure that has not been seen is no news to somebody who leaves; an end that was not reached was not reached.
      this.outcome = end;
    }
  }

  /** Runs while the application waits for an entry, and only then. */
  async *#take(): AsyncGenerator<StreamEntry, undefined> {
    try {
      for (;;) {
        const item = this.#shift();
        if (item !== undefined) {
          if ("after" in item) {
            this.position = item.after;
            await this.#options.onGap?.(item);
          } else {
            this.position = item.position;
            this.#counters.delivered++;
            yield item;
          }
        } else if (this.outcome === null) {
          await new Promise<void>((wake) => {
            this.#wake = wake;
          });
        } else if (typeof this.outcome === "string") return;
        else throw this.outcome.error;
      }
    } finally {
      this.close();
    }
  }

  #shift(): Item | undefined {
    const { next } = this.#first;
    const item = next?.item;
    if (next === undefined || item === undefined) return undefined;
    next.item = undefined; // What was handed out must not be held.
    this.#first = next;
    this.queued--;
    this.#bytes -= costOf(item);
    const { queueEntriesMax, queueBytesMax } = this.#context.options;
    if (this.isFull && this.outcome === null && this.queued <= queueEntriesMax / 2 && this.#bytes <= queueBytesMax / 2) {
      this.isFull = false;
      this.#changed(this);
    }
    return item;
  }
}

/** The position that a start names; null when only the server knows it. */
export const positionOf = (from: From): string | null => (typeof from === "object" && "after" in from ? from.after : null);
