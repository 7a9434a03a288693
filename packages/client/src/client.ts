/**
 * The client: one connection, the streams read over it, and the outbox. It only joins the parts; each of them has its own file.
 * It must never reach the platform: `connect` (connect.ts) hands in clock, randomness and transports.
 */
import { HoldfastError, isStreamName, type SubscribeFrame } from "@holdfast/protocol";
import { Connection, type ConnectionUser, endpointOf } from "./connection.ts";
import type { ClientEnv, Context } from "./context.ts";
import { type ClientCounters, newCounters } from "./counters.ts";
import type { Link, UserFrame } from "./link.ts";
import { type ClientOptions, resolveOptions } from "./options.ts";
import { Outbox, type Published, type PublishRequest } from "./outbox.ts";
import { toPayload } from "./payload.ts";
import { type Status, type StatusSource, StatusStore } from "./status.ts";
import { Reader, type Stream, type StreamOptions } from "./stream.ts";
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
   * Rejects with a HoldfastError: `outbox_full`, `outbox_expired`, `aborted`, what the server refused it with, or `unknown_outcome` when
   * nobody can know whether it is in the log; then `cause` says why.
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
  readonly env: ClientEnv;
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

class HoldfastClient implements Client, ConnectionUser {
  readonly #status: StatusStore<Status>;
  readonly #context: Context;
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Those that lack something that the server is known to have. */
  readonly #behind = new Set<Reader>();
  readonly #unwatch: (() => void) | undefined;
  #over: HoldfastError | null = null;
  #closing: Promise<void> | undefined;
  #isPaused = false;

  constructor(url: string, options: Context["options"], { env: { clock, rng }, transports, watch }: Platform) {
    const chosen = options.transports.map((name) => transports.find((each) => each.name === name));
    if (chosen.includes(undefined)) throw new TypeError(`Invalid option transports: ${options.transports}`);
    this.#context = { clock, rng, options, counters: newCounters() };
    this.#connection = new Connection(this.#context, endpointOf(url), chosen.length > 0 ? (chosen as Transport[]) : transports, this);
    this.#outbox = new Outbox(this.#context, () => this.#demand());
    this.#status = new StatusStore<Status>({ ...this.#connection.describe(), since: clock.wallMs() });
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
    return { ...this.#context.counters };
  }

  stream(name: string, options: StreamOptions = {}): Stream {
    checkName(name);
    const reader = new Reader(name, options, this.#context, (reader) => {
      this.#subscriptions.get(name)?.review();
      this.#touched([reader]);
    });
    if (this.#over !== null) reader.finish({ error: this.#over });
    if (reader.outcome === null) this.#subscription(name).join(reader);
    this.#touched([reader]);
    return reader;
  }

  #subscription(name: string): Subscription {
    let subscription = this.#subscriptions.get(name);
    if (subscription === undefined) {
      subscription = new Subscription(name, this.#context, (readers) => this.#touched(readers));
      this.#subscriptions.set(name, subscription);
      if (this.#connection.live !== null) subscription.linkUp(this.#connection.live);
    }
    return subscription;
  }

  async publish(name: string, data: unknown, options: PublishOptions = {}): Promise<Published> {
    return this.#publish(name, toPayload(data), options);
  }

  async end(name: string, { signal }: Pick<PublishOptions, "signal"> = {}): Promise<Published> {
    return this.#publish(name, { payload: null, bytes: 0 }, { signal, close: true });
  }

  #publish(stream: string, payload: Pick<PublishRequest, "payload" | "bytes">, { key, dedupeKey, signal, close }: Partial<PublishRequest>): Promise<Published> {
    checkName(stream);
    if (this.#over ?? this.#closing) throw this.#over ?? new HoldfastError("closed_by_user");
    return this.#outbox.publish({ stream, ...payload, key, dedupeKey, close, signal });
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
        const timer = this.#context.clock.after(drainMs, resolve);
        void this.#outbox
          .flush()
          .then(resolve)
          .finally(() => timer.cancel());
      });
    }
    this.#end(new HoldfastError("closed_by_user"));
    this.#connection.close();
  }

  /** Everything that is open ends with this error; nothing can be opened any more. */
  #end(error: HoldfastError): void {
    this.#over = error;
    for (const subscription of this.#all) {
      for (const reader of subscription.readers) reader.finish({ error });
      subscription.review();
    }
    this.#outbox.fail(error);
  }

  get #all(): Subscription[] {
    return [...this.#subscriptions.values()];
  }

  // What the connection tells.

  linkUp(link: Link): void {
    for (const subscription of this.#all) subscription.linkUp(link);
    this.#outbox.linkUp(link);
    this.#touched([]);
  }

  linkDown(link: Link): void {
    for (const subscription of this.#all) subscription.linkDown(link);
    this.#outbox.linkDown(link);
  }

  asks(link: Link): SubscribeFrame[] {
    return this.#all.flatMap((subscription) => subscription.asks(link));
  }

  frame(link: Link, frame: UserFrame): void {
    const { counters } = this.#context;
    switch (frame.type) {
      case "beat":
        for (const [stream, beat] of Object.entries(frame.streams ?? {})) this.#subscriptions.get(stream)?.beat(link, beat);
        return this.#touched([]);
      case "goaway":
        return this.#connection.goaway(link, frame.afterMs);
      case "published":
      case "refused":
        return this.#outbox[frame.type](link, frame as never);
      case "error":
        counters.errors++;
        // It may name the request that it is the answer to.
        if (frame.id !== undefined) this.#outbox.refused(link, frame as never);
        return;
      case "pong":
        return;
      default: {
        const subscription = this.#subscriptions.get(frame.stream);
        if (subscription === undefined) counters.late++;
        // The subscription's method is named for the message.
        else subscription[frame.type](link, frame as never);
      }
    }
  }

  changed(): void {
    const { verdict } = this.#connection;
    if (verdict !== null && this.#over === null) this.#end(new HoldfastError(verdict.code, verdict.reason));
    this.#touched(this.#all.flatMap(({ readers }) => [...readers]));
  }

  #demand(): void {
    this.#connection.want(!this.#isPaused && (this.#subscriptions.size > 0 || !this.#outbox.isEmpty));
  }

  /** Readers came, went or moved: says what is true now, and lets go what nobody needs any more. */
  #touched(readers: readonly Reader[]): void {
    const line = this.#connection.describe();
    const { old } = this.#connection;
    for (const reader of readers) {
      const subscription = this.#subscriptions.get(reader.name);
      if (subscription?.readers.size === 0) this.#subscriptions.delete(reader.name);
      const isCurrent = subscription?.isCurrent(reader) === true;
      if (isCurrent || reader.outcome !== null) this.#behind.delete(reader);
      else this.#behind.add(reader);
      reader.describe(line, isCurrent);
    }
    this.#status.set({ ...line, state: line.state === "live" && this.#behind.size > 0 ? "catching-up" : line.state }, this.#context.clock.wallMs());
    // The retiring link may go once the new one carries every subscription; publishes were all repeated on the new one.
    if (old !== null && this.#all.every(({ isSettled }) => isSettled)) this.#connection.retire();
    this.#demand();
  }
}

function checkName(name: string): void {
  if (!isStreamName(name)) throw new HoldfastError("bad_stream_name", JSON.stringify(name));
}
