/**
 * One fault at its place in a line: an inbox, the fault's method running over it, and the books of what it did.
 * It must never lose a byte that the fault did not drop by name, and never let a fault outlive its removal.
 */

import type { LabClock, LabTimer } from "./env.ts";
import { LabError } from "./errors.ts";
import { type ConnectionPowers, type Direction, type Fault, type Item, type Outgoing, otherSide, type Side, type Stage } from "./fault.ts";
import { Queue } from "./queue.ts";
import type { Random } from "./random.ts";

/** The books of a fault across all its connections. */
export interface FaultLedger {
  strike(): void;
  dropped(byteCount: number): void;
}

/** What one fault is given on one connection; both directions get the same `box`. */
export interface StageOptions {
  readonly fault: Fault;
  readonly direction: Direction;
  readonly clock: LabClock;
  readonly random: Random;
  readonly ledger: FaultLedger;
  readonly connection: ConnectionPowers;
  readonly box: { value?: object };
}

/** Where a stage hands things on. */
export interface StageHost {
  deliver(from: FaultStage, item: Outgoing): void;
  dropped(byteCount: number): void;
}

interface Wait {
  readonly settle: (value: Item | "late" | null) => void;
  readonly takesItems: boolean;
  readonly timer: LabTimer | null;
}

export class FaultStage implements Stage {
  readonly direction: Direction;
  readonly sender: Side;
  readonly receiver: Side;
  readonly random: Random;
  readonly connection: ConnectionPowers;
  startedMs = 0;
  bytesBefore = 0;

  readonly #options: StageOptions;
  readonly #inbox = new Queue<Item>();
  #host: StageHost | null = null;
  #wait: Wait | null = null;
  #interrupted = false;
  #severed = false;
  /** Bytes read and neither written nor dropped yet. */
  #inHand = 0;
  #done: Promise<void> | null = null;

  constructor(options: StageOptions) {
    this.#options = options;
    this.direction = options.direction;
    this.receiver = options.direction === "to-server" ? "server" : "client";
    this.sender = otherSide(this.receiver);
    this.random = options.random;
    this.connection = options.connection;
  }

  /** Holds something that may still reach the receiver. */
  get busy(): boolean {
    return !this.#severed && (this.#inbox.length > 0 || this.#inHand > 0 || this.#wait?.takesItems === false);
  }

  get severed(): boolean {
    return this.#severed;
  }

  /** Takes its place in a line, where `bytesBefore` bytes have passed already. */
  join(host: StageHost, bytesBefore: number): void {
    this.#host = host;
    this.bytesBefore = bytesBefore;
  }

  /** Starts the fault's method; settles when it has returned and its books balance. */
  run(): Promise<void> {
    this.#done = this.#work();
    return this.#done;
  }

  /** Settles when the fault has returned, well or not; at once if it never ran. */
  async gone(): Promise<void> {
    await this.#done?.catch(() => {});
  }

  push(item: Outgoing): void {
    if (this.#severed && this.#interrupted) {
      if (item.kind === "bytes") this.#lose(item.bytes.byteLength);
      return;
    }
    const arrived: Item = { ...item, arrivedMs: this.#options.clock.monoMs() };
    if (this.#wait?.takesItems) this.#settle(this.#take(arrived));
    else this.#inbox.push(arrived);
  }

  /** The items that the fault did not read, in order; the inbox is empty afterwards. */
  *leftovers(): Generator<Item> {
    for (let item = this.#inbox.shift(); item !== undefined; item = this.#inbox.shift()) yield item;
  }

  interrupt(): void {
    this.#interrupted = true;
    this.#settle(null);
  }

  async read(): Promise<Item | null> {
    const item = await this.#next(Number.POSITIVE_INFINITY);
    return item === "late" ? null : item;
  }

  readUntil(atMs: number): Promise<Item | "late" | null> {
    return this.#next(atMs);
  }

  async sleepUntil(atMs: number): Promise<void> {
    if (this.#interrupted || this.#options.clock.monoMs() >= atMs) return;
    await this.#waitFor(atMs, false);
  }

  write(item: Outgoing): void {
    if (item.kind === "bytes") this.#inHand -= item.bytes.byteLength;
    this.#host?.deliver(this, item);
  }

  drop(item: Outgoing): void {
    if (item.kind !== "bytes") return;
    this.#inHand -= item.bytes.byteLength;
    this.#lose(item.bytes.byteLength);
  }

  strike(): void {
    this.#options.ledger.strike();
  }

  sever(): void {
    this.#severed = true;
  }

  shared<T extends object>(create: () => T): T {
    this.#options.box.value ??= create();
    return this.#options.box.value as T;
  }

  async #work(): Promise<void> {
    const { fault, clock } = this.#options;
    this.startedMs = clock.monoMs();
    await fault.pipe(this);
    this.#interrupted = true;
    if (this.#inHand !== 0) {
      throw new LabError("fault-contract", `${fault.name} returned with ${this.#inHand} bytes neither written nor dropped`);
    }
  }

  #lose(byteCount: number): void {
    this.#options.ledger.dropped(byteCount);
    this.#host?.dropped(byteCount);
  }

  #take(item: Item): Item {
    if (item.kind === "bytes") this.#inHand += item.bytes.byteLength;
    return item;
  }

  async #next(atMs: number): Promise<Item | "late" | null> {
    if (this.#interrupted) return null;
    const item = this.#inbox.shift();
    if (item !== undefined) return this.#take(item);
    if (this.#options.clock.monoMs() >= atMs) return "late";
    return this.#waitFor(atMs, true);
  }

  #waitFor(atMs: number, takesItems: boolean): Promise<Item | "late" | null> {
    if (this.#wait !== null) throw new LabError("fault-contract", `${this.#options.fault.name} waits twice at once`);
    return new Promise((settle) => {
      this.#wait = { settle, takesItems, timer: this.#arm(atMs) };
    });
  }

  #arm(atMs: number): LabTimer | null {
    if (atMs === Number.POSITIVE_INFINITY) return null;
    const { clock } = this.#options;
    return clock.after(Math.max(0, atMs - clock.monoMs()), () => {
      // Timers may come a little early; a fault's edge is exact, so the rest is waited for.
      if (clock.monoMs() >= atMs) this.#settle("late");
      else if (this.#wait !== null) this.#wait = { ...this.#wait, timer: this.#arm(atMs) };
    });
  }

  #settle(value: Item | "late" | null): void {
    const wait = this.#wait;
    if (wait === null) return;
    this.#wait = null;
    wait.timer?.cancel();
    wait.settle(value);
  }
}
