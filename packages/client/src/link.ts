/** What leaves in one go on any path that is worth keeping. */
const smallQueueBytes = 16_384;

/**
 * One link: a connection with what is known of it (when bytes came and went, ids used, parts under way).
 * It sends and remembers; it must never decide whether the link is alive.
 */
import { type Clock, type EntryPartFrame, encodeClientFrame, limits } from "@holdfast/protocol";
import { Assembly } from "./entry.ts";
import type { Conn } from "./transport.ts";

export class Link {
  /** Connections are numbered in the order in which they are dialled. */
  readonly no: number;
  readonly #clock: Clock;
  readonly #onWaiting: () => void;
  /** Unanswered requests: publishes by their id, and the newest subscribe of a stream by the stream's name. */
  readonly #requests = new Map<number | string, number>();
  #waitingSinceMs = 0;
  /** The parts of the entry that is under way. */
  readonly assembly = new Assembly();
  /** Set as soon as `dial` has returned. */
  conn: Conn | null = null;
  /** Whether the server has welcomed it and the client uses it. */
  isUp = false;
  #queuedSeen = 0;
  #movedMs = -Infinity;
  /** Whether it is over; nothing that it reports counts any more. */
  isOver = false;
  linkId = "";
  heardMs: number;
  sentMs: number;
  /** When a pong last came; -Infinity before. */
  pongMs = -Infinity;
  entryBytesMax: number = limits.entryBytesMax.value;
  /** The id that the next subscribe or publish on this link takes. */
  nextId = 1;

  /** `onWaiting` is called when the first of several unanswered requests was sent. */
  constructor(no: number, clock: Clock, onWaiting: () => void) {
    this.no = no;
    this.#clock = clock;
    this.#onWaiting = onWaiting;
    this.heardMs = this.sentMs = clock.monoMs();
  }

  get queuedBytes(): number {
    return this.conn?.queuedBytes ?? 0;
  }

  send(text: string): void {
    if (this.isOver) return;
    this.sentMs = this.#clock.monoMs();
    this.conn?.send(text);
  }

  sendFrame(frame: Parameters<typeof encodeClientFrame>[0]): void {
    this.send(encodeClientFrame(frame));
  }

  /** When the system was last seen to take bytes that waited, by `monoMs`; -Infinity before. To be called now and then: it compares. */
  watchQueue(): number {
    const queued = this.queuedBytes;
    // Little that has left altogether may have done so long ago, and its answer is overdue.
    if (queued < this.#queuedSeen && (queued > 0 || this.#queuedSeen > smallQueueBytes)) this.#movedMs = this.#clock.monoMs();
    this.#queuedSeen = queued;
    return this.#movedMs;
  }

  /** Since when requests wait without any answer coming in; null when none waits. Answers prove that this side's bytes arrive. */
  get unansweredSinceMs(): number | null {
    return this.#requests.size === 0 ? null : Math.max(this.#waitingSinceMs, this.pongMs);
  }

  /** A request was sent that has to be answered. */
  requested(id: number, stream?: string): void {
    this.nextId = id + 1;
    this.#requests.set(stream ?? id, id);
    if (this.#requests.size > 1) return;
    this.#waitingSinceMs = this.#clock.monoMs();
    this.#onWaiting();
  }

  /** A request was answered, or no answer to it matters any more. */
  answered(id: number, stream?: string): void {
    if (this.#requests.get(stream ?? id) !== id) return;
    this.#requests.delete(stream ?? id);
    this.#waitingSinceMs = this.#clock.monoMs();
  }

  /** Nothing is asked about a stream any more. */
  unasked(stream: string): void {
    this.#requests.delete(stream);
  }

  heard(): void {
    this.heardMs = this.#clock.monoMs();
  }

  /** Takes a part of an entry; false when it does not fit. */
  addPart(part: EntryPartFrame): boolean {
    return this.assembly.add(part, this.entryBytesMax);
  }
}
