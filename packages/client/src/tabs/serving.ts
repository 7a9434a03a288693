/**
 * One tab's link, on the leader's side: a small server over the leader's client, which already lets many readers with their own places share
 * one subscription. It says what a server would, so that the tab resumes from here as from anywhere.
 * A tab that is slow or frozen must not make the leader grow: one batch is under way at a time, the next one is small, and everything else
 * stays in the client's queues, which are bounded and cut back to the tab's place. No timers: those of a hidden leader are late.
 */
import { entryPrefix, type From, HoldfastError, limits, toBase64 } from "@holdfast/protocol";
import type { Client } from "../client.ts";
import type { Gap, StreamEntry } from "../entry.ts";
import type { Stream } from "../stream.ts";
import type { Channel, Sharing, ToLeader, ToTab } from "./sharing.ts";

/** Streams of one tab. */
export const tabStreamsMax = 128;
/** Characters that wait for the tab to take the last batch, before its streams wait. */
const batchChars = 65_536;
/** The tab is told of every beat of the server; this only says when it may ask. */
const heartbeatMs = 12_000;
const windowMs = 1_000;

/** What the tab's link depends on. */
export interface Upstream {
  readonly client: Client;
  /** Whether the leader's own link is proved. */
  isLive(): boolean;
  /** The tab has left. */
  left(): void;
}

/** One subscription of the tab. */
interface Reading {
  readonly id: number;
  readonly name: string;
  readonly stream: Stream;
  /** The last position said to the tab; null before `subscribed`. */
  sent: string | null;
  /** Whether nothing is queued for the tab. */
  isWaiting: boolean;
  /** Whether the tab believes that it has everything. */
  isCurrent: boolean;
  /** Whether that may have changed. */
  isDirty: boolean;
  isOver: boolean;
}

/** The same entry goes to many tabs. */
const texts = new WeakMap<StreamEntry, string>();

function entryText(entry: StreamEntry): string {
  let text = texts.get(entry);
  if (text === undefined) {
    // Messages between tabs have no limit of size, so nothing needs parts.
    text = `${entryPrefix(entry)}${entry.format === "bytes" ? `"base64":"${toBase64(entry.bytes)}"` : `"data":${entry.raw}`}}`;
    texts.set(entry, text);
  }
  return text;
}

export class Serving {
  readonly #upstream: Upstream;
  readonly #link: string;
  readonly #node: string;
  readonly #channel: Channel;
  readonly #readings = new Map<string, Reading>();
  #out: string[] = [];
  #outChars = 0;
  #isUnderWay = false;
  #room: (() => void)[] = [];
  #pings: number[] = [];
  isOpen = false;
  #isOver = false;

  constructor(sharing: Sharing, channel: string, link: string, node: string, upstream: Upstream) {
    this.#upstream = upstream;
    this.#link = link;
    this.#node = node;
    this.#channel = sharing.channel(channel, (message) => this.#take(message as ToLeader));
  }

  /** The leader's link is proved (again): the tab may begin, and what it asked is answered. */
  live(): void {
    this.isOpen = true;
    this.#flush(true);
    for (const id of this.#pings.splice(0)) this.#say({ type: "pong", id });
  }

  /** Ends the link without a word: the tab hears why from the leader's status. */
  close(end: Extract<ToTab, { reason: string }> | null = null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (end !== null) this.#channel.post(end);
    this.#channel.close();
    for (const reading of this.#readings.values()) this.#stop(reading);
    for (const go of this.#room) go();
  }

  #take(message: ToLeader): void {
    if (this.#isOver) return;
    if (message === null) {
      this.#upstream.left();
    } else if (message === true) {
      this.#isUnderWay = false;
      this.#flush();
      if (this.#upstream.isLive()) for (const reading of this.#readings.values()) if (reading.isDirty) this.#review(reading);
    } else {
      this.#onMessage(JSON.parse(message) as { type: string; id: number; stream: string; from: From });
    }
  }

  #onMessage({ type, id, stream, from }: { readonly type: string; readonly id: number; readonly stream: string; readonly from: From }): void {
    switch (type) {
      case "hello": {
        const { value: entryBytesMax } = limits.entryBytesMax;
        this.#say({
          type: "welcome",
          link: this.#link,
          node: this.#node,
          heartbeatMs,
          entryBytesMax,
          subscriptionsMax: tabStreamsMax,
          reconnect: { windowMs },
        });
        return;
      }
      case "subscribe":
        this.#subscribe(id, stream, from);
        return;
      case "unsubscribe":
        this.#forget(stream);
        this.#say({ type, stream });
        return;
      case "ping":
        this.#pings.push(id);
        // What cannot be proved is not answered.
        if (this.#upstream.isLive()) this.live();
        return;
      default:
        return;
    }
  }

  #subscribe(id: number, name: string, from: From): void {
    const former = this.#readings.get(name);
    let reading: Reading | null = null;
    try {
      if (former === undefined && this.#readings.size >= tabStreamsMax) throw new HoldfastError("too_many_subscriptions");
      const onGap = (gap: Gap): Promise<void> | undefined => (reading?.isOver === false ? this.#onGap(reading, gap) : undefined);
      const stream = this.#upstream.client.stream(name, { from, onGap });
      reading = { id, name, stream, sent: null, isWaiting: false, isCurrent: false, isDirty: true, isOver: false };
    } catch (error) {
      this.#refuse(id, name, error);
    }
    // The new one first: so the leader's subscription is kept when the place is the same.
    this.#forget(name);
    if (reading === null) return;
    this.#readings.set(name, reading);
    void this.#pump(reading);
    this.#flush(true);
  }

  #refuse(id: number | undefined, stream: string, error: unknown): void {
    const { code, message } = HoldfastError.from(error);
    this.#say({ type: "unsubscribed", ...(id === undefined ? {} : { id }), stream, code, message });
  }

  #forget(name: string): void {
    const reading = this.#readings.get(name);
    this.#readings.delete(name);
    if (reading !== undefined) this.#stop(reading);
  }

  #stop(reading: Reading): void {
    reading.isOver = true;
    reading.stream.close();
  }

  async #pump(reading: Reading): Promise<void> {
    const { name, stream } = reading;
    const unlisten = stream.status.subscribe(() => {
      reading.isDirty = true;
      this.#flush(true); // It is looked at when this has been taken; by then, what came with the change is queued.
    });
    try {
      for (;;) {
        reading.isWaiting = true;
        const { done, value: entry } = await stream.next();
        reading.isWaiting = false;
        if (reading.isOver) return;
        if (done === true) break;
        this.#begin(reading, entry.prev);
        this.#put(entryText(entry));
        reading.sent = entry.position;
        await this.#hasRoom();
      }
      this.#begin(reading, stream.position ?? "0");
      this.#say({ type: "closed", stream: name, position: reading.sent });
    } catch (error) {
      if (reading.isOver) return;
      this.#refuse(reading.sent === null ? reading.id : undefined, name, error);
    } finally {
      unlisten();
      if (this.#readings.get(name) === reading) this.#readings.delete(name);
    }
  }

  async #onGap(reading: Reading, gap: Gap): Promise<void> {
    const { stream, reason, from, after, head } = gap;
    this.#begin(reading, from);
    this.#say({ type: "gap", stream, reason, from, after, head });
    reading.sent = after;
    reading.isDirty = true;
    await this.#hasRoom();
  }

  /** Answers the subscribe, once it is known where delivery begins. The head is not told here: no position is "", so the tab claims nothing. */
  #begin(reading: Reading, position: string): void {
    if (reading.sent !== null) return;
    reading.sent = position;
    this.#say({ type: "subscribed", id: reading.id, stream: reading.name, position, head: "" });
  }

  /** Tells the tab whether it has everything. Called between messages: what is queued for a stream has begun to move by then. */
  #review(reading: Reading): void {
    const { name, stream, isWaiting } = reading;
    const isLive = stream.status.getSnapshot().state === "live";
    reading.isDirty = isLive && !isWaiting;
    if (isLive && isWaiting && stream.position !== null) this.#begin(reading, stream.position);
    const isCurrent = isLive && isWaiting;
    if (reading.sent === null || reading.isCurrent === isCurrent) return;
    reading.isCurrent = isCurrent;
    this.#say({ type: "beat", streams: { [name]: { sent: reading.sent, head: isCurrent ? reading.sent : "" } } });
  }

  #say(message: object): void {
    this.#put(JSON.stringify(message));
  }

  #put(text: string): void {
    this.#out.push(text);
    this.#outChars += text.length;
    this.#flush();
  }

  /**
   * Sends what waits when the last batch has been taken: what comes meanwhile goes together, without a timer. While the leader's link is in
   * doubt nothing goes, for to the tab every message is proof of life.
   */
  #flush(evenNothing = false): void {
    if (this.#isUnderWay || this.#isOver || !this.isOpen || !this.#upstream.isLive() || (this.#out.length === 0 && !evenNothing)) return;
    this.#isUnderWay = true;
    this.#channel.post(this.#out);
    this.#out = [];
    this.#outChars = 0;
    for (const go of this.#room.splice(0)) go();
  }

  async #hasRoom(): Promise<void> {
    while (this.#outChars >= batchChars && !this.#isOver) await new Promise<void>((resolve) => this.#room.push(resolve));
  }
}
