/**
 * What one link reads: its subscriptions from the subscribe to `unsubscribed`, and what its client is told of them beside entries.
 * It holds cursors, never entries: those go from the fan-out straight to the carrier. It must never look at a log before it is known
 * that the client may read it.
 */
import { type Code, type GapReason, HoldfastError, type SubscribeFrame } from "@holdfast/protocol";
import { forbiddenText } from "../auth/authorizer.ts";
import type { Carrier } from "../carrier.ts";
import { AskedSubscribes } from "./asked-subscribes.ts";
import type { HubContext } from "./hub-context.ts";
import type { LinkAccess } from "./link-access.ts";
import type { MovedReader } from "./live-stream.ts";
import { newReader, type Reader, type ReaderLink } from "./reader.ts";
import { resolveStart } from "./start.ts";

const noReaders: readonly Reader[] = [];

/** What subscriptions need of their link. */
export interface SubscribingLink {
  readonly carrier: Carrier;
  readonly access: LinkAccess;
  /** A subscribe was answered: input that was held for it may go on. */
  holdInputWhenBusy(): void;
}

export class LinkSubscriptions implements ReaderLink {
  readonly carrier: Carrier;
  /** Readers that are behind, in the order of their turns. */
  readonly behind: Reader[] = [];
  /** The fan-out's own mark. */
  inFanOut = false;

  readonly #link: SubscribingLink;
  readonly #hub: HubContext;
  /** An array of exactly that many takes a fifth of a map's memory, and there are few. */
  #readers: readonly Reader[] = noReaders;
  #starting = 0;
  /** Made by the first subscribe that has to wait for a verdict. */
  #asked: AskedSubscribes | null = null;

  constructor(link: SubscribingLink, hub: HubContext) {
    this.carrier = link.carrier;
    this.#link = link;
    this.#hub = hub;
  }

  get readers(): readonly Reader[] {
    return this.#readers;
  }
  /** Subscriptions that go on, are being looked up or judged. */
  get count(): number {
    return this.#readers.length + (this.#asked?.size ?? 0);
  }
  /** Those whose start is being looked up, or that are being judged, replaced ones included. */
  get starting(): number {
    return this.#starting;
  }

  // ---- what the client asks

  /** The log is not looked at before it is known that the client may: neither the answer nor its time says whether there is one. */
  subscribe(frame: SubscribeFrame): void {
    const { stream: name, id } = frame;
    this.#forget(name);
    if (this.count >= this.#hub.options.subscriptionsMax) {
      this.#refuse(id, name, "too_many_subscriptions", `expected at most ${this.#hub.options.subscriptionsMax} subscriptions`);
      return;
    }
    const may = this.#link.access.mayRead(name);
    if (may === true) this.#begin(frame);
    else if (may === false) this.#refuse(id, name, "forbidden", forbiddenText);
    else this.#ask(frame, may);
  }

  unsubscribe(stream: string): void {
    this.#forget(stream);
    this.carrier.send({ type: "unsubscribed", stream });
  }

  /** Answers a subscribe that cannot be read. It leaves no subscription, not even the one that it would have replaced. */
  refuse(id: number, stream: string | undefined, code: Code, message: string): void {
    if (stream !== undefined) this.#forget(stream);
    this.#refuse(id, stream ?? "", code, message);
  }

  #refuse(id: number, stream: string, code: Code, message: string): void {
    this.#hub.counters.refuse(code);
    this.carrier.send({ type: "unsubscribed", id, stream, code, message });
  }

  #ask(frame: SubscribeFrame, may: Promise<boolean>): void {
    const { stream, id } = frame;
    const { access } = this.#link;
    const { principal } = access;
    this.#asked ??= new AskedSubscribes();
    this.#starting++;
    this.#asked.ask(
      frame,
      may,
      () => this.#started(),
      (answer) => {
        // A token that was taken meanwhile may allow less, or more.
        if (principal !== access.principal) this.subscribe(frame);
        else if (answer === true) this.#begin(frame);
        else if (answer === false) this.#refuse(id, stream, "forbidden", forbiddenText);
        else this.#refuse(id, stream, answer.code, answer.detail);
      },
    );
  }

  #begin(frame: SubscribeFrame): void {
    const { stream: name, id } = frame;
    const stream = this.#hub.stream(name);
    const reader = newReader(this, stream);
    this.#readers = this.#readers.concat(reader); // Exactly as long as needed; a spread or push makes room for 16 more.
    stream.addReader(reader);
    this.#starting++;
    resolveStart(stream, frame.from, this.#hub.engine).then(
      (start) => {
        this.#started();
        if (!this.#readers.includes(reader)) return; // Unsubscribed, subscribed anew or gone meanwhile.
        reader.placed = true;
        reader.cursor = reader.scan = start.seq;
        reader.position = start.position;
        reader.beatSent = start.seq;
        reader.beatHead = stream.tail.last;
        this.carrier.send({ type: "subscribed", id, stream: name, position: start.position, head: stream.headPosition });
        if (start.gap !== null) this.#sendGap(reader, start.gap, start.seq, stream.position(start.seq));
        else if (typeof frame.from === "object" && "after" in frame.from) this.#countResume(reader);
        this.#hub.fanOut.fallBehind(reader);
      },
      (thrown: unknown) => {
        this.#started();
        if (!this.#readers.includes(reader)) return;
        this.#drop(reader);
        const error = HoldfastError.from(thrown);
        this.#refuse(id, name, error.code, error.detail);
      },
    );
  }

  #started(): void {
    this.#starting--;
    this.#link.holdInputWhenBusy();
  }

  #countResume(reader: Reader): void {
    if (reader.cursor >= reader.stream.tail.start) this.#hub.counters.resumesFromTail++;
    else this.#hub.counters.resumesFromPage++;
  }

  // ---- what the fan-out and the hub tell

  gap(reader: Reader, after: number, afterPosition: string): void {
    this.#sendGap(reader, after <= reader.stream.firstPrev ? "trimmed" : "missing", after, afterPosition);
  }

  moved(move: MovedReader<Reader>): void {
    const { reader, reason, after } = move;
    if (!reader.placed) return; // Its place is being looked up in the new log anyway.
    this.#sendGap(reader, reason, after, reader.stream.position(after));
  }

  #sendGap(reader: Reader, reason: GapReason, seq: number, after: string): void {
    const { stream } = reader;
    this.#hub.counters.gap(reason);
    this.#hub.counters.resumesFromGap++;
    this.carrier.send({ type: "gap", stream: stream.name, reason, from: reader.position, after, head: stream.headPosition });
    reader.cursor = reader.scan = seq;
    reader.position = after;
    reader.page = null;
  }

  streamEnded(reader: Reader): void {
    this.carrier.send({ type: "closed", stream: reader.stream.name, position: reader.stream.headPosition });
    this.#drop(reader);
  }

  // ---- how they end

  /** Ends a subscription that its client may not have any more, or of which nobody can say whether it may. */
  takeAway(reader: Reader, code: Code, message: string): void {
    this.#drop(reader);
    this.#hub.counters.refuse(code);
    this.carrier.send({ type: "unsubscribed", stream: reader.stream.name, code, message });
  }

  /** The link is ending, which says enough to its client. */
  clear(): void {
    this.#asked?.clear();
    for (const reader of this.#readers) this.#drop(reader);
  }

  /** Lets go of a stream's subscription, also of one that is being judged. */
  #forget(stream: string): void {
    const reader = this.#readerOf(stream);
    this.#asked?.forget(stream);
    if (reader !== undefined) this.#drop(reader);
  }

  #readerOf(stream: string): Reader | undefined {
    return this.#readers.find((reader) => reader.stream.name === stream);
  }

  #drop(reader: Reader): void {
    const { stream } = reader;
    this.#readers = this.#readers.filter((other) => other !== reader);
    stream.unready(reader);
    const at = this.behind.indexOf(reader);
    if (at >= 0) this.behind.splice(at, 1);
    stream.readers.delete(reader);
    if (stream.readers.size === 0) this.#hub.idle(stream);
  }
}
