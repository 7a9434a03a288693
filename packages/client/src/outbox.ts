/**
 * Publishes from the call to the server's answer: bounded in bytes and age, in order for each stream, repeated with the same numbers on
 * every link until answered. It must never drop one without rejecting its promise, nor let an abort make a hole in the numbers.
 */
import { type Code, encodePublish, HoldfastError, type PublishedFrame, type RefusedFrame, randomId } from "@holdfast/protocol";
import { alarm } from "./alarm.ts";
import type { Context } from "./context.ts";
import { pauseMs } from "./endings.ts";
import type { Link } from "./link.ts";
import { Lane, type LaneItem } from "./outbox-lane.ts";

/** What is to be published; the payload is checked already. */
export interface PublishRequest {
  readonly stream: string;
  /** Null when it only ends the stream. */
  readonly payload: string | Uint8Array | null;
  readonly bytes: number;
  readonly key?: string | undefined;
  readonly dedupeKey?: string | undefined;
  readonly close?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What the server said to a publish that it took. */
export interface Published {
  /** Where the entry is; null for a repetition so old that the server has forgotten where it put it. */
  readonly position: string | null;
  /** Whether an earlier try had already put it there. */
  readonly duplicate: boolean;
}

/** One publish that is not answered yet. */
interface Item extends LaneItem, PublishRequest {
  readonly lane: Lane<Item>;
  readonly queuedMs: number;
  resolve(published: Published): void;
  reject(error: HoldfastError): void;
  /** Settled by the server's answer, or when it is given up. */
  answer: Promise<Published>;
  /** The link that the send that counts went over. */
  sentAs: Link | null;
  /** The id of that send; undefined before the first. */
  id: number;
  /** When the first of them was made, by both clocks: one stands still while the machine sleeps, the other can be set. */
  sentMs: number;
  sentWallMs: number;
}

/** What an entry counts for beside its payload. */
const itemBytes = 256;
/** Streams whose producer numbers are remembered; one that was forgotten begins a new epoch. */
const lanesMax = 1_000;
/** Requests that may be unanswered on a link; above it a server stops reading, pings included. */
const linkInFlightMax = 256;
/**
 * How long after a send that may have been taken an entry may be sent again: half of what servers remember a dedupe key for, and a producer,
 * who is silent while its machine sleeps. What they have forgotten, they would add a second time.
 */
const repeatKeyMs = 60_000;
const repeatMs = 720_000;
/** Above this the connection is left to send what it has. */
const queuedBytesMax = 65_536;
const flowPollMs = 20;

const failure = ({ stream }: PublishRequest, code: Code, cause?: unknown, message?: string): HoldfastError =>
  new HoldfastError(code, message, { stream, cause });

export class Outbox {
  readonly #context: Context;
  readonly #changed: () => void;
  readonly #producerId: string;
  readonly #arm: () => void;
  /** The least recently used are in front. */
  readonly #lanes = new Map<string, Lane<Item>>();
  /** The oldest are in front. */
  readonly #pending = new Set<Item>();
  #epochFloor: number;
  #bytes = 0;
  #link: Link | null = null;
  /** When sending may go on that waits for a time. */
  #resumeMs = Infinity;
  /** Streams wait because the link has enough to answer. */
  #isCrowded = false;

  /** `changed` is called whenever the outbox becomes empty or ceases to be. */
  constructor(context: Context, changed: () => void) {
    const { clock, rng, options } = context;
    this.#context = context;
    this.#changed = changed;
    this.#producerId = options.producerId || randomId(rng, 20);
    this.#epochFloor = options.producerEpoch;
    this.#arm = alarm(clock, () => {
      const [oldest] = this.#pending;
      // A timer that waits for nothing would keep a process running.
      if (oldest === undefined) return [];
      return [
        [
          oldest.queuedMs + options.outboxAgeMs,
          () => {
            this.#expire(oldest);
            this.#pump(oldest.lane);
          },
        ],
        [this.#resumeMs, () => this.#pump()],
      ];
    });
  }

  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  /** Queues it; resolves or rejects with the server's answer, or when it is given up. Throws when it cannot be queued. */
  publish(request: PublishRequest): Promise<Published> {
    const { stream, dedupeKey, signal } = request;
    const { clock, options } = this.#context;
    const bytes = request.bytes + itemBytes;
    if (signal?.aborted) throw failure(request, "aborted", signal.reason);
    if (this.#bytes + bytes > options.outboxBytesMax) throw failure(request, "outbox_full");
    const lane = this.#lane(stream);
    if (lane.isFenced && dedupeKey === undefined) throw failure(request, "fenced");
    const item = { ...request, bytes, lane, queuedMs: clock.monoMs(), sentAs: null, open: 0 } as unknown as Item;
    item.answer = new Promise((resolve, reject) => Object.assign(item, { resolve, reject }));
    lane.add(item);
    this.#bytes += bytes;
    this.#pending.add(item);
    if (this.#pending.size === 1) this.#changed();
    if (!this.#isCrowded) this.#pump(lane);
    if (signal === undefined) return item.answer;
    // An abort lets go of the promise and not of the entry: a number that is left out would stop those behind it.
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(failure(item, "aborted", signal.reason));
      signal.addEventListener("abort", abort);
      item.answer.finally(() => signal.removeEventListener("abort", abort)).then(resolve, reject);
    });
  }

  /** Resolves when everything published so far is answered or given up. */
  async flush(): Promise<void> {
    await Promise.allSettled([...this.#pending].map(({ answer }) => answer));
  }

  #lane(stream: string): Lane<Item> {
    return this.#used(stream, this.#lanes.get(stream) ?? this.#newLane());
  }

  #used(stream: string, lane: Lane<Item>): Lane<Item> {
    this.#lanes.delete(stream);
    this.#lanes.set(stream, lane);
    return lane;
  }

  #newLane(): Lane<Item> {
    for (const [stream, { items, isFenced, epoch }] of this.#lanes) {
      if (this.#lanes.size < lanesMax) break;
      if (items.length > 0 || isFenced) continue;
      this.#lanes.delete(stream);
      this.#epochFloor = Math.max(this.#epochFloor, epoch + 1);
    }
    return new Lane(this.#epochFloor);
  }

  /** Everything unanswered goes over this link from now on, from the oldest. */
  linkUp(link: Link): void {
    this.#link = link;
    for (const lane of this.#lanes.values()) lane.rewind();
    this.#pump();
  }

  linkDown(link: Link): void {
    if (this.#link === link) this.#link = null;
  }

  /** A publish was taken; the answer to any of its sends will do. */
  published(link: Link, { id, position, duplicate }: PublishedFrame): void {
    const item = link.answered(id) as Item | undefined;
    if (item === undefined) this.#context.counters.late++;
    else if (this.#over(item)) {
      item.lane.accepted(item);
      item.resolve({ position, duplicate });
      this.#pump(item.lane);
    }
  }

  /** A publish was refused. */
  refused(link: Link, { id, code = "internal", message, afterMs }: RefusedFrame): void {
    const { clock, options, counters } = this.#context;
    const item = link.answered(id) as Item | undefined;
    if (item === undefined) return void counters.late++;
    if (code !== "unknown_outcome") item.open--;
    if (!this.#pending.has(item) || item.sentAs !== link || item.id !== id) return;
    const { lane } = item;
    const retryMs = Math.min(afterMs ?? pauseMs(lane.refusals + 1, this.#context), options.outboxAgeMs);
    const failed = lane.refused(item, code, clock.monoMs() + retryMs);
    if (failed.length === 0) counters.retried++;
    for (const each of failed) {
      counters.refused++;
      const refusal = failure(each, code, undefined, message);
      // Another send may have been taken before the newer epoch began, or may be, once what is missing has come.
      const isUnknown = code === "out_of_order" ? each.open > 0 : code === "fenced" && each.open > (each.sentAs ? 1 : 0);
      this.#fail(each, isUnknown ? failure(each, "unknown_outcome", refusal) : refusal);
    }
    this.#pump(lane);
  }

  /** Nothing can be published any more. What may have reached the server is rejected as `unknown_outcome`. */
  fail(error: HoldfastError): void {
    for (const item of this.#pending) this.#fail(item, item.open > 0 ? failure(item, "unknown_outcome", error) : error);
    this.#lanes.clear();
  }

  #fail(item: Item, error: HoldfastError): void {
    this.#over(item);
    item.reject(error);
  }

  #expire(item: Item): void {
    item.sentAs?.answered(item.id);
    item.lane.expire(item);
    this.#context.counters.expired++;
    this.#fail(item, failure(item, "outbox_expired"));
  }

  /** Takes it from what is waited for; false when it was not. */
  #over(item: Item): boolean {
    if (!this.#pending.delete(item)) return false;
    this.#bytes -= item.bytes;
    if (this.isEmpty) this.#changed();
    this.#arm();
    return true;
  }

  /**
   * Sends what may be sent: of the stream for which there is room now, or of all, when they had to wait for room; and then one of each in
   * turn, so that a busy stream does not take all of it.
   */
  #pump(lane?: Lane<Item>): void {
    const nowMs = this.#context.clock.monoMs();
    let moving = lane === undefined ? [] : [lane];
    if (lane === undefined || this.#isCrowded) {
      this.#resumeMs = Infinity;
      this.#isCrowded = false;
      moving = [...this.#lanes.values()];
    }
    while (moving.length > 0) moving = moving.filter((each) => this.#sendNext(each, nowMs));
    this.#arm();
  }

  #sendNext(lane: Lane<Item>, nowMs: number): boolean {
    const link = this.#link;
    const { clock, options, counters } = this.#context;
    if (lane.notBeforeMs > nowMs) this.#resumeMs = Math.min(this.#resumeMs, lane.notBeforeMs);
    const item = lane.next(nowMs, options.inFlightMax);
    if (link === null || item === undefined) return false;
    this.#isCrowded ||= link.unanswered >= linkInFlightMax;
    if (this.#isCrowded) return false;
    if (link.queuedBytes > queuedBytesMax) {
      this.#resumeMs = Math.min(this.#resumeMs, nowMs + flowPollMs);
      return false;
    }
    this.#used(item.stream, lane);
    const wallMs = clock.wallMs();
    if (item.open === 0) {
      item.sentMs = nowMs;
      item.sentWallMs = wallMs;
    } else if (Math.max(nowMs - item.sentMs, wallMs - item.sentWallMs) > (item.dedupeKey === undefined ? repeatMs : repeatKeyMs)) {
      this.#expire(item);
      return true;
    }
    item.open++;
    counters[item.id ? "resent" : "sent"]++;
    item.sentAs = link;
    item.id = link.request(item);
    const { dedupeKey, epoch, seq } = item;
    const producer = dedupeKey === undefined ? { id: this.#producerId, epoch, seq } : undefined;
    for (const text of encodePublish({ ...item, producer })) link.send(text);
    return true;
  }
}
