/**
 * Keeps the tree of logs in step with what is stored, by watching the store itself: its lists of entries tell of every entry that is
 * added, be it never answered or removed in the same breath; retention and ends are seen by looking after each event. It asks no engine.
 */
import { formatPosition, origin } from "@holdfast/protocol";
import { epochOf, positionOf } from "@holdfast/server";
import type { MemoryStore } from "@holdfast/server/engines";
import { type LogNode, StreamLog } from "../checker/log-tree.ts";
import type { PublishCheck } from "../checker/publish-check.ts";
import type { Violations } from "../checker/violations.ts";
import type { Payloads } from "./payloads.ts";

type StoredLog = MemoryStore["logs"] extends Map<string, infer L> ? L : never;

type StoredEntry = StoredLog["entries"][number];

interface Known {
  last: number;
  firstPrev: number;
  closed: boolean;
}

export interface WatchParts {
  readonly payloads: Payloads;
  readonly publishes: PublishCheck;
  readonly violations: Violations;
  readonly nowMs: () => number;
}

export class StoreWatch {
  readonly #parts: WatchParts;
  readonly #logs = new Map<string, StreamLog>();
  readonly #known = new Map<string, Known>();
  /** Entries seen so far. */
  committed = 0;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  log(stream: string): StreamLog {
    let log = this.#logs.get(stream);
    if (log === undefined) {
      log = new StreamLog(stream, origin);
      this.#logs.set(stream, log);
    }
    return log;
  }

  /** Watches a store from now on: what is added to it is committed at that moment. */
  watch(store: MemoryStore): void {
    const { logs } = store;
    for (const [name, stored] of logs) this.#watchLog(name, stored);
    logs.set = (name, stored) => {
      this.#watchLog(name, stored);
      return Map.prototype.set.call(logs, name, stored) as typeof logs;
    };
  }

  #watchLog(name: string, stored: StoredLog): void {
    const { entries } = stored;
    const commit = (added: readonly StoredEntry[]): void => {
      for (const { entry } of added) this.#commit(name, entry);
    };
    entries.push = (...added) => {
      commit(added);
      return Array.prototype.push.apply(entries, added);
    };
  }

  #commit(name: string, entry: StoredEntry["entry"]): void {
    const { violations, payloads, publishes, nowMs } = this.#parts;
    const known = this.#knownOf(name);
    if (entry.seq <= known.last || entry.prev !== known.last) {
      violations.add("rewritten", `${name}: entry ${entry.seq} follows ${entry.prev}, the one before was ${known.last}`);
    }
    known.last = entry.seq;
    const token = payloads.identify(entry.format, entry.payload);
    const log = this.log(name);
    publishes.committed(token, log.commit(formatPosition(entry.epoch, entry.seq), token, nowMs()), log);
    this.committed++;
  }

  #knownOf(name: string): Known {
    let known = this.#known.get(name);
    if (known === undefined) {
      known = { last: 0, firstPrev: 0, closed: false };
      this.#known.set(name, known);
    }
    return known;
  }

  /** Takes in what has been removed or ended since the last look. */
  look(store: MemoryStore): void {
    const { violations } = this.#parts;
    for (const [name, stored] of store.logs) {
      const known = this.#knownOf(name);
      if (stored.last !== known.last) violations.add("rewritten", `${name} reaches to ${stored.last}; the entries added to it, to ${known.last}`);
      if (stored.firstPrev > known.firstPrev) {
        known.firstPrev = stored.firstPrev;
        this.log(name).trim(this.#nodeAt(this.log(name), stored, stored.firstPrev));
      }
      if (stored.closed && !known.closed) this.log(name).close();
      known.closed = stored.closed;
    }
  }

  #nodeAt(log: StreamLog, stored: StoredLog, seq: number): LogNode {
    if (seq === 0) return log.root;
    const node = log.at(positionOf(stored.epochs, seq)).at(-1);
    if (node === undefined) throw new Error(`${log.stream}: seq ${seq} (epoch "${epochOf(stored.epochs, seq)}") was never seen`);
    return node;
  }

  /** An older copy is the store from now on. */
  restored(copy: MemoryStore): void {
    this.watch(copy);
    const nowMs = this.#parts.nowMs();
    for (const [name, log] of this.#logs) {
      const stored = copy.logs.get(name);
      if (stored === undefined) {
        log.fork(log.root, log.root, false, nowMs);
        this.#known.delete(name);
        continue;
      }
      log.fork(this.#nodeAt(log, stored, stored.last), this.#nodeAt(log, stored, stored.firstPrev), stored.closed, nowMs);
      this.#known.set(name, { last: stored.last, firstPrev: stored.firstPrev, closed: stored.closed });
    }
  }
}
