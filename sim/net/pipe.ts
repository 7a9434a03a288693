/**
 * One direction of a connection, as TCP gives it: a send window, delay with jitter, order kept, bytes lost only with the connection.
 * What the window does not take waits at the writer and counts as `queuedBytes`, as it would in a socket's user-space buffer.
 *
 *   write -> queued -> [window: in flight -> arrived, unread] -> reader       acknowledgements come back after one more delay
 */
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import type { SimProcess } from "../sim-process.ts";

/** What the way between two ends is like at this moment. */
export interface Way {
  /** Drawn anew for every segment. */
  delayMs(): number;
  /** Nothing gets through; what is sent waits, as retransmissions do. */
  blocked(): boolean;
  /** Acknowledgements do not get back. */
  acksBlocked(): boolean;
}

/** The end that reads, and the writer's interest in its own buffer. */
export interface PipeEnds {
  /** The process that reads. */
  readonly reader: SimProcess;
  /** Bytes for the reader, at most a segment. Returns how many were taken; fewer than all when the connection was cut there. */
  arrived(bytes: Uint8Array): void;
  /** The writer will send nothing more. */
  ended(how: "fin" | "reset"): void;
  /** Everything that was queued at the writer is in the window. */
  drained(): void;
}

export interface PipeRules {
  readonly windowBytes: number;
  readonly segmentBytesMax: number;
}

type Ending = "open" | "fin" | "reset" | "over";

interface Segment {
  readonly bytes: Uint8Array;
  readonly dueMs: number;
}

/** The longest that a reader takes from one segment to the next. */
const readMsMax = 0.02;

export class Pipe {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #rules: PipeRules;
  readonly #way: Way;
  readonly #ends: PipeEnds;
  readonly #queue: Uint8Array[] = [];
  #queued = 0;
  readonly #flight: Segment[] = [];
  #inWindow = 0;
  readonly #acks: { readonly atMs: number; readonly bytes: number }[] = [];
  #lastDueMs = 0;
  #nextReadMs = 0;
  #ending: Ending = "open";
  #endDueMs = 0;
  #windowBytes: number;
  #paused = false;
  #choked = false;
  #pumpAtMs = Infinity;
  #ackAtMs = Infinity;
  #owesDrained = false;
  #delivered = 0;
  #cutAt = Infinity;
  #onCut: () => void = () => {};

  constructor(scheduler: Scheduler, random: Random, rules: PipeRules, way: Way, ends: PipeEnds) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#rules = rules;
    this.#windowBytes = rules.windowBytes;
    this.#way = way;
    this.#ends = ends;
  }

  /** Bytes that the window has not taken. */
  get queuedBytes(): number {
    return this.#queued;
  }
  /** Bytes that the reader has been given. */
  get deliveredBytes(): number {
    return this.#delivered;
  }

  write(bytes: Uint8Array): void {
    if (this.#ending !== "open" || bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    this.#fill();
    if (this.#queued > 0) this.#owesDrained = true;
  }

  /** Nothing more will be written; what is queued still goes. */
  end(): void {
    if (this.#ending === "open") this.#finish("fin");
  }

  /** Queued bytes are lost; the reader learns of it after what is in flight. */
  reset(): void {
    if (this.#ending !== "open" && this.#ending !== "fin") return;
    this.#queue.length = 0;
    this.#queued = 0;
    this.#finish("reset");
  }

  /** The writer's process is gone: what it had not given to the system is lost, then `how` follows. */
  abandon(how: "fin" | "reset"): void {
    this.#queue.length = 0;
    this.#queued = 0;
    if (this.#ending === "open") this.#finish(how);
  }

  /** Nothing comes out of this pipe any more. */
  stop(): void {
    this.#ending = "over";
    this.#queue.length = 0;
    this.#flight.length = 0;
    this.#queued = 0;
    this.#owesDrained = false;
  }

  /** From now on the window takes no more than this. */
  narrow(bytes: number): void {
    this.#windowBytes = Math.min(this.#windowBytes, bytes);
  }

  /** Nothing comes out any more, and the writer is not told: what it writes fills the window, and then waits. */
  choke(): void {
    this.#choked = true;
  }

  /** The reader stops or resumes reading. */
  pause(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.poke();
  }

  /** Calls `onCut` instead of delivering the byte after the first `bytes` from now on. */
  cutAfter(bytes: number, onCut: () => void): void {
    this.#cutAt = this.#delivered + bytes;
    this.#onCut = onCut;
  }

  /** What blocked it may be over. */
  poke(): void {
    this.#pump();
    this.#settle();
  }

  #finish(how: "fin" | "reset"): void {
    this.#ending = how;
    this.#endDueMs = this.#scheduler.nowMs + this.#way.delayMs();
    this.#wakeAt(Math.max(this.#endDueMs, this.#flight[0]?.dueMs ?? 0));
  }

  /** Moves queued bytes into the window. */
  #fill(): void {
    this.#takeAcks();
    while (this.#queued > 0 && this.#inWindow < this.#windowBytes) {
      const first = this.#queue[0] as Uint8Array;
      const size = Math.min(first.length, this.#rules.segmentBytesMax, this.#windowBytes - this.#inWindow);
      if (size === first.length) this.#queue.shift();
      else this.#queue[0] = first.subarray(size);
      this.#queued -= size;
      this.#inWindow += size;
      this.#lastDueMs = Math.max(this.#lastDueMs, this.#scheduler.nowMs + this.#way.delayMs());
      this.#flight.push({ bytes: first.subarray(0, size), dueMs: this.#lastDueMs });
    }
    const next = this.#flight[0];
    if (next !== undefined) this.#wakeAt(next.dueMs);
    if (this.#queued > 0) this.#awaitAck();
  }

  /** Delivers at most one segment, so that the reader's promise jobs run before the next one. */
  #pump(): void {
    if (this.#ending === "over" || this.#choked || this.#paused || this.#way.blocked()) return;
    const { nowMs } = this.#scheduler;
    const segment = this.#flight[0];
    const readyMs = Math.max(segment?.dueMs ?? this.#endDueMs, this.#nextReadMs);
    if (segment === undefined && (this.#ending === "open" || this.#queued > 0)) return;
    if (readyMs > nowMs) return this.#wakeAt(readyMs);
    if (this.#ends.reader.frozen) return this.#ends.reader.enter(() => this.#pump());
    if (segment === undefined) {
      const how = this.#ending === "reset" ? "reset" : "fin";
      this.stop();
      this.#ends.ended(how);
      return;
    }
    this.#flight.shift();
    this.#nextReadMs = nowMs + this.#random.fraction() * readMsMax;
    this.#acks.push({ atMs: nowMs + this.#way.delayMs(), bytes: segment.bytes.length });
    if (this.#queued > 0) this.#awaitAck();
    if (this.#flight.length > 0 || this.#ending !== "open") this.#wakeAt(Math.max(this.#nextReadMs, this.#flight[0]?.dueMs ?? this.#endDueMs));
    this.#deliver(segment.bytes);
  }

  #deliver(bytes: Uint8Array): void {
    const room = this.#cutAt - this.#delivered;
    const kept = bytes.length > room ? bytes.subarray(0, room) : bytes;
    this.#delivered += kept.length;
    if (kept.length > 0) this.#ends.arrived(kept);
    if (this.#ending === "over" || this.#delivered < this.#cutAt) return;
    this.#cutAt = Infinity;
    this.#onCut();
  }

  #takeAcks(): void {
    if (this.#choked || this.#way.acksBlocked()) return;
    const { nowMs } = this.#scheduler;
    while (this.#acks[0] !== undefined && this.#acks[0].atMs <= nowMs) this.#inWindow -= (this.#acks.shift() as { bytes: number }).bytes;
  }

  /** Goes on writing with what acknowledgements have made room for. */
  #settle(): void {
    if (this.#ending === "over" || (this.#queued === 0 && !this.#owesDrained)) return;
    this.#fill();
    if (this.#queued > 0 || !this.#owesDrained) return;
    this.#owesDrained = false;
    this.#ends.drained();
  }

  #awaitAck(): void {
    const atMs = this.#acks[0]?.atMs;
    if (atMs === undefined || this.#ackAtMs <= atMs || this.#choked || this.#way.acksBlocked()) return; // `poke` follows when the way is free.
    this.#ackAtMs = atMs;
    this.#scheduler.at(atMs, () => {
      this.#ackAtMs = Infinity;
      this.#settle();
    });
  }

  #wakeAt(atMs: number): void {
    if (this.#pumpAtMs <= atMs) return;
    this.#pumpAtMs = atMs;
    this.#scheduler.at(atMs, () => {
      if (this.#pumpAtMs <= this.#scheduler.nowMs) this.#pumpAtMs = Infinity;
      this.#pump();
    });
  }
}
