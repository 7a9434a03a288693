/**
 * The unanswered publishes of one stream, in order, with their producer numbers: what may be sent next, and what an answer means.
 * Pure: time comes in, nothing goes out. It must never give a number twice to different entries, nor a new number to an entry that the
 * server may already have under an old one.
 *
 * Why re-numbering is safe: an entry is refused for good only when it is not in the log, and then nothing after it with the old epoch
 * can be either, since a server takes numbers without holes. Entries under a new epoch wait until all of the old one are answered.
 * An entry that expires leaves a hole on purpose: only the server's `out_of_order` proves that those after it were not taken; and not even
 * that while other sends are open, of this one and what fills the hole. Then nobody can know, and nothing is repeated.
 */
import { type Code, retryOf } from "@holdfast/protocol";

/** One publish from the call to its answer, as far as its place in the lane goes. */
export interface LaneItem {
  /** Published under this key and not by number. */
  readonly dedupeKey?: string | undefined;
  /** The producer's epoch and number; unused with a `dedupeKey`. */
  epoch: number;
  seq: number;
  /** The send that counts; null while it is to be sent (again). Refusals of earlier sends say nothing. */
  sentAs: object | null;
  /** Sends that were not refused: each may have been taken, though it be unanswered for ever. */
  open: number;
}

const isNumbered = ({ dedupeKey }: LaneItem): boolean => dedupeKey === undefined;

export class Lane<Item extends LaneItem> {
  /** Sent ones first, then those to be sent. Not to be changed from outside. */
  readonly items: Item[] = [];
  epoch: number;
  /** Whether a newer producer of the same id took over: nothing can be published here by number any more. */
  isFenced = false;
  /** When sending may go on after a refusal. */
  notBeforeMs = 0;
  /** Refusals in a row that were for now only. */
  refusals = 0;
  #nextSeq = 0;
  /** Whether one of this epoch was given up. */
  #hasHole = false;
  /** After an `out_of_order` that is a consequence: nothing is sent until all before it is answered. */
  #isHeld = false;

  constructor(epoch: number) {
    this.epoch = epoch;
  }

  add(item: Item): void {
    this.items.push(item);
    this.#number(item);
  }

  #number(item: Item): void {
    if (!isNumbered(item)) return;
    item.epoch = this.epoch;
    item.seq = this.#nextSeq++;
  }

  /** The next item that may be sent. */
  next(nowMs: number, inFlightMax: number): Item | undefined {
    const inFlight = this.items.findIndex(({ sentAs }) => sentAs === null);
    const item = this.items[inFlight];
    if (inFlight === 0) this.#isHeld = false;
    if (item === undefined || nowMs < this.notBeforeMs || inFlight >= inFlightMax || this.#isHeld) return undefined;
    return isNumbered(item) && this.items.find(isNumbered)?.epoch !== item.epoch ? undefined : item;
  }

  /** What was sent from here on is to be sent again, with the numbers it has: the link is gone or replaced. */
  rewind(index = 0): void {
    for (const item of this.items.slice(index)) item.sentAs = null;
  }

  /** The server has the entry (the answer to any of its sends will do). */
  accepted(item: Item): void {
    this.refusals = 0;
    this.#remove(item);
  }

  /** The item is given up without its number being given to another. */
  expire(item: Item): void {
    this.#hasHole = true;
    this.#remove(item);
  }

  #remove(item: Item): void {
    this.items.splice(this.items.indexOf(item), 1);
  }

  /** The server refused the send that counts; should that be for now only, it is sent again at `retryMs`. Returns the items that fail with `code`. */
  refused(item: Item, code: Code, retryMs: number): Item[] {
    item.sentAs = null;
    const index = this.items.indexOf(item);
    const hasNumber = isNumbered(item);
    const isFence = hasNumber && code === "fenced";
    const isMissing = hasNumber && code === "out_of_order";
    if (isMissing && this.items.slice(0, index).some(isNumbered)) {
      // What is before it was refused for now, or will be: this one goes again after it.
      this.rewind(index);
      this.#isHeld = true;
      return [];
    }
    if (!isMissing && retryOf(code) !== "stop") {
      this.rewind(index);
      this.notBeforeMs = retryMs;
      this.refusals++;
      return [];
    }
    let failed = [item];
    // A fence concerns numbers; what goes by its dedupe key stays. When numbers are missing, all before it is answered or given up: the
    // server lost them, or they expired here. It has not taken this one, nor any after it. But a new epoch that begins at 0 cannot be out
    // of order: that one fails.
    if (isFence || (isMissing && item.seq > 0)) {
      // What expired may still come by another link, then this one by the same, and what was sent behind it.
      const isOpen = this.#hasHole && item.open > 0;
      failed = this.items.slice(index).filter((each) => isNumbered(each) && (isFence || (isOpen && each.open > 0)));
    }
    for (const each of failed) this.#remove(each);
    if (isFence) this.isFenced = true;
    else if (hasNumber) this.#renumber(index);
    return failed;
  }

  #renumber(index: number): void {
    this.rewind(index);
    this.epoch++;
    this.#nextSeq = 0;
    this.#hasHole = false;
    for (const item of this.items.slice(index)) this.#number(item);
  }
}
