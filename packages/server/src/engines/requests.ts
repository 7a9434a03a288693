/**
 * What every engine does with an append before it looks at a log: programmer errors are thrown,
 * and the answers that differ only in their code are made here, with the same words everywhere.
 */
import assert from "node:assert/strict";
import type { AppendRefusal, AppendRequest, AppendResult, ReadOptions } from "../engine.ts";

/** The answer to a request that was refused. */
export type Refused = Extract<AppendResult, { ok: false }>;

const messages: Readonly<Record<AppendRefusal, string>> = {
  stream_closed: "The stream has ended",
  fenced: "A newer epoch of this producer has published",
  out_of_order: "A producer sequence number was left out",
  too_many_streams: "The engine holds `streamsMax` streams",
  storage_full: "No space is left for entries",
  storage_failed: "Storage does not take writes",
  engine_busy: "Too many appends wait for the engine",
  unknown_outcome: "The write failed in a way that leaves open whether it took place",
};

/** A refusal with the usual message for its code, or with a better one. */
export function refuse(code: AppendRefusal, details: { message?: string; expectedSeq?: number; afterMs?: number } = {}): Refused {
  return Object.freeze({ ok: false, code, message: messages[code], ...details });
}

/** Throws when a caller breaks the contract; what users send has been checked before it comes here. */
export function assertRequest(request: AppendRequest): void {
  assert(request.stream.length > 0, "an append names a stream");
  assert(request.entries.length > 0 || request.close === true, "an append without entries closes the stream");
  assert(request.producer === undefined || request.dedupeKey === undefined, "an append has a producer or a dedupe key, not both");
}

/** Throws when a page is asked for that could not make progress. */
export function assertReadOptions(options: ReadOptions): void {
  assert(Number.isSafeInteger(options.entriesMax) && options.entriesMax >= 1, "entriesMax is a whole number, 1 or more");
  assert(options.bytesMax >= 1, "bytesMax is 1 or more");
  const from = "last" in options.from ? options.from.last : options.from.afterSeq;
  assert(Number.isSafeInteger(from) && from >= 0, "a read begins at a whole number");
}

/** Payload bytes of a request. */
export function payloadBytes(request: AppendRequest): number {
  let bytes = 0;
  for (const entry of request.entries) bytes += entry.payload.byteLength;
  return bytes;
}
