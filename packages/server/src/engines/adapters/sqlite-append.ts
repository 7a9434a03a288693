/**
 * Applies appends to the tables, inside the transaction that the writer has opened. It judges each request alone,
 * so that a bad one does not harm the others, and it must never begin or end a transaction itself.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AppendRequest } from "../../engine.ts";
import { epochOf } from "../../epochs.ts";
import type { EngineOptions } from "../options.ts";
import { judgeProducer } from "../producers.ts";
import type { RequestSpan } from "../request-ring.ts";
import type { Outcome } from "../sqlite-wire.ts";
import type { DedupeTable, ProducerTable } from "./sqlite-producers.ts";
import type { StreamState, StreamTable } from "./sqlite-streams.ts";

/** The moment of a commit: wall clock for people, the engine's own clock for windows and expiry. */
export interface CommitTime {
  readonly wallMs: number;
  readonly clockMs: number;
}

/** The tables that an append touches. */
export interface WriterTables {
  readonly streams: StreamTable;
  readonly producers: ProducerTable;
  readonly dedupe: DedupeTable;
}

/** How long a stream that holds nothing stays known: forgetting it must not make a retry of its last publish look new. */
export const idleMs = (options: EngineOptions): number => Math.max(options.forgetMs, options.producerExpiryMs, options.dedupeWindowMs);

const busyAfterMs = 1_000;

export class Appender {
  readonly #tables: WriterTables;
  readonly #options: EngineOptions;
  readonly #runEpoch: string;
  readonly #insert: StatementSync;
  /** Counts the passes that forgot a stream: one created afterwards could bear a forgotten name, so its epoch must be new. */
  forgetting = 0;

  constructor(db: DatabaseSync, tables: WriterTables, options: EngineOptions, runEpoch: string) {
    this.#tables = tables;
    this.#options = options;
    this.#runEpoch = runEpoch;
    this.#insert = db.prepare("INSERT INTO log (stream_id, seq, time_ms, format, key, payload) VALUES (?, ?, ?, ?, ?, ?)");
  }

  apply(request: AppendRequest, time: CommitTime): Outcome {
    const state = this.#tables.streams.get(request.stream);
    const answer = this.#judge(state, request, time);
    if (answer !== null) return answer;
    if (state?.closed === true && request.entries.length > 0) return { kind: "refused", code: "stream_closed" };
    const lack = this.#lack(state, request);
    if (lack !== null) return lack;
    return this.#add(state ?? this.#tables.streams.create(request.stream, time.clockMs), request, time);
  }

  /** The answer that producers and dedupe keys give; null when the request is new. */
  #judge(state: StreamState | null, request: AppendRequest, time: CommitTime): Outcome | null {
    const { producer, dedupeKey } = request;
    if (dedupeKey !== undefined) {
      const span = state === null ? undefined : this.#tables.dedupe.get(state.id, dedupeKey, time.clockMs);
      return span === undefined ? null : duplicate(state as StreamState, span);
    }
    if (producer === undefined) return null;
    const found = state === null ? undefined : this.#tables.producers.get(state.id, producer.id);
    const known = found !== undefined && time.clockMs - found.touchedMs < this.#options.producerExpiryMs ? found : undefined;
    const verdict = judgeProducer(known, producer);
    switch (verdict.type) {
      case "fresh":
        return null;
      case "duplicate":
        return duplicate(state as StreamState, known === undefined ? null : this.#tables.producers.spanOf(known, producer.seq));
      case "fenced":
        return { kind: "refused", code: "fenced" };
      case "out_of_order":
        return { kind: "refused", code: "out_of_order", expectedSeq: verdict.expectedSeq };
      default:
        return verdict satisfies never;
    }
  }

  #lack(state: StreamState | null, { producer, dedupeKey }: AppendRequest): Outcome | null {
    const { streams, producers, dedupe } = this.#tables;
    const { streamsMax, producersMax, dedupeKeysMax } = this.#options;
    if (state === null && streams.count >= streamsMax) return { kind: "refused", code: "too_many_streams" };
    const isNewProducer = producer !== undefined && (state === null || producers.get(state.id, producer.id) === undefined);
    if (isNewProducer && producers.count >= producersMax) {
      return { kind: "refused", code: "engine_busy", message: "The engine remembers `producersMax` producers", afterMs: busyAfterMs };
    }
    if (dedupeKey !== undefined && dedupe.count >= dedupeKeysMax) {
      return { kind: "refused", code: "engine_busy", message: "The engine remembers `dedupeKeysMax` dedupe keys", afterMs: busyAfterMs };
    }
    return null;
  }

  #add(state: StreamState, { entries, producer, dedupeKey, close }: AppendRequest, { wallMs, clockMs }: CommitTime): Outcome {
    const { streams, producers, dedupe } = this.#tables;
    streams.touch(state);
    const count = entries.length;
    const first = count === 0 ? state.last : state.last + 1;
    const epoch = count === 0 ? "" : this.#epochFor(state, first);
    for (const { format, key, payload } of entries) {
      this.#insert.run(state.id, ++state.last, wallMs, format === "json" ? 0 : 1, key ?? null, payload);
      state.bytes += payload.byteLength;
    }
    if (count > 0 && state.entries === 0) state.oldestMs = wallMs;
    state.entries += count;
    if (count > 0 || !state.closed) state.touchedMs = clockMs;
    if (close === true) state.closed = true;
    if (producer !== undefined) producers.accept(state.id, producer.id, producer.epoch, producer.seq, { first, count }, clockMs);
    if (dedupeKey !== undefined) dedupe.accept(state.id, dedupeKey, { first, count }, clockMs);
    return { kind: "appended", epoch, first, count, head: state.last };
  }

  /** The epoch to write under: this run's, which begins in a log with the first entry that the run adds to it. */
  #epochFor(state: StreamState, seq: number): string {
    const newest = state.epochs.at(-1)?.epoch;
    if (newest?.startsWith(this.#runEpoch) === true) return newest;
    const epoch = newest === undefined && this.forgetting > 0 ? this.#runEpoch + this.forgetting.toString(36) : this.#runEpoch;
    this.#tables.streams.startEpoch(state, epoch, seq);
    return epoch;
  }
}

/** Positions from before the oldest epoch remembered could not be honoured: they are as good as forgotten. */
function duplicate(state: StreamState, span: RequestSpan | null): Outcome {
  if (span !== null && span.count === 0) return { kind: "duplicate", epoch: "", first: span.first, count: 0, head: state.last };
  const oldest = state.epochs[0];
  if (span === null || oldest === undefined || span.first < oldest.firstSeq) return { kind: "forgotten", head: state.last };
  return { kind: "duplicate", epoch: epochOf(state.epochs, span.first), first: span.first, count: span.count, head: state.last };
}
