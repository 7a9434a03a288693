/**
 * Publishes from the call to the server's answer: bounded in bytes and age, in order for each stream, repeated with the same numbers on
 * every link until answered. It must never drop one without rejecting its promise, nor let an abort make a hole in the numbers.
 */
import {
  type Code,
  type Env,
  type ErrorFrame,
  encodePublish,
  HoldfastError,
  type RefusedFrame,
  randomFraction,
  randomId,
  type Timer,
} from "@holdfast/protocol";
import type { ClientCounters } from "./counters.ts";
import { backoffMs } from "./endings.ts";
import type { Link } from "./link.ts";
import type { ResolvedOptions } from "./options.ts";
import { Lane, type LaneItem } from "./outbox-lane.ts";

/** What is to be published; the payload is checked already. */
export interface PublishRequest {
  readonly stream: string;
  /** Null when it only ends the stream. */
  readonly payload: string | Uint8Array | null;
  readonly bytes: number;
  readonly key?: string | undefined;
  readonly dedupeKey?: string | undefined;
  readonly close: boolean;
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
  over(): void;
  whenOver: Promise<void>;
  sentAs: Send | null;
  /** How often it was sent: what was sent may have been taken. */
  sends: number;
  /** Sends that were not refused: each may have been taken, though it be unanswered for ever. */
  open: number;
  /** When the first of them was made, by both clocks: one stands still while the machine sleeps, the other can be set. */
  sentMs: number;
  sentWallMs: number;
}

interface Send {
  readonly item: Item;
  readonly link: Link;
  readonly id: number;
}

/** What an entry counts for beside its payload. */
const itemBytes = 256;
/** Streams whose producer numbers are remembered; one that was forgotten begins a new epoch. */
const lanesMax = 1_000;
/** Publishes that may be unanswered on a link, of all streams; above it a server stops reading, pings included. */
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
  readonly #env: Env;
  readonly #options: ResolvedOptions;
  readonly #counters: ClientCounters;
  readonly #changed: () => void;
  readonly #producerId: string;
  /** The least recently used are in front. */
  readonly #lanes = new Map<string, Lane<Item>>();
  readonly #sends = new Map<Link, Map<number, Send>>();
  readonly #pending = new Set<Item>();
  #epochFloor: number;
  #bytes = 0;
  #link: Link | null = null;
  #timer: Timer | undefined;
  #timerAtMs = Infinity;
  /** Streams wait because the link has enough to answer. */
  #isCrowded = false;

  /** `changed` is called whenever the outbox becomes empty or ceases to be. */
  constructor(env: Env, options: ResolvedOptions, counters: ClientCounters, changed: () => void) {
    this.#env = env;
    this.#options = options;
    this.#counters = counters;
    this.#changed = changed;
    this.#producerId = options.producerId || randomId(env.rng, 20);
    this.#epochFloor = options.producerEpoch;
  }

  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  /** Queues it; resolves or rejects with the server's answer, or when it is given up. */
  publish(request: PublishRequest): Promise<Published> {
    return new Promise((resolve, reject) => {
      const { stream, dedupeKey, signal } = request;
      const abort = (): void => reject(failure(request, "aborted", signal?.reason));
      if (signal?.aborted) return abort();
      const bytes = request.bytes + itemBytes;
      if (this.#bytes + bytes > this.#options.outboxBytesMax) throw failure(request, "outbox_full");
      const lane = this.#lane(stream);
      if (lane.isFenced && dedupeKey === undefined) throw failure(request, "fenced");
      const queuedMs = this.#env.clock.monoMs();
      const item = { ...request, bytes, lane, queuedMs, resolve, reject, epoch: 0, seq: 0, sentAs: null, sends: 0, open: 0 } as unknown as Item;
      item.whenOver = new Promise((over) => {
        item.over = over;
      });
      // An abort lets go of the promise and not of the entry: a number that is left out would stop those behind it.
      signal?.addEventListener("abort", abort);
      void item.whenOver.then(() => signal?.removeEventListener("abort", abort));
      lane.add(item);
      this.#bytes += bytes;
      this.#pending.add(item);
      this.#armAt(queuedMs + this.#options.outboxAgeMs);
      if (this.#pending.size === 1) this.#changed();
      this.#pump([lane]);
    });
  }

  /** Resolves when everything published so far is answered or given up. */
  async flush(): Promise<void> {
    await Promise.all([...this.#pending].map(({ whenOver }) => whenOver));
  }

  #lane(stream: string): Lane<Item> {
    let lane = this.#lanes.get(stream);
    if (lane === undefined) {
      if (this.#lanes.size >= lanesMax) this.#forgetOneLane();
      lane = new Lane(this.#epochFloor);
    }
    this.#used(stream, lane);
    return lane;
  }

  #used(stream: string, lane: Lane<Item>): void {
    this.#lanes.delete(stream);
    this.#lanes.set(stream, lane);
  }

  #forgetOneLane(): void {
    for (const [stream, { items, isFenced, epoch }] of this.#lanes) {
      if (items.length > 0 || isFenced) continue;
      this.#lanes.delete(stream);
      this.#epochFloor = Math.max(this.#epochFloor, epoch + 1);
      return;
    }
  }

  /** Everything unanswered goes over this link from now on, from the oldest. */
  linkUp(link: Link): void {
    this.#link = link;
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
    const item = this.#answered(link, id)?.item;
    if (item !== undefined && this.#over(item)) {
      item.lane.accepted(item);
      item.resolve(published);
      this.#room(item.lane);
    }
    return item !== undefined;
  }

  /** A publish was refused (an `error` names it, perhaps). False when nobody waits for this answer. */
  refused(link: Link, { id, code, message, ...frame }: RefusedFrame | ErrorFrame): boolean {
    const send = this.#answered(link, id);
    if (send === undefined) return false;
    const { item } = send;
    if (code !== "unknown_outcome") item.open--;
    if (!this.#pending.has(item) || item.sentAs !== send) return true;
    const { lane } = item;
    const { clock, rng } = this.#env;
    const jitteredMs = (0.5 + randomFraction(rng) / 2) * backoffMs(lane.refusals + 1, this.#options);
    const failed = lane.refused(
      item,
      code,
      clock.monoMs() + Math.min(("afterMs" in frame ? frame.afterMs : undefined) ?? jitteredMs, this.#options.outboxAgeMs),
    );
    if (failed.length === 0) this.#counters.retried++;
    for (const each of failed) {
      this.#counters.refused++;
      const refusal = failure(each, code, undefined, message);
      // An earlier send than the one that counts may have been taken before the newer epoch began.
      const mayBeTaken = code === "fenced" && each.sends > (each.sentAs === null ? 0 : 1);
      this.#fail(each, mayBeTaken ? failure(each, "unknown_outcome", refusal) : refusal);
    }
    this.#room(lane);
    if (failed.length === 0) this.#armAt(lane.notBeforeMs);
    return true;
  }

  /** Nothing can be published any more. What may have reached the server is rejected as `unknown_outcome`. */
  fail(error: HoldfastError): void {
    for (const item of this.#pending) this.#fail(item, item.sends > 0 ? failure(item, "unknown_outcome", error) : error);
    this.#lanes.clear();
  }

  #expire(item: Item): void {
    item.lane.remove(item);
    this.#counters.expired++;
    this.#fail(item, failure(item, "outbox_expired"));
  }

  #fail(item: Item, error: HoldfastError): void {
    this.#over(item);
    item.reject(error);
  }

  #answered(link: Link, id = 0): Send | undefined {
    const sends = this.#sends.get(link);
    const send = sends?.get(id);
    if (sends?.delete(id)) link.answered(id);
    return send;
  }

  /** Takes it from what is waited for; false when it was not. */
  #over(item: Item): boolean {
    if (!this.#pending.delete(item)) return false;
    this.#bytes -= item.bytes;
    item.over();
    if (this.isEmpty) {
      // A timer that waits for nothing would keep a process running.
      this.#disarm();
      this.#changed();
    }
    return true;
  }

  #pumpAll(): void {
    this.#isCrowded = false;
    this.#pump([...this.#lanes.values()]);
  }

  /** Sends what may be sent, one of each stream in turn, so that a busy stream does not take all the room. */
  #pump(lanes: readonly Lane<Item>[]): void {
    let moving = lanes;
    while (moving.length > 0) moving = moving.filter((lane) => this.#sendNext(lane));
  }

  #sendNext(lane: Lane<Item>): boolean {
    const link = this.#link;
    const sends = link === null ? undefined : this.#sends.get(link);
    const nowMs = this.#env.clock.monoMs();
    const item = lane.next(nowMs, this.#options.inFlightMax);
    if (link === null || sends === undefined || item === undefined) return false;
    this.#isCrowded ||= sends.size >= linkInFlightMax;
    if (this.#isCrowded) return false;
    if (link.queuedBytes > queuedBytesMax) {
      this.#armAt(nowMs + flowPollMs);
      return false;
    }
    this.#used(item.stream, lane);
    const wallMs = this.#env.clock.wallMs();
    if (item.open === 0) {
      item.sentMs = nowMs;
      item.sentWallMs = wallMs;
    } else if (Math.max(nowMs - item.sentMs, wallMs - item.sentWallMs) > (item.dedupeKey === undefined ? repeatMs : repeatKeyMs)) {
      this.#expire(item);
      return true;
    }
    item.open++;
    this.#counters[item.sends++ > 0 ? "resent" : "sent"]++;
    const id = link.request();
    item.sentAs = { item, link, id };
    sends.set(id, item.sentAs);
    const { dedupeKey, epoch, seq } = item;
    const producer = dedupeKey === undefined ? { id: this.#producerId, epoch, seq } : undefined;
    for (const text of encodePublish({ ...item, id, producer })) link.send(text);
    return true;
  }

  /** An answer made room: first for others, when they had to wait for it. */
  #room(lane: Lane<Item>): void {
    if (this.#isCrowded) this.#pumpAll();
    else this.#pump([lane]);
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timerAtMs = Infinity;
  }

  #armAt(atMs: number): void {
    if (this.#timerAtMs <= atMs || this.isEmpty) return;
    this.#disarm();
    this.#timerAtMs = atMs;
    const { clock } = this.#env;
    this.#timer = clock.after(Math.max(0, atMs - clock.monoMs()), () => this.#onTimer());
  }

  #onTimer(): void {
    this.#timerAtMs = Infinity;
    const nowMs = this.#env.clock.monoMs();
    const oldestMs = nowMs - this.#options.outboxAgeMs;
    for (const item of this.#pending) {
      if (item.queuedMs > oldestMs) break;
      const send = item.sentAs;
      if (send !== null) this.#answered(send.link, send.id);
      this.#expire(item);
    }
    this.#pumpAll();
    const [oldest] = this.#pending;
    if (oldest !== undefined) this.#armAt(oldest.queuedMs + this.#options.outboxAgeMs);
    for (const lane of this.#lanes.values()) if (lane.items.length > 0 && lane.notBeforeMs > nowMs) this.#armAt(lane.notBeforeMs);
  }
}
