/**
 * Retention of the memory engines: what is past its limits goes, oldest first. Works on plain data; never adds anything.
 */
import type { Retention } from "../engine.ts";
import type { MemoryStore, StoredLog } from "./memory-store.ts";
import type { EngineOptions } from "./options.ts";

/** Removes the entries of one log that are past its limits. */
export function trimLog(store: MemoryStore, log: StoredLog, retention: Retention, epochsMax: number, nowMs: number): void {
  const floor = epochFloor(log, epochsMax);
  const oldest = log.entries[0];
  // Taking from the front of an array costs its length, so long logs may be over by a 64th before they are cut back to their limits.
  const fits = log.entries.length <= withSlack(retention.entriesMax) && log.bytes <= withSlack(retention.bytesMax);
  if (oldest === undefined || (fits && nowMs - oldest.atMs < retention.ageMs && oldest.entry.seq > floor)) return;
  let removed = 0;
  let bytes = 0;
  for (const { entry, atMs } of log.entries) {
    const over = log.entries.length - removed > retention.entriesMax || log.bytes - bytes > retention.bytesMax;
    if (!over && nowMs - atMs < retention.ageMs && entry.seq > floor) break;
    removed++;
    bytes += entry.payload.byteLength;
    log.firstPrev = entry.seq;
  }
  if (removed === 0) return;
  log.entries.splice(0, removed);
  log.bytes -= bytes;
  store.bytes -= bytes;
  while (isWhollyTrimmed(log)) log.epochs.shift();
}

const withSlack = (max: number): number => max + Math.floor(max / 64);

/** An epoch may be forgotten once the next one wrote `firstPrev` or an entry before it. */
function isWhollyTrimmed(log: StoredLog): boolean {
  const second = log.epochs[1];
  return second !== undefined && second.firstSeq <= log.firstPrev;
}

/** The seq up to which entries must go so that no more than `epochsMax` epochs are left to remember; 0 when they fit. */
function epochFloor(log: StoredLog, epochsMax: number): number {
  const excess = log.epochs.length - epochsMax;
  if (excess <= 0) return 0;
  const kept = log.epochs[Math.min(excess + 1, log.epochs.length - 1)];
  return kept === undefined ? 0 : kept.firstSeq - 1;
}

/** When the log next needs a pass, in monotonic ms. */
export function dueMs(log: StoredLog, retention: Retention, options: EngineOptions): number {
  const oldest = log.entries[0];
  let due = oldest === undefined ? log.touchedMs + idleMs(options) : oldest.atMs + retention.ageMs;
  // Both maps are in the order of their times, so the first one is the next to expire.
  for (const producer of log.producers.values()) {
    due = Math.min(due, producer.touchedMs + options.producerExpiryMs);
    break;
  }
  for (const key of log.keys.values()) {
    due = Math.min(due, key.atMs + options.dedupeWindowMs);
    break;
  }
  return due;
}

/** Forgets the producers and dedupe keys whose time is over. */
export function expire(store: MemoryStore, log: StoredLog, options: EngineOptions, nowMs: number): void {
  for (const [id, producer] of log.producers) {
    if (nowMs - producer.touchedMs < options.producerExpiryMs) break;
    log.producers.delete(id);
    store.producers--;
  }
  for (const [key, stored] of log.keys) {
    if (nowMs - stored.atMs < options.dedupeWindowMs) break;
    log.keys.delete(key);
    store.keys--;
  }
}

/** Whether nothing is left of the log that anybody could ask for. */
export function isForgettable(log: StoredLog, options: EngineOptions, nowMs: number): boolean {
  return log.entries.length === 0 && nowMs - log.touchedMs >= idleMs(options) && log.producers.size === 0 && log.keys.size === 0;
}

/** Forgetting a log must not make a retry of its last publish look new. */
const idleMs = (options: EngineOptions): number => Math.max(options.forgetMs, options.producerExpiryMs, options.dedupeWindowMs);
