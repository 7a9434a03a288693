/**
 * The unanswered publishes of one stream, in order, with their producer numbers: what may be sent next, and what an answer means.
 * Pure: time comes in, nothing goes out. It must never give a number twice to different entries, nor a new number to an entry that the
 * server may already have under an old one.
 *
 * Why re-numbering is safe: an entry is refused for good only when it is not in the log, and then nothing after it with the old epoch
 * can be either, since a server takes numbers without holes. Entries under a new epoch wait until all of the old one are answered.
 * An entry that expires leaves a hole on purpose: only the server's `out_of_order` proves that those after it were not taken.
 */
import { type Code, codes, type HoldfastError } from "@holdfast/protocol";

/** What the server said to a publish that it took. */
export interface Published {
  /** Where the entry is; null for a repetition so old that the server has forgotten where it put it. */
  readonly position: string | null;
  /** Whether an earlier try had already put it there. */
  readonly duplicate: boolean;
}

/** One publish from the call to its answer. */
export interface OutboxItem {
  readonly stream: string;
  /** Null when it only ends the stream. */
  readonly payload: string | Uint8Array | null;
  readonly cost: number;
  readonly queuedMs: number;
  readonly key: string | undefined;
  readonly dedupeKey: string | undefined;
  readonly close: boolean;
  readonly resolve: (published: Published) => void;
  readonly reject: (error: HoldfastError) => void;
  /** The producer's epoch and number; unused with a `dedupeKey`. */
  epoch: number;
  seq: number;
  /** The send that counts; null while it is to be sent (again). Refusals of earlier sends say nothing. */
  sentAs: object | null;
  /** Whether it was ever sent, so that its outcome may be unknown. */
  everSent: boolean;
  /** Whether the send that counts repeats one whose answer was lost. */
  isRepeat: boolean;
  /** Answered, expired or given up. */
  isOver: boolean;
}

/** Whether a `fenced` leaves open what became of an entry: an earlier send may have been taken before the newer epoch began. */
export function mayBeTaken(item: OutboxItem): boolean {
  return item.isRepeat || (item.everSent && item.sentAs === null);
}

export class Lane {
  readonly stream: string;
  /** Sent ones first (`#inFlight` of them), then those to be sent. */
  readonly #items: OutboxItem[] = [];
  #inFlight = 0;
  #inFlightEpoch = 0;
  #epoch: number;
  #nextSeq = 0;
  #refusals = 0;
  #notBeforeMs = 0;
  /** After an `out_of_order` that is a consequence: nothing is sent until all before it is answered. */
  #isHeld = false;
  #isFenced = false;

  constructor(stream: string, epoch: number) {
    this.stream = stream;
    this.#epoch = epoch;
  }

  get epoch(): number {
    return this.#epoch;
  }
  get inFlight(): number {
    return this.#inFlight;
  }
  get isEmpty(): boolean {
    return this.#items.length === 0;
  }
  /** Whether a newer producer of the same id took over: nothing can be published here any more. */
  get isFenced(): boolean {
    return this.#isFenced;
  }
  get oldest(): OutboxItem | undefined {
    return this.#items[0];
  }
  /** When sending may go on after a refusal; null when there is nothing to send. */
  get retryAtMs(): number | null {
    return this.#inFlight < this.#items.length ? this.#notBeforeMs : null;
  }

  add(item: OutboxItem): void {
    this.#items.push(item);
    this.#number(item);
  }

  #number(item: OutboxItem): void {
    if (item.dedupeKey !== undefined) return;
    item.epoch = this.#epoch;
    item.seq = this.#nextSeq++;
  }

  /** The next item that may be sent, or null. */
  next(nowMs: number, inFlightMax: number): OutboxItem | null {
    const item = this.#items[this.#inFlight];
    if (item === undefined || nowMs < this.#notBeforeMs || this.#inFlight >= inFlightMax) return null;
    if (this.#inFlight === 0) return item;
    const sameEpoch = item.dedupeKey !== undefined || item.epoch === this.#inFlightEpoch;
    return this.#isHeld || !sameEpoch ? null : item;
  }

  /** The item that `next` gave was sent. */
  sent(item: OutboxItem, as: object): void {
    if (this.#inFlight === 0) {
      this.#isHeld = false;
      this.#inFlightEpoch = item.epoch;
    }
    if (item.dedupeKey === undefined) this.#inFlightEpoch = item.epoch;
    this.#inFlight++;
    item.sentAs = as;
    item.isRepeat = item.everSent;
    item.everSent = true;
  }

  /** The link is gone or replaced: everything unanswered is to be sent again, with the numbers it has. */
  rewind(): void {
    this.#rewindFrom(0);
  }

  #rewindFrom(index: number): void {
    for (let i = index; i < this.#inFlight; i++) (this.#items[i] as OutboxItem).sentAs = null;
    this.#inFlight = Math.min(this.#inFlight, index);
  }

  #remove(item: OutboxItem): number {
    const index = this.#items.indexOf(item);
    this.#items.splice(index, 1);
    if (index < this.#inFlight) this.#inFlight--;
    item.isOver = true;
    return index;
  }

  /** The server has the entry. The answer to any of its sends will do. */
  accepted(item: OutboxItem): void {
    this.#refusals = 0;
    this.#remove(item);
  }

  /** The item has waited too long; it leaves without its place being given to another. */
  expired(item: OutboxItem): void {
    this.#remove(item);
  }

  /**
   * The server refused the send that counts. Returns the items that fail with `code`; the others stay.
   * `delayMs` is how long to wait should the refusal be for now only; it is given the refusals in a row.
   */
  refused(item: OutboxItem, code: Code, nowMs: number, delayMs: (refusals: number) => number): OutboxItem[] {
    const index = this.#items.indexOf(item);
    if (code === "out_of_order" && item.dedupeKey === undefined) return this.#outOfOrder(item, index);
    if (codes[code].retry !== "stop") {
      this.#rewindFrom(index);
      this.#notBeforeMs = nowMs + delayMs(this.#refusals++);
      return [];
    }
    if (code === "fenced" && item.dedupeKey === undefined) return this.#fence(index);
    this.#remove(item);
    if (item.dedupeKey === undefined) this.#renumberFrom(index);
    return [item];
  }

  #outOfOrder(item: OutboxItem, index: number): OutboxItem[] {
    const isConsequence = this.#items.slice(0, index).some((before) => before.dedupeKey === undefined);
    if (isConsequence) {
      // What is before it was refused for now, or will be: this one goes again after it.
      this.#rewindFrom(index);
      this.#isHeld = true;
      return [];
    }
    if (item.seq === 0) {
      // A new epoch that begins at 0 cannot be out of order.
      this.#remove(item);
      this.#renumberFrom(index);
      return [item];
    }
    // All before it is answered or given up, so the server does not know of those: it lost them, or they expired here. It has not taken
    // this one, nor any after it.
    this.#renumberFrom(index);
    return [];
  }

  #fence(index: number): OutboxItem[] {
    this.#isFenced = true;
    // A fence concerns numbers; what goes by its dedupe key stays.
    const fenced = this.#items.filter((item, i) => i >= index && item.dedupeKey === undefined);
    for (const item of fenced) this.#remove(item);
    return fenced;
  }

  #renumberFrom(index: number): void {
    this.#rewindFrom(index);
    this.#epoch++;
    this.#nextSeq = 0;
    for (const item of this.#items.slice(index)) this.#number(item);
  }
}
