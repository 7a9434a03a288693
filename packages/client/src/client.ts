/**
 * The client: one connection, the streams read over it, and the outbox. It only joins the parts; each of them has its own file.
 * It must never reach the platform: `connect` (connect.ts) hands in clock, randomness and transports.
 */
import { type Env, HoldfastError, isStreamName, type ServerFrame } from "@holdfast/protocol";
import { streamLine } from "./client-status.ts";
import { Connection, endpointOf } from "./connection.ts";
import { type ClientCounters, newCounters } from "./counters.ts";
import type { Link } from "./link.ts";
import { type ClientOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { Outbox, type Published, type PublishRequest } from "./outbox.ts";
import { toPayload } from "./payload.ts";
import { type Status, type StatusSource, StatusStore } from "./status.ts";
import { Reader, type ReaderHooks, type Stream, type StreamOptions } from "./stream.ts";
import { Subscription } from "./subscription.ts";
import type { Transport } from "./transport.ts";

export interface PublishOptions {
  /** The entry's identity for its readers, 1 to 255 bytes. */
  readonly key?: string;
  /** Published under this name once within the server's window, whoever repeats it; instead of the producer's numbers. */
  readonly dedupeKey?: string;
  /** Detaches the promise (`aborted`); an entry that is queued is published all the same. */
  readonly signal?: AbortSignal;
  /** Ends the stream with this entry. */
  readonly close?: boolean;
}

export interface CloseOptions {
  /** How long to wait for answers to publishes, in ms. Default 2,000; 0 does not wait. */
  readonly drainMs?: number;
}

/** A client of one server (or of many behind one address). It dials when there is something to carry. */
export interface Client {
  readonly status: StatusSource<Status>;
  /** A copy of the counters as they are. */
  readonly counters: ClientCounters;
  /** Reads a stream. Throws HoldfastError for a bad name; a bad `from` ends the iteration. Close it, or leave the loop, when done. */
  stream(name: string, options?: StreamOptions): Stream;
  /**
   * Publishes a JSON value, `rawJson(text)` as it is, or a Uint8Array as bytes. Resolves once the entry is in the log.
   * Rejects with a HoldfastError: `outbox_full`, `outbox_expired`, `aborted`, or what the server refused it with.
   */
  publish(name: string, data: unknown, options?: PublishOptions): Promise<Published>;
  /** Ends a stream: its readers' iterations return. */
  end(name: string, options?: Pick<PublishOptions, "signal">): Promise<Published>;
  /** Resolves when everything published so far is answered or given up. */
  flush(): Promise<void>;
  /** Tells the client that the network or the machine may have changed: it proves its link, or dials soon. */
  wake(): void;
  /** Ends everything: iterations throw `closed_by_user`, publishes without an answer reject. Resolves when it is done; never rejects. */
  close(options?: CloseOptions): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a platform provides. */
export interface Platform {
  readonly env: Env;
  /** From the best to the one that works everywhere; the option `transports` chooses among them. */
  readonly transports: readonly Transport[];
  /** Tells when the world changes under the client; returns the way to stop that. */
  watch?(hooks: PlatformHooks): () => void;
}

/** What a platform may tell. */
export interface PlatformHooks {
  /** The network, the page or the machine came back. */
  wake(): void;
  /** The page is put away and may be restored as it was, long after: `resume` follows then. */
  pause(): void;
  resume(): void;
}

const drainMsDefault = 2_000;

/** A client over a given platform. `connect` is what applications use; tests and simulators bring their own world. */
export function createClient(url: string, options: ClientOptions | undefined, platform: Platform): Client {
  return new HoldfastClient(url, resolveOptions(options), platform);
}

class HoldfastClient implements Client {
  readonly #env: Env;
  readonly #options: ResolvedOptions;
  readonly #counters = newCounters();
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Those that lack something that the server is known to have. */
  readonly #behind = new Set<Reader>();
  readonly #status: StatusStore<Status>;
  readonly #unwatch: (() => void) | undefined;
  readonly #readerHooks: ReaderHooks = {
    full: (reader) => {
      if (reader.isFull) this.#counters.cutbacks++;
      this.#subscriptions.get(reader.name)?.review();
      this.#describe(reader);
      this.#refresh();
    },
    left: (reader) => {
      this.#subscriptions.get(reader.name)?.leave(reader);
      this.#forget(reader);
    },
  };
  #link: Link | null = null;
  #retiring: Link | null = null;
  #over: HoldfastError | null = null;
  #closing: Promise<void> | null = null;
  #isPaused = false;

  constructor(url: string, options: ResolvedOptions, { env, transports, watch }: Platform) {
    const chosen = options.transports.map((name) => transports.find((each) => each.name === name) ?? unknownTransport(name));
    this.#env = env;
    this.#options = options;
    this.#connection = new Connection(env, endpointOf(url), chosen.length > 0 ? chosen : transports, options, this.#counters, {
      linkUp: (link) => this.#linkUp(link),
      linkDown: (link) => this.#linkDown(link),
      frame: (link, frame) => this.#frame(link, frame),
      cursor: (stream) => this.#subscriptions.get(stream)?.cursor ?? null,
      changed: () => this.#connectionChanged(),
    });
    this.#outbox = new Outbox(env, options, this.#counters, () => this.#demand());
    this.#status = new StatusStore<Status>({ ...this.#connection.describe(), since: env.clock.wallMs() });
    this.#unwatch = watch?.({
      wake: () => this.wake(),
      pause: () => {
        this.#isPaused = true;
        this.#connection.pause();
      },
      resume: () => {
        this.#isPaused = false;
        this.#demand();
      },
    });
  }

  get status(): StatusSource<Status> {
    return this.#status;
  }

  get counters(): ClientCounters {
    return { ...this.#counters };
  }

  stream(name: string, options: StreamOptions = {}): Stream {
    checkName(name);
    const reader = new Reader(name, options, this.#options, this.#env.clock.wallMs(), this.#readerHooks);
    if (this.#over !== null) reader.finish({ error: this.#over });
    if (reader.outcome === null) this.#subscription(name).join(reader);
    this.#describe(reader);
    this.#refresh();
    this.#demand();
    return reader;
  }

  publish(name: string, data: unknown, options: PublishOptions = {}): Promise<Published> {
    return this.#publish(name, () => toPayload(data), options);
  }

  end(name: string, options: Pick<PublishOptions, "signal"> = {}): Promise<Published> {
    return this.#publish(name, () => ({ payload: null, bytes: 0 }), { ...options, close: true });
  }

  async #publish(
    stream: string,
    payload: () => Pick<PublishRequest, "payload" | "bytes">,
    { key, dedupeKey, signal, close = false }: PublishOptions,
  ): Promise<Published> {
    checkName(stream);
    if (this.#over !== null || this.#closing !== null) throw this.#over ?? new HoldfastError("closed_by_user");
    return this.#outbox.publish({ stream, ...payload(), key, dedupeKey, close, signal });
  }

  flush(): Promise<void> {
    return this.#outbox.flush();
  }

  wake(): void {
    this.#connection.wake();
  }

  close({ drainMs = drainMsDefault }: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(drainMs: number): Promise<void> {
    this.#unwatch?.();
    if (drainMs > 0 && !this.#outbox.isEmpty) {
      await new Promise<void>((resolve) => {
        const timer = this.#env.clock.after(drainMs, resolve);
        void this.#outbox.flush().then(() => {
          timer.cancel();
          resolve();
        });
      });
    }
    this.#end(new HoldfastError("closed_by_user"));
    this.#connection.close();
  }

  /** Everything that is open ends with this error; nothing can be opened any more. */
  #end(error: HoldfastError): void {
    this.#over = error;
    for (const subscription of [...this.#subscriptions.values()]) {
      for (const reader of [...subscription.readers]) {
        reader.finish({ error });
        subscription.leave(reader);
        this.#forget(reader);
      }
    }
    this.#outbox.fail(error);
  }

  #subscription(name: string): Subscription {
    let subscription = this.#subscriptions.get(name);
    if (subscription === undefined) {
      subscription = new Subscription(name, {
        env: this.#env,
        counters: this.#counters,
        fault: (link) => link.fault(),
        changed: (readers) => this.#changed(readers),
      });
      this.#subscriptions.set(name, subscription);
      if (this.#link !== null) subscription.linkUp(this.#link);
    }
    return subscription;
  }

  /** The reader takes nothing more from the link. */
  #forget(reader: Reader): void {
    if (this.#subscriptions.get(reader.name)?.readers.size === 0) this.#subscriptions.delete(reader.name);
    this.#describe(reader);
    this.#refresh();
    this.#checkCaughtUp();
    this.#demand();
  }

  /** A subscription moved: readers may be at the head, behind it, or over. */
  #changed(readers: Iterable<Reader>): void {
    for (const reader of readers) {
      if (reader.outcome === null) this.#describe(reader);
      else this.#forget(reader);
    }
    this.#refresh();
    this.#checkCaughtUp();
  }

  #linkUp(link: Link): void {
    this.#retiring = this.#link;
    this.#link = link;
    for (const subscription of [...this.#subscriptions.values()]) subscription.linkUp(link);
    this.#outbox.linkUp(link);
    this.#checkCaughtUp();
  }

  #linkDown(link: Link): void {
    if (this.#link === link) this.#link = null;
    if (this.#retiring === link) this.#retiring = null;
    for (const subscription of [...this.#subscriptions.values()]) subscription.linkDown(link);
    this.#outbox.linkDown(link);
  }

  /** The retiring link may go once the new one carries every subscription; publishes were all repeated on the new one. */
  #checkCaughtUp(): void {
    if (this.#retiring === null || ![...this.#subscriptions.values()].every(({ isSettled }) => isSettled)) return;
    this.#retiring = null;
    this.#connection.retire();
  }

  #frame(link: Link, frame: ServerFrame): void {
    switch (frame.type) {
      case "beat":
        for (const [stream, beat] of Object.entries(frame.streams ?? {})) this.#subscriptions.get(stream)?.beat(link, beat);
        return this.#refresh();
      case "published":
        if (!this.#outbox.published(link, frame.id, { position: frame.position, duplicate: frame.duplicate })) this.#counters.late++;
        return;
      case "refused":
      case "error":
        if (!this.#outbox.refused(link, frame) && frame.type === "refused") this.#counters.late++;
        return;
      case "part":
      case "entry":
      case "gap":
      case "closed":
      case "subscribed":
      case "unsubscribed": {
        const subscription = this.#subscriptions.get(frame.stream);
        if (subscription === undefined) this.#counters.late++;
        // The subscription's method is named for the message.
        else subscription[frame.type](link, frame as never);
        return;
      }
      default:
        return;
    }
  }

  #demand(): void {
    this.#connection.want(!this.#isPaused && (this.#subscriptions.size > 0 || !this.#outbox.isEmpty));
  }

  #connectionChanged(): void {
    const { verdict } = this.#connection;
    if (verdict !== null && this.#over === null) this.#end(new HoldfastError(verdict.code, verdict.reason));
    for (const { readers } of this.#subscriptions.values()) for (const reader of readers) this.#describe(reader);
    this.#refresh();
  }

  #refresh(): void {
    const status = this.#connection.describe();
    this.#status.set({ ...status, state: status.state === "live" && this.#behind.size > 0 ? "catching-up" : status.state }, this.#env.clock.wallMs());
  }

  #describe(reader: Reader): void {
    const isCurrent = this.#subscriptions.get(reader.name)?.isCurrent(reader) === true;
    if (isCurrent || reader.outcome !== null) this.#behind.delete(reader);
    else this.#behind.add(reader);
    reader.status.set({ ...streamLine(reader, this.#connection.describe(), isCurrent), gaps: reader.counters.gaps }, this.#env.clock.wallMs());
  }
}

function unknownTransport(name: string): never {
  throw new TypeError(`Invalid option transports: ${name}`);
}

function checkName(name: string): void {
  if (!isStreamName(name)) throw new HoldfastError("bad_stream_name", JSON.stringify(name));
}
