/**
 * A stream as the application reads it: a bounded queue between the link and an async iterator.
 * It must never let the queue pass its limits, give an entry before a gap that precedes it, or name a position that was not delivered.
 */
import { type From, HoldfastError } from "@holdfast/protocol";
import type { Gap, StreamEntry } from "./entry.ts";
import type { StatusSource, StreamStatus } from "./status.ts";

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

/** What a reader tells whoever feeds it. */
export interface ReaderHooks {
  /** The queue has reached its limit, or is down to half of it again. */
  full(isFull: boolean): void;
  /** The application has left. */
  left(): void;
}

type Item = { readonly entry: StreamEntry } | { readonly gap: Gap };
type End = { readonly kind: "ended" } | { readonly kind: "left" } | { readonly kind: "failed"; readonly error: unknown };
const done = { done: true, value: undefined } as const;

/** The reading side: a queue, and what waits for it. */
export class Reader {
  readonly #options: StreamOptions;
  readonly #entriesMax: number;
  readonly #bytesMax: number;
  readonly #hooks: ReaderHooks;
  #items: (Item | undefined)[] = [];
  #taken = 0;
  #bytes = 0;
  #end: End | null = null;
  #wake: (() => void) | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #unlisten: () => void = () => {};
  isFull = false;
  position: string | null;
  readonly counters = { delivered: 0, gaps: 0, cutbacks: 0 };

  constructor(options: StreamOptions, limits: { readonly queueEntriesMax: number; readonly queueBytesMax: number }, hooks: ReaderHooks) {
    this.#options = options;
    this.#entriesMax = limits.queueEntriesMax;
    this.#bytesMax = limits.queueBytesMax;
    this.#hooks = hooks;
    this.position = typeof options.from === "object" && "after" in options.from ? options.from.after : null;
    const { signal } = options;
    if (signal === undefined) return;
    const abort = (): void => this.#leave({ kind: "failed", error: new HoldfastError("aborted", undefined, { cause: signal.reason }) });
    if (signal.aborted) this.#end = { kind: "failed", error: new HoldfastError("aborted", undefined, { cause: signal.reason }) };
    else signal.addEventListener("abort", abort, { once: true });
    this.#unlisten = () => signal.removeEventListener("abort", abort);
  }

  get queued(): number {
    return this.#items.length - this.#taken;
  }

  /** Whether nothing more will be queued. */
  get isOver(): boolean {
    return this.#end !== null;
  }

  /** How it ended; null while it has not. */
  get outcome(): End | null {
    return this.#end;
  }

  get ended(): boolean {
    return this.#end?.kind === "ended" && this.queued === 0;
  }

  /** Where reading begins, once the server has said so. */
  begin(position: string): void {
    this.position ??= position;
  }

  push(item: Item): void {
    if (this.#end !== null) return;
    if ("gap" in item) this.counters.gaps++;
    this.#items.push(item);
    this.#bytes += "entry" in item ? item.entry.cost : 0;
    this.#wake?.();
    if (!this.isFull && (this.queued >= this.#entriesMax || this.#bytes >= this.#bytesMax)) {
      this.isFull = true;
      this.counters.cutbacks++;
      this.#hooks.full(true);
    }
  }

  /** No more will come; what is queued is still handed out. */
  finish(end: End): void {
    if (this.#end !== null) return;
    this.#end = end;
    this.#wake?.();
  }

  next(): Promise<IteratorResult<StreamEntry, undefined>> {
    const result = this.#turn.then(() => this.#take());
    this.#turn = result.catch(() => {});
    return result;
  }

  close(): void {
    this.#leave({ kind: "left" });
  }

  /** The application goes: what is queued is dropped, being after its position. */
  #leave(end: End): void {
    const before = this.#end;
    const drained = this.queued === 0;
    this.#items = [];
    this.#taken = 0;
    this.#bytes = 0;
    this.#unlisten();
    if (before === null) {
      this.finish(end);
      this.#hooks.left();
    } else if (before.kind === "failed" ? end.kind === "left" : !drained) {
      // A failure that has not been seen is no news to somebody who leaves; an end that was not reached was not reached.
      this.#end = end;
    }
  }

  async #take(): Promise<IteratorResult<StreamEntry, undefined>> {
    for (;;) {
      const item = this.#shift();
      if (item === null) {
        if (this.#end !== null) return this.#over(this.#end);
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
        this.#wake = null;
      } else if ("gap" in item) {
        this.position = item.gap.after;
        try {
          await this.#options.onGap?.(item.gap);
        } catch (error) {
          this.close();
          throw error;
        }
      } else {
        this.position = item.entry.position;
        this.counters.delivered++;
        return { done: false, value: item.entry };
      }
    }
  }

  #over(end: End): IteratorResult<StreamEntry, undefined> {
    this.#unlisten();
    if (end.kind !== "failed") return done;
    this.#end = { kind: "left" }; // The error is told once.
    throw end.error;
  }

  #shift(): Item | null {
    const item = this.#items[this.#taken];
    if (item === undefined) return null;
    this.#items[this.#taken++] = undefined; // What was handed out must not be held until the front is cut off.
    if ("entry" in item) this.#bytes -= item.entry.cost;
    // The front is cut off now and then rather than each time, so that taking is cheap and the array does not grow.
    if (this.#taken === this.#items.length || this.#taken >= this.#entriesMax) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    if (this.isFull && this.#end === null && this.queued <= this.#entriesMax / 2 && this.#bytes <= this.#bytesMax / 2) {
      this.isFull = false;
      this.#hooks.full(false);
    }
    return item;
  }
}

/** A reader with its status, as the application holds it. */
export class StreamHandle implements Stream {
  readonly name: string;
  readonly status: StatusSource<StreamStatus>;
  readonly #reader: Reader;

  constructor(name: string, reader: Reader, status: StatusSource<StreamStatus>) {
    this.name = name;
    this.#reader = reader;
    this.status = status;
  }

  get position(): string | null {
    return this.#reader.position;
  }
  get ended(): boolean {
    return this.#reader.ended;
  }
  get counters(): StreamCounters {
    return { ...this.#reader.counters };
  }
  next(): Promise<IteratorResult<StreamEntry, undefined>> {
    return this.#reader.next();
  }
  return(): Promise<IteratorResult<StreamEntry, undefined>> {
    this.#reader.close();
    return Promise.resolve(done);
  }
  throw(error?: unknown): Promise<IteratorResult<StreamEntry, undefined>> {
    this.#reader.close();
    return Promise.reject(error);
  }
  close(): void {
    this.#reader.close();
  }
  [Symbol.asyncIterator](): Stream {
    return this;
  }
  [Symbol.asyncDispose](): Promise<void> {
    this.#reader.close();
    return Promise.resolve();
  }
}
