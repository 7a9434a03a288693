/**
 * What the engine and its two threads say to each other. Types only. Payloads travel in blocks of bytes that are handed over, never as text.
 */
import type { Entry, Head, ListOptions, ReadOptions, StreamInfo } from "../../engine.ts";
import type { EngineOptions } from "../options.ts";
import type { StreamPolicy } from "../retention.ts";
import type { EncodedOutcomes } from "../sqlite-wire.ts";

/** What a thread is started with. */
export interface ThreadSetup {
  readonly path: string;
  readonly options: EngineOptions;
  readonly policies: readonly StreamPolicy[];
  readonly epoch: string;
  readonly wallMs: number;
  readonly monoMs: number;
}

export type WriterCommand =
  | { readonly type: "commit"; readonly block: ArrayBuffer; readonly wallMs: number; readonly monoMs: number }
  | { readonly type: "pass"; readonly wallMs: number; readonly monoMs: number }
  | { readonly type: "stop" };

export type WriterReply =
  | { readonly type: "started" }
  | { readonly type: "refused"; readonly message: string }
  /** `dueMs`: how long from the commit until something that it added or touched is past retention; null when nothing is. */
  | { readonly type: "committed"; readonly outcomes: EncodedOutcomes; readonly dueMs: number | null }
  /** `again`: there is more to do at once. */
  | { readonly type: "passed"; readonly again: boolean; readonly dueMs: number | null }
  /** No write succeeds any more. */
  | { readonly type: "failed"; readonly detail: string };

export type ReaderCommand =
  /** The writer has made the file. */
  | { readonly type: "open" }
  | { readonly type: "read"; readonly id: number; readonly stream: string; readonly options: ReadOptions }
  | { readonly type: "head"; readonly id: number; readonly stream: string }
  | { readonly type: "list"; readonly id: number; readonly options: ListOptions }
  | { readonly type: "stop" };

/** Entries packed: `entryFields` numbers each, payloads end to end. */
export interface PackedEntries {
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly payloads: Uint8Array<ArrayBuffer>;
  /** By index of the entry; null when no entry has a key. */
  readonly keys: readonly (string | null)[] | null;
}

export type ReaderReply =
  | { readonly type: "started" }
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "page"; readonly id: number; readonly head: Head | null; readonly packed: PackedEntries; readonly more: boolean }
  | { readonly type: "head"; readonly id: number; readonly head: Head | null }
  | { readonly type: "list"; readonly id: number; readonly streams: readonly StreamInfo[] }
  | { readonly type: "unreadable"; readonly id: number; readonly detail: string };

/** seq, timeMs, format, payload bytes. */
export const entryFields = 4;

/** One entry of a page before it is packed, and after. */
export type PageEntry = Pick<Entry, "seq" | "timeMs" | "format" | "payload" | "key">;
