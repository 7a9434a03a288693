/**
 * The "disk" of the memory engines: plain data that outlives an engine instance, so that a crash, a restart and the restore
 * of an old copy can be played in one process. It holds no behaviour of a log; memory-logs.ts does.
 */
import type { Cursor } from "@holdfast/protocol";
import type { Entry, EpochStart } from "../engine.ts";

/** An entry and the monotonic time by which it ages. */
export interface StoredEntry {
  readonly entry: Entry;
  readonly atMs: number;
}

/** A producer's newest accepted request, and the positions of its last ones, newest last. */
export interface StoredProducer {
  readonly epoch: number;
  readonly seq: number;
  readonly touchedMs: number;
  readonly requests: readonly (readonly Cursor[])[];
}

/** What a dedupe key added when it was first used. */
export interface StoredKey {
  readonly cursors: readonly Cursor[];
  readonly atMs: number;
}

/** One log with all that is known of it. */
export interface StoredLog {
  entries: StoredEntry[];
  epochs: EpochStart[];
  last: number;
  firstPrev: number;
  bytes: number;
  closed: boolean;
  touchedMs: number;
  /** Longest untouched first. */
  readonly producers: Map<string, StoredProducer>;
  /** Oldest first. */
  readonly keys: Map<string, StoredKey>;
}

/** Logs that survive the engine on top of them. One engine at a time may run on a store. */
export class MemoryStore {
  readonly logs = new Map<string, StoredLog>();
  /** Totals over all logs. */
  bytes = 0;
  producers = 0;
  keys = 0;
  #owner: object | null = null;

  /** Makes `owner` the engine of this store; false when another one runs on it. */
  claim(owner: object): boolean {
    if (this.#owner !== null && this.#owner !== owner) return false;
    this.#owner = owner;
    return true;
  }

  /** Whether this engine may still touch the store. */
  isOwnedBy(owner: object): boolean {
    return this.#owner === owner;
  }

  release(owner: object): void {
    if (this.#owner === owner) this.#owner = null;
  }

  /** Ends the engine that runs on this store as a kill would: what it has not committed never gets in. */
  crash(): void {
    this.#owner = null;
  }

  /** A copy as a backup would hold it; no engine runs on it. */
  copy(): MemoryStore {
    const copy = new MemoryStore();
    for (const [name, log] of this.logs) {
      copy.logs.set(name, {
        ...log,
        entries: [...log.entries],
        epochs: [...log.epochs],
        producers: new Map(log.producers),
        keys: new Map(log.keys),
      });
    }
    copy.bytes = this.bytes;
    copy.producers = this.producers;
    copy.keys = this.keys;
    return copy;
  }
}
