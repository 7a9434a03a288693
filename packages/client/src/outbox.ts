/**
 * Publishes from the call to the server's answer: bounded in bytes and age, in order for each stream, repeated with the same numbers on
 * every link until answered. It must never drop one without rejecting its promise, nor let an abort make a hole in the numbers.
 */
import { type Code, type Env, encodePublish, HoldfastError, randomFraction, randomId, type Timer } from "@holdfast/protocol";
import type { ClientCounters } from "./counters.ts";
import { backoffMs } from "./endings.ts";
import type { Link } from "./link.ts";
import type { ResolvedOptions } from "./options.ts";
import { Lane, mayBeTaken, type OutboxItem, type Published } from "./outbox-lane.ts";

/** What is to be published; the payload is checked already. */
export interface PublishRequest {
  readonly stream: string;
  readonly payload: string | Uint8Array | null;
  readonly bytes: number;
  readonly key?: string | undefined;
  readonly dedupeKey?: string | undefined;
  readonly close: boolean;
  readonly signal?: AbortSignal | undefined;
}

interface Send {
  readonly item: OutboxItem;
  readonly link: Link;
  readonly id: number;
}

/** What an entry counts for beside its payload. */
const itemBytes = 256;
/** Streams whose producer numbers are remembered; one that was forgotten begins a new epoch. */
const lanesMax = 1_000;
/** Publishes that may be unanswered on a link, of all streams; above it a server stops reading, pings included. */
const linkInFlightMax = 256;
/** Above this the connection is left to send what it has. */
const queuedBytesMax = 65_536;
const flowPollMs = 20;

export class Outbox {
  readonly #env: Env;
  readonly #options: ResolvedOptions;
  readonly #counters: ClientCounters;
  readonly #changed: () => void;
  readonly #producerId: string;
  readonly #lanes = new Map<string, Lane>();
  readonly #sends = new Map<Link, Map<number, Send>>();
  readonly #pending = new Set<OutboxItem>();
  readonly #flushes = new Set<{ readonly items: Set<OutboxItem>; readonly resolve: () => void }>();
  #epochFloor: number;
  #bytes = 0;
  #link: Link | null = null;
  #timer: { readonly atMs: number; readonly timer: Timer } | null = null;
  /** Streams wait because the connection has enough to send, or the link enough to answer. */
  #isBlocked = false;
  #isCrowded = false;

  /** `changed` is called whenever the outbox becomes empty or ceases to be. */
  constructor(env: Env, options: ResolvedOptions, counters: ClientCounters, changed: () => void) {
    this.#env = env;
    this.#options = options;
    this.#counters = counters;
    this.#changed = changed;
    this.#producerId = options.producerId ?? randomId(env.rng, 20);
    this.#epochFloor = options.producerEpoch;
  }

  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  publish(request: PublishRequest): Promise<Published> {
    const { signal } = request;
    if (signal?.aborted === true) return Promise.reject(new HoldfastError("aborted", undefined, { cause: signal.reason }));
    const cost = request.bytes + itemBytes;
    if (this.#bytes + cost > this.#options.outboxBytesMax) return Promise.reject(new HoldfastError("outbox_full", undefined, { stream: request.stream }));
    const lane = this.#lane(request.stream);
    if (lane.isFenced && request.dedupeKey === undefined) return Promise.reject(new HoldfastError("fenced", undefined, { stream: request.stream }));
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(new HoldfastError("aborted", undefined, { cause: signal?.reason }));
      signal?.addEventListener("abort", abort, { once: true });
      const settled = (): void => signal?.removeEventListener("abort", abort);
      const item: OutboxItem = {
        stream: request.stream,
        payload: request.payload,
        cost,
        queuedMs: this.#env.clock.monoMs(),
        key: request.key,
        dedupeKey: request.dedupeKey,
        close: request.close,
        resolve: (published) => {
          settled();
          resolve(published);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
        epoch: 0,
        seq: 0,
        sentAs: null,
        everSent: false,
        isRepeat: false,
        isOver: false,
      };
      lane.add(item);
      this.#bytes += cost;
      this.#pending.add(item);
      this.#armAt(item.queuedMs + this.#options.outboxAgeMs);
      if (this.#pending.size === 1) this.#changed();
      this.#pump(lane);
    });
  }

  /** Resolves when everything published so far is answered or given up. */
  flush(): Promise<void> {
    if (this.isEmpty) return Promise.resolve();
    return new Promise((resolve) => this.#flushes.add({ items: new Set(this.#pending), resolve }));
  }

  #lane(stream: string): Lane {
    let lane = this.#lanes.get(stream);
    if (lane === undefined) {
      this.#forgetOneLane();
      lane = new Lane(stream, this.#epochFloor);
    }
    this.#used(lane);
    return lane;
  }

  /** The least recently used are in front. */
  #used(lane: Lane): void {
    this.#lanes.delete(lane.stream);
    this.#lanes.set(lane.stream, lane);
  }

  #forgetOneLane(): void {
    if (this.#lanes.size < lanesMax) return;
    for (const [stream, lane] of this.#lanes) {
      if (!lane.isEmpty || lane.isFenced) continue;
      this.#lanes.delete(stream);
      this.#epochFloor = Math.max(this.#epochFloor, lane.epoch + 1);
      return;
    }
  }

  /** Everything unanswered goes over this link from now on, from the oldest. */
  linkUp(link: Link): void {
    this.#link = link;
    this.#isBlocked = false;
    this.#isCrowded = false;
    this.#sends.set(link, new Map());
    for (const lane of this.#lanes.values()) lane.rewind();
    this.#pumpAll();
  }

  linkDown(link: Link): void {
    this.#sends.delete(link);
    if (this.#link === link) this.#link = null;
  }

  /** A publish was taken. False when nobody waits for this answer. */
  published(link: Link, id: number, published: Published): boolean {
    const send = this.#answered(link, id);
    if (send === null || send.item.isOver) return send !== null;
    const lane = this.#laneOf(send.item);
    lane.accepted(send.item);
    this.#over(send.item);
    send.item.resolve(published);
    this.#room(lane);
    return true;
  }

  /** A publish was refused. False when nobody waits for this answer. */
  refused(link: Link, id: number, code: Code, message: string, afterMs: number | undefined): boolean {
    const send = this.#answered(link, id);
    if (send === null || send.item.isOver || send.item.sentAs !== send) return send !== null;
    const lane = this.#laneOf(send.item);
    const { clock, rng } = this.#env;
    const failed = lane.refused(send.item, code, clock.monoMs(), (refusals) => {
      const jittered = (0.5 + randomFraction(rng) / 2) * backoffMs(refusals + 1, this.#options);
      return Math.min(afterMs ?? jittered, this.#options.outboxAgeMs);
    });
    if (failed.length === 0) this.#counters.retried++;
    for (const item of failed) {
      this.#counters.refused++;
      this.#over(item);
      const refusal = new HoldfastError(code, message || undefined, { stream: item.stream });
      const isOpen = code === "fenced" && mayBeTaken(item);
      item.reject(isOpen ? new HoldfastError("unknown_outcome", undefined, { cause: refusal, stream: item.stream }) : refusal);
    }
    this.#room(lane);
    if (lane.retryAtMs !== null) this.#armAt(lane.retryAtMs);
    return true;
  }

  /** Nothing can be published any more. What may have reached the server is rejected as `unknown_outcome`. */
  fail(error: HoldfastError): void {
    for (const item of [...this.#pending]) {
      item.isOver = true;
      this.#over(item);
      item.reject(item.everSent ? new HoldfastError("unknown_outcome", undefined, { cause: error, stream: item.stream }) : error);
    }
    this.#lanes.clear();
  }

  #laneOf(item: OutboxItem): Lane {
    return this.#lanes.get(item.stream) as Lane;
  }

  #answered(link: Link, id: number): Send | null {
    const sends = this.#sends.get(link);
    const send = sends?.get(id);
    if (sends === undefined || send === undefined) return null;
    sends.delete(id);
    link.answered(id);
    return send;
  }

  #over(item: OutboxItem): void {
    this.#pending.delete(item);
    this.#bytes -= item.cost;
    for (const flush of this.#flushes) {
      flush.items.delete(item);
      if (flush.items.size > 0) continue;
      this.#flushes.delete(flush);
      flush.resolve();
    }
    if (this.#pending.size > 0) return;
    // A timer that waits for nothing would keep a process running.
    this.#timer?.timer.cancel();
    this.#timer = null;
    this.#changed();
  }

  /** Sends what may be sent, one of each stream in turn, so that a busy stream does not take all the room. */
  #pumpAll(): void {
    let isMoving = true;
    while (isMoving) {
      isMoving = false;
      for (const lane of [...this.#lanes.values()]) {
        if (!this.#sendNext(lane)) continue;
        isMoving = true;
        this.#used(lane);
      }
    }
  }

  #pump(lane: Lane): void {
    while (this.#sendNext(lane)) {
      // Until it may send no more.
    }
  }

  #sendNext(lane: Lane): boolean {
    const link = this.#link;
    if (link === null || this.#isBlocked) return false;
    const nowMs = this.#env.clock.monoMs();
    const item = lane.next(nowMs, this.#options.inFlightMax);
    if (item === null) return false;
    if ((this.#sends.get(link)?.size ?? 0) >= linkInFlightMax) {
      this.#isCrowded = true;
      return false;
    }
    if (link.queuedBytes > queuedBytesMax) {
      this.#isBlocked = true;
      this.#armAt(nowMs + flowPollMs);
      return false;
    }
    this.#send(lane, item, link);
    return true;
  }

  /** An answer made room: first for others, when they had to wait for it. */
  #room(lane: Lane): void {
    if (!this.#isCrowded) {
      this.#pump(lane);
      return;
    }
    this.#isCrowded = false;
    this.#pumpAll();
  }

  #send(lane: Lane, item: OutboxItem, link: Link): void {
    this.#counters[item.everSent ? "resent" : "sent"]++;
    const send: Send = { item, link, id: link.nextId };
    link.requested(send.id);
    lane.sent(item, send);
    this.#sends.get(link)?.set(send.id, send);
    const { stream, payload, key, dedupeKey, close } = item;
    const producer = dedupeKey === undefined ? { id: this.#producerId, epoch: item.epoch, seq: item.seq } : undefined;
    for (const text of encodePublish({ id: send.id, stream, payload, key, producer, dedupeKey, close })) link.send(text);
  }

  #armAt(atMs: number): void {
    if (this.#timer !== null && this.#timer.atMs <= atMs) return;
    this.#timer?.timer.cancel();
    const { clock } = this.#env;
    this.#timer = { atMs, timer: clock.after(Math.max(0, atMs - clock.monoMs()), () => this.#onTimer()) };
  }

  #onTimer(): void {
    this.#timer = null;
    this.#isBlocked = false;
    const nowMs = this.#env.clock.monoMs();
    const { outboxAgeMs } = this.#options;
    for (const lane of this.#lanes.values()) {
      for (let item = lane.oldest; item !== undefined && item.queuedMs + outboxAgeMs <= nowMs; item = lane.oldest) this.#expire(lane, item);
    }
    this.#pumpAll();
    for (const lane of this.#lanes.values()) {
      if (lane.oldest === undefined) continue;
      this.#armAt(lane.oldest.queuedMs + outboxAgeMs);
      if (lane.retryAtMs !== null && lane.retryAtMs > nowMs) this.#armAt(lane.retryAtMs);
    }
  }

  #expire(lane: Lane, item: OutboxItem): void {
    const send = item.sentAs as Send | null;
    if (send !== null) this.#answered(send.link, send.id);
    lane.expired(item);
    this.#counters.expired++;
    this.#over(item);
    item.reject(new HoldfastError("outbox_expired", undefined, { stream: item.stream }));
  }
}
