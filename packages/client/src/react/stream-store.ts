/**
 * One stream as a store for `useSyncExternalStore`: reads while somebody listens, and tells of changes once per frame.
 * It must never lose or repeat an entry when listeners go and come back (StrictMode, a hidden subtree): it goes on where it stands, and
 * closes the stream only when nobody has come back by the next task.
 */
import { type From, type Gap, HoldfastError, platformEnv, type Stream, type StreamEntry, type StreamOptions, type StreamStatus } from "../index.ts";
import { onNextFrame } from "./adapters/frames.ts";
import type { Fold } from "./folds.ts";

/** What every form of `useStream` gives, beside its entries or value. */
export interface StreamState {
  /** The newest entry; null before the first one. */
  readonly last: StreamEntry | null;
  readonly status: StreamStatus;
  /** How often entries were lost to retention or a new log. */
  readonly gaps: number;
  /** The newest gap: what came after it follows `lastGap.after`. */
  readonly lastGap: Gap | null;
  /**
   * Why reading has stopped for good: what the server said (a HoldfastError with its code), or what `reduce` or `onGap` threw.
   * Null while it goes on, through broken links too, and when the stream has ended (`status.state` is "closed").
   */
  readonly error: Error | null;
  /** Forgets entries, value and gaps; reading goes on where it stands. */
  readonly clear: () => void;
}

/** A way to read, and the place to begin. */
export interface Source {
  readonly name: string | null;
  readonly from: From | undefined;
  readonly open: (name: string, options: StreamOptions) => Stream;
}

type Phase =
  | { readonly name: "idle" }
  | { readonly name: "open"; readonly stream: Stream }
  // Nobody listens any more; the next task closes the stream, unless somebody is back.
  | { readonly name: "lingering"; readonly stream: Stream }
  | { readonly name: "ended" }
  | { readonly name: "failed"; readonly error: Error };

/** What a stream says before it is read, on servers too; without a clock, so that both sides print the same. */
const initialStatus: StreamStatus = Object.freeze({ state: "offline", code: null, reason: "", since: 0, gaps: 0 });

export class StreamStore<Part extends object> {
  readonly #source: Source;
  readonly #fold: Fold<Part>;
  readonly #listeners = new Set<() => void>();
  readonly #initial: Part & StreamState;
  #snapshot: Part & StreamState;
  #phase: Phase = { name: "idle" };
  #status: () => StreamStatus = () => initialStatus;
  #unwatch: () => void = () => {};
  #position: string | null = null;
  #last: StreamEntry | null = null;
  #gaps = 0;
  #lastGap: Gap | null = null;
  onGap: StreamOptions["onGap"];

  constructor(source: Source, fold: Fold<Part>) {
    this.#source = source;
    this.#fold = fold;
    this.#initial = this.#view();
    this.#snapshot = this.#initial;
  }

  readonly getSnapshot = (): Part & StreamState => this.#snapshot;
  readonly getServerSnapshot = (): Part & StreamState => this.#initial;

  readonly subscribe = (listener: () => void): (() => void) => {
    const own = (): void => listener();
    this.#listeners.add(own);
    this.#start();
    return () => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0) this.#stopSoon();
    };
  };

  /** Forgets what was read; the place in the stream stays. */
  readonly clear = (): void => {
    this.#fold.clear();
    this.#last = null;
    this.#gaps = 0;
    this.#lastGap = null;
    this.#tell();
  };

  #start(): void {
    const phase = this.#phase;
    if (phase.name === "lingering") this.#phase = { name: "open", stream: phase.stream };
    else if (phase.name === "idle" || phase.name === "failed") this.#open();
  }

  #open(): void {
    const { name, from, open } = this.#source;
    if (name === null) return;
    const place = this.#position === null ? from : { after: this.#position };
    try {
      const stream = open(name, { ...(place === undefined ? {} : { from: place }), onGap: (gap) => this.#gap(gap) });
      this.#phase = { name: "open", stream };
      this.#status = stream.status.getSnapshot;
      this.#unwatch = stream.status.subscribe(this.#changed);
      void this.#read(stream);
    } catch (thrown) {
      this.#phase = { name: "failed", error: errorOf(thrown) };
    }
    this.#changed();
  }

  async #read(stream: Stream): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await stream.next();
        if (!this.#isReading(stream)) return;
        if (done === true) {
          this.#close(stream, { name: "ended" });
          return;
        }
        this.#fold.entry(value);
        this.#position = value.position;
        this.#last = value;
        this.#changed();
      }
    } catch (thrown) {
      if (!this.#isReading(stream)) return;
      // A provider that goes closes its client, and with it the streams of all that go with it: no news to anybody.
      const isLeaving = this.#phase.name === "lingering" && thrown instanceof HoldfastError;
      this.#close(stream, isLeaving ? { name: "idle" } : { name: "failed", error: errorOf(thrown) });
    }
  }

  #isReading(stream: Stream): boolean {
    return "stream" in this.#phase && this.#phase.stream === stream;
  }

  #gap(gap: Gap): void | Promise<void> {
    this.#fold.gap(gap);
    this.#position = gap.after;
    this.#gaps++;
    this.#lastGap = gap;
    this.#changed();
    return this.onGap?.(gap);
  }

  #stopSoon(): void {
    if (this.#phase.name !== "open") return;
    const { stream } = this.#phase;
    const phase: Phase = { name: "lingering", stream };
    this.#phase = phase;
    platformEnv.soon(() => {
      if (this.#phase === phase) this.#close(stream, { name: "idle" });
    });
  }

  /** Only called where no entry is between the stream and this store: in a task of its own, or by the reading loop. */
  #close(stream: Stream, next: Phase): void {
    if (next.name !== "failed") this.#position ??= stream.position;
    this.#phase = next;
    stream.close();
    this.#unwatch();
    this.#changed();
  }

  readonly #changed = (): void => onNextFrame(this.#tell);

  readonly #tell = (): void => {
    this.#snapshot = this.#view();
    for (const listener of [...this.#listeners]) listener();
  };

  #view(): Part & StreamState {
    return Object.freeze({
      ...this.#fold.part(),
      last: this.#last,
      status: this.#status(),
      gaps: this.#gaps,
      lastGap: this.#lastGap,
      error: this.#phase.name === "failed" ? this.#phase.error : null,
      clear: this.clear,
    });
  }
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : HoldfastError.from(thrown);
}
