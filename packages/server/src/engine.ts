/**
 * The engine contract: where logs live. An engine stores, orders and returns facts; it decides nothing about readers.
 * Its acceptance suite is `@holdfast/server/testing`; docs/add-an-engine.md walks through it.
 *
 *   append --> [engine] --> live events, in commit order, before `append` resolves --> hub
 *   read   <-- [engine]     entries and head of ONE snapshot
 *
 * Live events are a hint and may be lost, late or doubled; the log that `read` returns is the truth.
 */
import type { Code, Cursor, PayloadFormat, ProducerTuple } from "@holdfast/protocol";

/** One entry of a log. `prev` is the seq of the entry before it in the same log (0 for the very first): seq need not be contiguous. */
export interface Entry {
  readonly epoch: string;
  readonly seq: number;
  readonly prev: number;
  /** Wall-clock time of the append; never used for order. */
  readonly timeMs: number;
  readonly format: PayloadFormat;
  /** The payload as received. Never written to after the append. */
  readonly payload: Uint8Array;
  readonly key?: string;
}

/**
 * From `firstSeq` on, until the next start, entries were written under `epoch`. `prev` is the seq that `firstSeq` follows: where the
 * epoch before it ended, which is not `firstSeq - 1` when seqs have holes.
 */
export interface EpochStart {
  readonly epoch: string;
  readonly firstSeq: number;
  readonly prev: number;
}

/** What is known of a log at one moment. */
export interface Head {
  /**
   * The writer incarnations of the log, oldest first. May leave out those that lie wholly before `firstPrev`,
   * never the one that wrote `firstPrev` itself. Empty only while nothing was ever appended.
   */
  readonly epochs: readonly EpochStart[];
  /** The newest entry's seq; 0 when nothing was ever appended. Stays when retention removes that entry. */
  readonly last: number;
  /** The newest removed entry's seq, 0 when none was: a cursor below it has been trimmed past. */
  readonly firstPrev: number;
  /** Entries held. */
  readonly entries: number;
  /** Payload bytes held. */
  readonly bytes: number;
  /** True once the log has ended: no entry will ever follow. */
  readonly closed: boolean;
}

/** How much of a log is kept. The oldest entries go first, in bounded batches, soon after a limit is passed. */
export interface Retention {
  readonly entriesMax: number;
  readonly bytesMax: number;
  readonly ageMs: number;
}

export interface AppendEntry {
  readonly format: PayloadFormat;
  readonly payload: Uint8Array;
  readonly key?: string;
}

/** One atomic append: all of its entries, adjacent and in this order, or none. */
export interface AppendRequest {
  readonly stream: string;
  /** May be empty only together with `close`. */
  readonly entries: readonly AppendEntry[];
  /** Exactly once per (id, epoch, seq) and stream; seq counts requests, from 0 in each epoch, without holes. Only a producer's newest epoch is remembered. */
  readonly producer?: ProducerTuple;
  /** Exactly once per key and stream, for the engine's `dedupeWindowMs`. Not together with `producer`. */
  readonly dedupeKey?: string;
  /** Ends the log after these entries. Ending an ended log without entries is a success that changes nothing. */
  readonly close?: boolean;
}

export type AppendRefusal = Extract<
  Code,
  "stream_closed" | "fenced" | "out_of_order" | "too_many_streams" | "storage_full" | "storage_failed" | "engine_busy" | "unknown_outcome"
>;

/**
 * What became of one append.
 * `duplicate`: the same producer tuple or dedupe key was appended before; `cursors` are those of the first time,
 * or null when they are further back than the engine remembers.
 * `unknown_outcome` is the only answer that leaves open whether the entries are in the log; all other refusals mean that they are not.
 * Order of checks: duplicate, fenced / out_of_order, stream_closed.
 */
export type AppendResult =
  | { readonly ok: true; readonly cursors: readonly Cursor[] | null; readonly duplicate: boolean; readonly head: number }
  | { readonly ok: false; readonly code: AppendRefusal; readonly message: string; readonly expectedSeq?: number; readonly afterMs?: number };

export interface ReadOptions {
  /** Entries after this seq (which need not exist), or the newest n. */
  readonly from: { readonly afterSeq: number } | { readonly last: number };
  /** Nothing beyond this seq. Default: no bound. */
  readonly throughSeq?: number;
  /** At most this many entries, 1 or more. */
  readonly entriesMax: number;
  /** Stops before the entry that would pass this many payload bytes, but always returns one when there is one. */
  readonly bytesMax: number;
}

/** Entries in order, contiguous by `prev` as far as the log is, and the head of the same snapshot. `head` null: no such log. */
export interface ReadResult {
  readonly head: Head | null;
  readonly entries: readonly Entry[];
  /** Whether entries within the asked range were left out by `entriesMax` or `bytesMax`. */
  readonly more: boolean;
}

export type LiveEvent =
  /** Entries were committed. */
  | { readonly type: "appended"; readonly stream: string; readonly entries: readonly Entry[] }
  /** The log reaches at least to `last`; read it. */
  | { readonly type: "hint"; readonly stream: string; readonly last: number }
  /** The log has ended at `last`. */
  | { readonly type: "closed"; readonly stream: string; readonly last: number }
  /** Something may have been lost on the way here: re-read this log, or all when null. */
  | { readonly type: "suspect"; readonly stream: string | null };

/** A registered wish for a log's live events. */
export interface Interest {
  close(): void;
}

export interface StreamInfo {
  readonly stream: string;
  readonly head: Head;
}

export interface ListOptions {
  /** Only names that begin with this. Default: all. */
  readonly prefix?: string;
  /** Only names after this one, in order of UTF-8 bytes. */
  readonly after?: string;
  readonly limit: number;
}

export interface EngineHealth {
  /** `read_only`: writes have stopped until a restart. */
  readonly state: "ok" | "read_only" | "down";
  readonly detail: string;
}

/** What an engine declares of itself; the suite checks it, nobody asks for its name. */
export interface EngineCapabilities {
  /** Whether every seq is the one before plus 1. */
  readonly contiguousSeq: boolean;
  /** What survives: nothing, the end of the process, or loss of power after an acknowledgement. */
  readonly durability: "none" | "process" | "fsync";
  /** The longest time from a commit to a live event, hint or suspicion that covers it. 0: events come once, in commit order, before `append` resolves. */
  readonly staleMsMax: number;
}

export interface Engine {
  readonly name: string;
  readonly caps: EngineCapabilities;
  /** Opens the logs and makes a new epoch known durably. Rejects with HoldfastError when it cannot. */
  start(): Promise<void>;
  /** Finishes what was accepted, releases everything. Later calls are refused with `storage_failed`. */
  stop(): Promise<void>;
  /** Appends each request, in order; results by index. Never rejects for what may go wrong in operation. */
  append(batch: readonly AppendRequest[]): Promise<readonly AppendResult[]>;
  /** Rejects with HoldfastError `engine_busy` when the queue is full, `storage_failed` when storage cannot be read. */
  read(stream: string, options: ReadOptions): Promise<ReadResult>;
  head(stream: string): Promise<Head | null>;
  list(options: ListOptions): Promise<readonly StreamInfo[]>;
  /** The one receiver of live events on this node; set before `start`. */
  attach(sink: (event: LiveEvent) => void): void;
  /** Resolves once everything committed from now on to this log will reach the sink as event, hint or suspicion. Nothing need be told of other logs. */
  listen(stream: string): Promise<Interest>;
  health(): EngineHealth;
}
