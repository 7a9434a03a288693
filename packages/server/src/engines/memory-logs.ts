/**
 * What a log does, on plain data in memory: the executable specification of append, read, list and retention.
 * Every call is synchronous and atomic. It must never look at who asks, and never answer from two states.
 */
import type { Clock, Cursor } from "@holdfast/protocol";
import type { AppendRequest, AppendResult, Entry, Head, ListOptions, ReadOptions, ReadResult, Retention, StreamInfo } from "../engine.ts";
import { epochOf } from "../epochs.ts";
import { dueMs, expire, isForgettable, trimLog } from "./memory-retention.ts";
import type { MemoryStore, StoredLog } from "./memory-store.ts";
import type { EngineOptions } from "./options.ts";
import { judgeProducer } from "./producers.ts";
import { payloadBytes, refuse } from "./requests.ts";

/** What one engine run adds to the data of its store. */
export interface MemoryRun {
  readonly epoch: string;
  readonly clock: Clock;
  readonly options: EngineOptions;
  readonly retentionOf: (stream: string) => Retention;
  /** The seq that follows `last`; at least `last` + 1. */
  readonly nextSeq: (last: number) => number;
}

/** The answer to an append, and what it changed: nothing for a refusal or a duplicate. */
export interface Applied {
  readonly result: AppendResult;
  readonly entries: readonly Entry[];
  readonly closed: boolean;
  /** When what was added is first due to be removed, in monotonic ms. */
  readonly dueMs: number;
}

const nothing = { entries: [], closed: false, dueMs: Number.POSITIVE_INFINITY } as const;

export class MemoryLogs {
  readonly #store: MemoryStore;
  readonly #run: MemoryRun;
  /** Counts the passes that forgot a log: a log created afterwards could bear a forgotten name, so its epoch must be new. */
  #forgetting = 0;

  constructor(store: MemoryStore, run: MemoryRun) {
    this.#store = store;
    this.#run = run;
  }

  append(request: AppendRequest): Applied {
    const nowMs = this.#run.clock.monoMs();
    const known = this.#store.logs.get(request.stream);
    if (known !== undefined) expire(this.#store, known, this.#run.options, nowMs);
    const answer = known === undefined ? judgeUnknown(request) : judge(known, request);
    if (answer !== null) return { result: answer, ...nothing };
    if (known?.closed === true) return this.#appendToClosed(known, request, nowMs);
    const full = this.#refuseForSpace(known, request, nowMs);
    if (full !== null) return { result: full, ...nothing };
    const log = known ?? this.#create(request.stream, nowMs);
    const entries = this.#add(log, request, nowMs);
    const cursors = entries.map(({ epoch, seq }) => ({ epoch, seq }));
    this.#remember(log, request, cursors, nowMs);
    if (request.close === true) log.closed = true;
    log.touchedMs = nowMs;
    const retention = this.#run.retentionOf(request.stream);
    trimLog(this.#store, log, retention, this.#run.options.epochsMax, nowMs);
    return { result: { ok: true, cursors, duplicate: false, head: log.last }, entries, closed: log.closed, dueMs: dueMs(log, retention, this.#run.options) };
  }

  read(stream: string, options: ReadOptions): ReadResult {
    const log = this.#store.logs.get(stream);
    if (log === undefined) return { head: null, entries: [], more: false };
    const through = options.throughSeq ?? Number.MAX_SAFE_INTEGER;
    let index = "last" in options.from ? Math.max(0, log.entries.length - options.from.last) : indexAfter(log, options.from.afterSeq);
    const entries: Entry[] = [];
    let bytes = 0;
    for (; index < log.entries.length; index++) {
      const { entry } = log.entries[index] as StoredLog["entries"][number];
      if (entry.seq > through) break;
      bytes += entry.payload.byteLength;
      if (entries.length === options.entriesMax || (entries.length > 0 && bytes > options.bytesMax)) return { head: headOf(log), entries, more: true };
      entries.push(entry);
    }
    return { head: headOf(log), entries, more: false };
  }

  head(stream: string): Head | null {
    const log = this.#store.logs.get(stream);
    return log === undefined ? null : headOf(log);
  }

  list(options: ListOptions): readonly StreamInfo[] {
    const prefix = options.prefix ?? "";
    const names = [...this.#store.logs.keys()].filter(
      (name) => name.startsWith(prefix) && (options.after === undefined || compareUtf8(name, options.after) > 0),
    );
    names.sort(compareUtf8);
    return names.slice(0, options.limit).map((stream) => ({ stream, head: headOf(this.#store.logs.get(stream) as StoredLog) }));
  }

  /** Applies retention by age and forgets what is over, in all logs. Returns when the next pass is due, in monotonic ms; null when nothing is. */
  pass(): number | null {
    const { options, retentionOf, clock } = this.#run;
    const nowMs = clock.monoMs();
    let next: number | null = null;
    let forgot = false;
    for (const [name, log] of this.#store.logs) {
      const retention = retentionOf(name);
      trimLog(this.#store, log, retention, options.epochsMax, nowMs);
      expire(this.#store, log, options, nowMs);
      if (isForgettable(log, options, nowMs)) {
        this.#store.logs.delete(name);
        forgot = true;
        continue;
      }
      const due = dueMs(log, retention, options);
      next = next === null ? due : Math.min(next, due);
    }
    if (forgot) this.#forgetting++;
    return next;
  }

  /** Ending an ended log again is a success that adds nothing; it is remembered, so that its producer can go on counting. */
  #appendToClosed(log: StoredLog, request: AppendRequest, nowMs: number): Applied {
    if (request.entries.length > 0) return { result: refuse("stream_closed"), ...nothing };
    const full = this.#refuseForSpace(log, request, nowMs);
    if (full !== null) return { result: full, ...nothing };
    this.#remember(log, request, [], nowMs);
    const due = dueMs(log, this.#run.retentionOf(request.stream), this.#run.options);
    return { result: { ok: true, cursors: [], duplicate: false, head: log.last }, entries: [], closed: false, dueMs: due };
  }

  #refuseForSpace(log: StoredLog | undefined, request: AppendRequest, nowMs: number): AppendResult | null {
    const { options } = this.#run;
    const store = this.#store;
    if (log === undefined && store.logs.size >= options.streamsMax) return refuse("too_many_streams");
    if (store.bytes + payloadBytes(request) > options.memoryBytesMax) return refuse("storage_full");
    const isNewProducer = request.producer !== undefined && log?.producers.has(request.producer.id) !== true;
    if ((isNewProducer && store.producers >= options.producersMax) || (request.dedupeKey !== undefined && store.keys >= options.dedupeKeysMax)) {
      for (const each of store.logs.values()) expire(store, each, options, nowMs);
      if (isNewProducer && store.producers >= options.producersMax)
        return refuse("engine_busy", { message: "The engine remembers `producersMax` producers", afterMs: busyMs });
      if (request.dedupeKey !== undefined && store.keys >= options.dedupeKeysMax)
        return refuse("engine_busy", { message: "The engine remembers `dedupeKeysMax` dedupe keys", afterMs: busyMs });
    }
    return null;
  }

  #create(stream: string, nowMs: number): StoredLog {
    const log: StoredLog = { entries: [], epochs: [], last: 0, firstPrev: 0, bytes: 0, closed: false, touchedMs: nowMs, producers: new Map(), keys: new Map() };
    this.#store.logs.set(stream, log);
    return log;
  }

  #add(log: StoredLog, request: AppendRequest, nowMs: number): readonly Entry[] {
    const timeMs = this.#run.clock.wallMs();
    return request.entries.map((given) => {
      const seq = this.#run.nextSeq(log.last);
      const epoch = this.#epochFor(log, seq);
      const entry: Entry = { epoch, seq, prev: log.last, timeMs, ...given };
      log.entries.push({ entry, atMs: nowMs });
      log.last = seq;
      log.bytes += given.payload.byteLength;
      this.#store.bytes += given.payload.byteLength;
      return entry;
    });
  }

  /** The epoch to write under: this run's, which begins in a log with the first entry that the run adds to it. */
  #epochFor(log: StoredLog, seq: number): string {
    const newest = log.epochs.at(-1)?.epoch;
    if (newest?.startsWith(this.#run.epoch) === true) return newest;
    const epoch = newest === undefined && this.#forgetting > 0 ? this.#run.epoch + this.#forgetting.toString(36) : this.#run.epoch;
    log.epochs.push({ epoch, firstSeq: seq, prev: log.last });
    return epoch;
  }

  #remember(log: StoredLog, request: AppendRequest, cursors: readonly Cursor[], nowMs: number): void {
    const { producer, dedupeKey } = request;
    if (dedupeKey !== undefined) {
      log.keys.set(dedupeKey, { cursors, atMs: nowMs });
      this.#store.keys++;
    }
    if (producer === undefined) return;
    const known = log.producers.get(producer.id);
    if (known === undefined) this.#store.producers++;
    const before = known?.epoch === producer.epoch ? known.requests : [];
    const requests = [...before, cursors].slice(-this.#run.options.producerRequestsMax);
    // Taken out first, so that the map stays in the order of touch.
    log.producers.delete(producer.id);
    log.producers.set(producer.id, { epoch: producer.epoch, seq: producer.seq, touchedMs: nowMs, requests });
  }
}

const busyMs = 1_000;

/** The answer that a log's producers and dedupe keys give, or null when the request is new. */
function judge(log: StoredLog, request: AppendRequest): AppendResult | null {
  const { producer, dedupeKey } = request;
  if (dedupeKey !== undefined) {
    const stored = log.keys.get(dedupeKey);
    return stored === undefined ? null : { ok: true, cursors: stillKnown(log, stored.cursors), duplicate: true, head: log.last };
  }
  if (producer === undefined) return null;
  const known = log.producers.get(producer.id);
  const verdict = judgeProducer(known, producer);
  if (verdict.type === "fresh") return null;
  if (verdict.type === "fenced") return refuse("fenced");
  if (verdict.type === "out_of_order") return refuse("out_of_order", { expectedSeq: verdict.expectedSeq });
  const cursors = known?.requests.at(producer.seq - known.seq - 1) ?? null;
  return { ok: true, cursors: cursors === null ? null : stillKnown(log, cursors), duplicate: true, head: log.last };
}

function judgeUnknown({ producer }: AppendRequest): AppendResult | null {
  const verdict = producer === undefined ? { type: "fresh" } : judgeProducer(undefined, producer);
  return verdict.type === "fresh" ? null : refuse("out_of_order", { expectedSeq: 0 });
}

/** Positions from before the oldest epoch remembered could not be honoured: they are as good as forgotten. */
function stillKnown(log: StoredLog, cursors: readonly Cursor[]): readonly Cursor[] | null {
  return cursors.every(({ epoch, seq }) => epochOf(log.epochs, seq) === epoch) ? cursors : null;
}

function headOf(log: StoredLog): Head {
  return { epochs: [...log.epochs], last: log.last, firstPrev: log.firstPrev, entries: log.entries.length, bytes: log.bytes, closed: log.closed };
}

/** The place of the first entry after `seq`, by halving. */
function indexAfter(log: StoredLog, seq: number): number {
  let low = 0;
  let high = log.entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((log.entries[middle] as StoredLog["entries"][number]).entry.seq <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Order of names as the bytes of their UTF-8; JavaScript's own order differs beyond U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
