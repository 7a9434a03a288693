/**
 * One direction of one connection: a source that can be paused, any number of faults in the order in which they were added, a sink.
 *
 *      source ──> stage ──> stage ──> sink        held = received - delivered - dropped  <=  bufferBytesMax + one read
 *
 * The bound is on the direction as a whole, at its source: faults may hold what they like, the sender feels it.
 */

import type { LabClock, LabSocket } from "./env.ts";
import type { Direction, Outgoing } from "./fault.ts";
import { Sink } from "./sink.ts";
import type { FaultStage } from "./stage.ts";

/** What one direction has carried; a live view. */
export interface Traffic {
  /** Bytes read from the sender. */
  readonly receivedBytes: number;
  /** Bytes handed to the kernel towards the receiver. */
  readonly deliveredBytes: number;
  /** Bytes given up: by a fault, or because the receiver was gone or its direction closed. */
  readonly droppedBytes: number;
  /** Bytes in the proxy now. */
  readonly heldBytes: number;
  /** When the last byte came from the sender, on the lab's clock; null before the first. */
  readonly lastByteMs: number | null;
}

export interface LineOptions {
  readonly direction: Direction;
  readonly clock: LabClock;
  readonly bufferBytesMax: number;
  /** A fault threw or broke its contract. */
  readonly failed: (error: unknown) => void;
}

export class Line implements Traffic {
  readonly direction: Direction;
  receivedBytes = 0;
  deliveredBytes = 0;
  droppedBytes = 0;
  lastByteMs: number | null = null;

  readonly #options: LineOptions;
  readonly #stages: FaultStage[] = [];
  /** What came before the connection was open: faults that join until then see it all. Bounded like everything else here. */
  #early: Outgoing[] = [];
  readonly #sink: Sink;
  #source: LabSocket | null = null;
  #paused = false;
  #running = false;
  #closed = false;

  constructor(options: LineOptions) {
    this.#options = options;
    this.direction = options.direction;
    this.#sink = new Sink({
      delivered: (byteCount) => {
        this.deliveredBytes += byteCount;
        this.#balance();
      },
      dropped: (byteCount) => this.dropped(byteCount),
    });
  }

  get heldBytes(): number {
    return this.receivedBytes - this.deliveredBytes - this.droppedBytes;
  }

  /** Something here may still reach the receiver without the sender doing anything more. */
  get busy(): boolean {
    return this.#sink.busy || this.#stages.some((stage) => stage.busy);
  }

  setSource(socket: LabSocket): void {
    this.#source = socket;
  }

  attachSink(socket: LabSocket): void {
    this.#sink.attach(socket);
  }

  /** From now on faults act, and bytes flow. */
  start(): void {
    this.#running = true;
    for (const stage of [...this.#stages]) this.#run(stage);
    for (const item of this.#early) this.#next(-1).push(item);
    this.#early = [];
  }

  /** Takes in what the sender sent. */
  admit(item: Outgoing): void {
    if (item.kind === "bytes") {
      this.receivedBytes += item.bytes.byteLength;
      this.lastByteMs = this.#options.clock.monoMs();
      if (this.#closed) this.droppedBytes += item.bytes.byteLength;
    }
    if (this.#closed) return;
    if (this.#running) this.#next(-1).push(item);
    else this.#early.push(item);
    this.#balance();
  }

  /** Adds a fault as the last before the sink. What the sink holds already has passed it. */
  insert(stage: FaultStage): void {
    if (this.#closed) return;
    stage.join(this, this.#sink.acceptedBytes);
    this.#stages.push(stage);
    if (this.#running) this.#run(stage);
  }

  /** Takes a fault out: it lets go of what it holds, and settles when it has. */
  async remove(stage: FaultStage): Promise<void> {
    stage.interrupt();
    if (!this.#running) this.#detach(stage);
    await stage.gone();
  }

  /** FIN to the receiver behind what the sink holds; anything later is dropped. */
  finish(): void {
    this.#sink.push({ kind: "end" });
  }

  /** Ends the line for good: faults are interrupted, what is left is counted as dropped. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.droppedBytes += this.heldBytes;
    for (const stage of this.#stages) stage.interrupt();
    this.#stages.length = 0;
    this.#early = [];
  }

  /** A stage passes something on. */
  deliver(from: FaultStage, item: Outgoing): void {
    if (this.#closed) return;
    this.#next(this.#stages.indexOf(from)).push(item);
  }

  dropped(byteCount: number): void {
    if (this.#closed) return;
    this.droppedBytes += byteCount;
    this.#balance();
  }

  #next(index: number): FaultStage | Sink {
    return this.#stages[index + 1] ?? this.#sink;
  }

  #run(stage: FaultStage): void {
    stage.run().then(
      () => this.#detach(stage),
      (error: unknown) => this.#options.failed(error),
    );
  }

  /** A fault has returned. What it did not read passes on untouched, unless it severed the direction: then it stays, as the hole. */
  #detach(stage: FaultStage): void {
    const index = this.#stages.indexOf(stage);
    if (index < 0) return;
    if (stage.severed) {
      for (const item of stage.leftovers()) stage.push(item);
      return;
    }
    const next = this.#next(index);
    for (const item of stage.leftovers()) next.push(item);
    this.#stages.splice(index, 1);
  }

  /** Keeps the bound: the sender is read exactly while there is room. */
  #balance(): void {
    const full = !this.#closed && this.heldBytes >= this.#options.bufferBytesMax;
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) this.#source?.pause();
    else this.#source?.resume();
  }
}
