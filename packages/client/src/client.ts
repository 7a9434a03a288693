/**
 * The client: one connection, the streams read over it, and the outbox. It only joins the parts; each of them has its own file.
 * It must never reach the platform: `connect` (connect.ts) hands in clock, randomness and transports.
 */
import { type Env, HoldfastError, isKey, limits, parsePosition, type ServerFrame, streamNameFault } from "@holdfast/protocol";
import { type Line, lineOf, outcomeLine, streamLine } from "./client-status.ts";
import { Connection, endingError, endpointOf } from "./connection.ts";
import { type ClientCounters, newCounters } from "./counters.ts";
import type { Link } from "./link.ts";
import { type ClientOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { Outbox, type PublishRequest } from "./outbox.ts";
import type { Published } from "./outbox-lane.ts";
import { toPayload } from "./payload.ts";
import { type Status, type StatusSource, StatusStore, type StreamStatus } from "./status.ts";
import { Reader, type Stream, StreamHandle, type StreamOptions } from "./stream.ts";
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
  /** Reads a stream. Throws HoldfastError for a bad name or position. Close it, or leave the loop, when done. */
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

/** What a platform provides. The first transport is used. */
export interface Platform {
  readonly env: Env;
  readonly transports: readonly Transport[];
}

interface Open {
  readonly id: number;
  readonly reader: Reader;
  readonly subscription: Subscription;
  readonly status: StatusStore<StreamStatus>;
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
  readonly #open = new Map<number, Open>();
  readonly #behind = new Set<number>();
  readonly #status: StatusStore<Status>;
  #link: Link | null = null;
  #retiring: Link | null = null;
  #streams = 0;
  #over: HoldfastError | null = null;
  #closing: Promise<void> | null = null;
  #isClosing = false;

  constructor(url: string, options: ResolvedOptions, { env, transports }: Platform) {
    const [transport] = transports;
    if (transport === undefined) throw new TypeError("Expected `transports` to have at least one transport, got none");
    this.#env = env;
    this.#options = options;
    this.#connection = new Connection(env, endpointOf(url), transport, options, this.#counters, {
      linkUp: (link) => this.#linkUp(link),
      linkDown: (link) => this.#linkDown(link),
      frame: (link, frame) => this.#frame(link, frame),
      wanted: () => this.#open.size > 0 || !this.#outbox.isEmpty,
      changed: () => this.#connectionChanged(),
    });
    this.#outbox = new Outbox(env, options, this.#counters, () => this.#connection.demand());
    this.#status = new StatusStore<Status>({ ...this.#describe(), since: env.clock.wallMs() });
  }

  get status(): StatusSource<Status> {
    return this.#status;
  }

  get counters(): ClientCounters {
    return { ...this.#counters };
  }

  stream(name: string, options: StreamOptions = {}): Stream {
    checkName(name);
    const from = options.from ?? "now";
    checkFrom(from);
    const id = ++this.#streams;
    const reader = new Reader(options, this.#options, {
      full: (isFull) => this.#full(id, isFull),
      left: () => this.#leave(id),
    });
    const status = new StatusStore<StreamStatus>({ state: "offline", code: null, reason: "", since: this.#env.clock.wallMs(), gaps: 0 });
    if (this.#over !== null) reader.finish({ kind: "failed", error: this.#over });
    if (reader.isOver) status.set({ ...(outcomeLine(reader) as Line), gaps: 0 }, this.#env.clock.wallMs());
    else {
      const subscription = this.#subscription(name);
      this.#open.set(id, { id, reader, subscription, status });
      this.#behind.add(id);
      subscription.join(id, reader, from);
      this.#changed(subscription);
      this.#connection.demand();
    }
    return new StreamHandle(name, reader, status);
  }

  publish(name: string, data: unknown, options: PublishOptions = {}): Promise<Published> {
    return this.#publish(name, () => toPayload(data), options);
  }

  end(name: string, options: Pick<PublishOptions, "signal"> = {}): Promise<Published> {
    return this.#publish(name, () => ({ payload: null, bytes: 0 }), { ...options, close: true });
  }

  async #publish(name: string, payload: () => Pick<PublishRequest, "payload" | "bytes">, options: PublishOptions): Promise<Published> {
    checkName(name);
    const { key, dedupeKey, signal, close = false } = options;
    for (const [what, value] of Object.entries({ key, dedupeKey })) {
      if (value !== undefined && !isKey(value)) throw new HoldfastError("bad_request", `expected \`${what}\` to be 1 to 255 bytes`);
    }
    if (this.#over !== null || this.#isClosing) throw this.#over ?? new HoldfastError("closed_by_user");
    return this.#outbox.publish({ stream: name, ...payload(), key, dedupeKey, close, signal });
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
    this.#isClosing = true;
    if (drainMs > 0 && !this.#outbox.isEmpty && this.#over === null) {
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
    for (const { id, reader, subscription } of [...this.#open.values()]) {
      reader.finish({ kind: "failed", error });
      subscription.leave(id);
      this.#forget(id);
    }
    this.#outbox.fail(error);
  }

  #subscription(name: string): Subscription {
    let subscription = this.#subscriptions.get(name);
    if (subscription === undefined) {
      subscription = new Subscription(name, {
        env: this.#env,
        counters: this.#counters,
        fault: (link) => this.#connection.fault(link),
        changed: (each) => this.#changed(each),
      });
      this.#subscriptions.set(name, subscription);
      if (this.#link !== null) subscription.linkUp(this.#link);
    }
    return subscription;
  }

  #full(id: number, isFull: boolean): void {
    if (isFull) this.#counters.cutbacks++;
    const open = this.#open.get(id);
    open?.subscription.dispatch({ type: "full", id, full: isFull });
    if (open !== undefined) this.#describeStream(open);
    this.#refresh();
  }

  #leave(id: number): void {
    const open = this.#open.get(id);
    open?.subscription.leave(id);
    this.#forget(id);
  }

  /** The reader takes nothing more from the link. */
  #forget(id: number): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    this.#behind.delete(id);
    this.#describeStream(open);
    const { subscription } = open;
    if (subscription.isEmpty) this.#subscriptions.delete(subscription.stream);
    this.#refresh();
    this.#checkCaughtUp();
    this.#connection.demand();
  }

  /** A subscription moved: readers may be at the head, behind it, or over. */
  #changed(subscription: Subscription): void {
    for (const open of [...this.#open.values()]) {
      if (open.subscription !== subscription) continue;
      if (open.reader.isOver) this.#forget(open.id);
      else this.#describeStream(open);
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
    if (this.#retiring === null) return;
    for (const subscription of this.#subscriptions.values()) if (!subscription.isSettled) return;
    this.#retiring = null;
    this.#connection.caughtUp();
  }

  #frame(link: Link, frame: ServerFrame): void {
    switch (frame.type) {
      case "beat":
        for (const [stream, beat] of Object.entries(frame.streams ?? {})) this.#subscriptions.get(stream)?.beat(link, beat);
        this.#refresh();
        return;
      case "published":
        if (!this.#outbox.published(link, frame.id, { position: frame.position, duplicate: frame.duplicate })) this.#counters.late++;
        return;
      case "refused":
        if (!this.#outbox.refused(link, frame.id, frame.code, frame.message, frame.afterMs)) this.#counters.late++;
        return;
      case "error":
        if (frame.id !== undefined) this.#outbox.refused(link, frame.id, frame.code, frame.message, undefined);
        return;
      case "part":
      case "entry":
      case "gap":
      case "closed":
      case "subscribed":
      case "unsubscribed": {
        const subscription = this.#subscriptions.get(frame.stream);
        if (subscription === undefined) this.#counters.late++;
        else subscription.frame(link, frame);
        return;
      }
      default:
        return;
    }
  }

  #connectionChanged(): void {
    const { state } = this.#connection;
    if (state.name === "denied" && this.#over === null) this.#end(endingError(state.cause));
    for (const open of this.#open.values()) this.#describeStream(open);
    this.#refresh();
  }

  #refresh(): void {
    this.#status.set(this.#describe(), this.#env.clock.wallMs());
  }

  #describe(): Omit<Status, "since"> {
    const { clock } = this.#env;
    const { state, heardMs, transportName } = this.#connection;
    const toWall = (monoMs: number): number => Math.round(clock.wallMs() - clock.monoMs() + monoMs);
    const line = lineOf(state);
    const isUp = "link" in state;
    return {
      ...line,
      state: line.state === "live" && this.#behind.size > 0 ? "catching-up" : line.state,
      transport: isUp ? transportName : null,
      lastProofOfLifeMs: heardMs === null ? (this.#status?.getSnapshot().lastProofOfLifeMs ?? null) : toWall(heardMs),
      attempt: "failures" in state ? state.failures : 0,
      retryAtMs: state.name === "waiting" ? toWall(state.untilMs) : null,
      linkId: isUp ? state.link.linkId : null,
    };
  }

  #describeStream({ id, reader, subscription, status }: Open): void {
    const isCurrent = subscription.isCurrent(id);
    if (isCurrent || !this.#open.has(id)) this.#behind.delete(id);
    else this.#behind.add(id);
    const line = outcomeLine(reader) ?? streamLine(reader, lineOf(this.#connection.state), isCurrent);
    status.set({ ...line, gaps: reader.counters.gaps }, this.#env.clock.wallMs());
  }
}

function checkName(name: string): void {
  const fault = streamNameFault(name);
  if (fault !== null) throw new HoldfastError("bad_stream_name", fault);
}

function checkFrom(from: NonNullable<StreamOptions["from"]>): void {
  if (from === "first" || from === "now") return;
  if ("after" in from) {
    if (typeof from.after !== "string" || parsePosition(from.after) === null) throw new HoldfastError("bad_position");
  } else if (!Number.isSafeInteger(from.last) || from.last < 0 || from.last > limits.lastEntriesMax.value) {
    throw new HoldfastError("bad_request", `expected \`last\` to be a whole number from 0 to ${limits.lastEntriesMax.value}`);
  }
}
