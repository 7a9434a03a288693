/**
 * A fault that was added: where it applies, what it has done so far, and how it is taken away again.
 * It must never act on a connection that its dice left out, and the dice depend on the seed and the ids alone.
 */

import { LabError } from "./errors.ts";
import type { Directions, Fault } from "./fault.ts";
import { checkChoice, checkNumber } from "./options.ts";
import type { Random } from "./random.ts";
import type { FaultLedger } from "./stage.ts";

/** Where a fault acts on a connection. */
export interface FaultPlacement {
  /** Which bytes pass through it. @default "both" */
  readonly direction?: Directions;
  /** The share of connections that it is laid on, 0 to 1, tossed once per connection from the seed. @default 1 */
  readonly probability?: number;
}

/** A fault's grip on the world, given by `add`. */
export interface FaultHandle {
  readonly fault: Fault;
  /** How often the fault has acted; what counts as an act is in the fault's own description. */
  readonly strikes: number;
  /** Bytes that the fault has dropped. */
  readonly droppedBytes: number;
  /** Resolves when `strikes` is at least `count`; rejects with `closed` if the fault is removed before. @param count default 1 */
  untilStruck(count?: number): Promise<void>;
  /**
   * Takes the fault away from all connections, now and to come. What it held goes on; what it dropped stays dropped.
   * Resolves when it has let go everywhere. Twice is once.
   */
  remove(): Promise<void>;
}

/** A connection as an attachment sees it: something that can put a fault on itself and return how to take it off. */
export interface Attachable {
  readonly id: number;
  install(attachment: Attachment): () => Promise<void>;
}

interface Waiter {
  readonly count: number;
  readonly resolve: () => void;
  readonly reject: (error: LabError) => void;
}

export interface AttachmentOptions {
  readonly id: number;
  readonly fault: Fault;
  readonly placement: FaultPlacement;
  /** Forked from the proxy's seed by `id`. */
  readonly random: Random;
  readonly removed: (attachment: Attachment) => void;
}

export class Attachment implements FaultHandle, FaultLedger {
  readonly id: number;
  readonly fault: Fault;
  readonly directions: Directions;
  readonly random: Random;
  strikes = 0;
  droppedBytes = 0;

  readonly #probability: number;
  readonly #removed: (attachment: Attachment) => void;
  readonly #installed = new Map<Attachable, () => Promise<void>>();
  #waiters: Waiter[] = [];
  #live = true;

  constructor(options: AttachmentOptions) {
    this.id = options.id;
    this.fault = options.fault;
    this.random = options.random;
    this.directions = checkChoice("direction", options.placement.direction ?? "both", ["to-server", "to-client", "both"]);
    this.#probability = checkNumber("probability", options.placement.probability ?? 1, 0, 1);
    this.#removed = options.removed;
  }

  /** Lays the fault on a connection, if the dice say so. */
  offer(connection: Attachable): void {
    if (!this.#live || this.random.fork(connection.id).float() >= this.#probability) return;
    this.#installed.set(connection, connection.install(this));
  }

  /** The connection is over. */
  forget(connection: Attachable): void {
    this.#installed.delete(connection);
  }

  strike(): void {
    this.strikes++;
    const [met, unmet] = [this.#waiters.filter((w) => w.count <= this.strikes), this.#waiters.filter((w) => w.count > this.strikes)];
    this.#waiters = unmet;
    for (const waiter of met) waiter.resolve();
  }

  dropped(byteCount: number): void {
    this.droppedBytes += byteCount;
  }

  untilStruck(count = 1): Promise<void> {
    if (this.strikes >= count) return Promise.resolve();
    const struck = new Promise<void>((resolve, reject) => {
      if (this.#live) this.#waiters.push({ count, resolve, reject });
      else reject(this.#goneError(count));
    });
    // Whoever awaits it sees the rejection; a promise that nobody came back for must not end the process.
    struck.catch(() => {});
    return struck;
  }

  async remove(): Promise<void> {
    if (this.#live) {
      this.#live = false;
      this.#removed(this);
      for (const waiter of this.#waiters) waiter.reject(this.#goneError(waiter.count));
      this.#waiters = [];
    }
    const leaving = [...this.#installed.values()].map((uninstall) => uninstall());
    this.#installed.clear();
    await Promise.all(leaving);
  }

  #goneError(count: number): LabError {
    return new LabError("closed", `${this.fault.name} is gone after ${this.strikes} of ${count} strikes`);
  }
}
