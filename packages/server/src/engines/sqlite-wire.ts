/**
 * How appends cross to the writer thread and their results come back: one block of bytes per commit, whatever it holds.
 * Pure. Payloads are copied as bytes and never looked at.
 *
 *   batch    count, then per request: flags, stream, [producer, epoch, seq], [dedupe key], entries
 *   entry    flags, [key], payload length, payload
 *   results  `resultFields` numbers per request; texts and epochs by index into a list
 */
import type { PayloadFormat } from "@holdfast/protocol";
import type { AppendEntry, AppendRefusal, AppendRequest, AppendResult } from "../engine.ts";
import { refuse } from "./requests.ts";

const closes = 1;
const hasProducer = 2;
const hasDedupeKey = 4;
const isBytes = 1;
const hasKey = 2;

/** Room for the fixed parts: more than the most that a request or an entry needs beside its texts and payload. */
const requestBytes = 32;
const entryBytes = 8;

/** Encodes requests into one block that is theirs alone and can be handed over. */
export function encodeBatch(requests: readonly AppendRequest[]): ArrayBuffer {
  let bound = 4;
  for (const { stream, producer, dedupeKey, entries } of requests) {
    bound += requestBytes + 3 * (stream.length + (producer?.id.length ?? 0) + (dedupeKey?.length ?? 0));
    for (const { key, payload } of entries) bound += entryBytes + 3 * (key?.length ?? 0) + payload.byteLength;
  }
  const block = new ArrayBuffer(bound);
  const buffer = Buffer.from(block);
  let at = buffer.writeUInt32LE(requests.length, 0);
  const text = (value: string): void => {
    const length = buffer.write(value, at + 2, "utf8");
    buffer.writeUInt16LE(length, at);
    at += 2 + length;
  };
  for (const { stream, producer, dedupeKey, entries, close } of requests) {
    at = buffer.writeUInt8((close === true ? closes : 0) | (producer === undefined ? 0 : hasProducer) | (dedupeKey === undefined ? 0 : hasDedupeKey), at);
    text(stream);
    if (producer !== undefined) {
      text(producer.id);
      at = buffer.writeDoubleLE(producer.epoch, at);
      at = buffer.writeDoubleLE(producer.seq, at);
    }
    if (dedupeKey !== undefined) text(dedupeKey);
    at = buffer.writeUInt32LE(entries.length, at);
    for (const { format, payload, key } of entries) {
      at = buffer.writeUInt8((format === "bytes" ? isBytes : 0) | (key === undefined ? 0 : hasKey), at);
      if (key !== undefined) text(key);
      at = buffer.writeUInt32LE(payload.byteLength, at);
      buffer.set(payload, at);
      at += payload.byteLength;
    }
  }
  return block;
}

/** Decodes a block. The payloads are views of it. */
export function decodeBatch(block: ArrayBuffer): AppendRequest[] {
  const buffer = Buffer.from(block);
  let at = 4;
  const text = (): string => {
    const start = at + 2;
    at = start + buffer.readUInt16LE(at);
    return buffer.toString("utf8", start, at);
  };
  const number = (): number => {
    at += 8;
    return buffer.readDoubleLE(at - 8);
  };
  const decodeEntry = (): AppendEntry => {
    const flags = buffer[at++] as number;
    const key = (flags & hasKey) === 0 ? undefined : text();
    const start = at + 4;
    at = start + buffer.readUInt32LE(at);
    const format: PayloadFormat = (flags & isBytes) === 0 ? "json" : "bytes";
    const payload = buffer.subarray(start, at);
    return key === undefined ? { format, payload } : { format, payload, key };
  };
  const requests = new Array<AppendRequest>(buffer.readUInt32LE(0));
  for (let i = 0; i < requests.length; i++) {
    const flags = buffer[at++] as number;
    const stream = text();
    const producer = (flags & hasProducer) === 0 ? undefined : { id: text(), epoch: number(), seq: number() };
    const dedupeKey = (flags & hasDedupeKey) === 0 ? undefined : text();
    const entries = new Array<AppendEntry>(buffer.readUInt32LE(at));
    at += 4;
    for (let k = 0; k < entries.length; k++) entries[k] = decodeEntry();
    requests[i] = {
      stream,
      entries,
      close: (flags & closes) !== 0,
      ...(producer === undefined ? undefined : { producer }),
      ...(dedupeKey === undefined ? undefined : { dedupeKey }),
    };
  }
  return requests;
}

/** What became of one request, as the writer says it. */
export type Outcome =
  /** `epoch` "" with `count` 0; `first` is the first entry's seq and the others follow it without holes. */
  | { readonly kind: "appended" | "duplicate"; readonly epoch: string; readonly first: number; readonly count: number; readonly head: number }
  /** Appended before, further back than is remembered. */
  | { readonly kind: "forgotten"; readonly head: number }
  | { readonly kind: "refused"; readonly code: AppendRefusal; readonly message?: string; readonly expectedSeq?: number; readonly afterMs?: number };

/** Outcomes in numbers. */
export interface EncodedOutcomes {
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly texts: readonly string[];
}

const resultFields = 5;
const kinds = ["appended", "duplicate", "forgotten", "refused"] as const;
const refusals = [
  ...["stream_closed", "fenced", "out_of_order", "too_many_streams", "storage_full", "storage_failed", "engine_busy", "unknown_outcome"],
] as readonly AppendRefusal[];
const none = -1;

export function encodeOutcomes(outcomes: readonly Outcome[]): EncodedOutcomes {
  const numbers = new Float64Array(outcomes.length * resultFields);
  const indexes = new Map<string, number>();
  const indexOf = (text: string): number => {
    const index = indexes.get(text) ?? indexes.size;
    indexes.set(text, index);
    return index;
  };
  for (const [i, outcome] of outcomes.entries()) {
    const at = i * resultFields;
    numbers[at] = kinds.indexOf(outcome.kind);
    if (outcome.kind === "refused") {
      numbers[at + 1] = refusals.indexOf(outcome.code);
      numbers[at + 2] = outcome.message === undefined ? none : indexOf(outcome.message);
      numbers[at + 3] = outcome.expectedSeq ?? none;
      numbers[at + 4] = outcome.afterMs ?? none;
      continue;
    }
    numbers[at + 1] = outcome.head;
    if (outcome.kind === "forgotten") continue;
    numbers[at + 2] = outcome.first;
    numbers[at + 3] = outcome.count;
    numbers[at + 4] = indexOf(outcome.epoch);
  }
  return { numbers, texts: [...indexes.keys()] };
}

/** The results for the callers, in the order of the requests. */
export function decodeOutcomes({ numbers, texts }: EncodedOutcomes): AppendResult[] {
  const results = new Array<AppendResult>(numbers.length / resultFields);
  for (let i = 0; i < results.length; i++) {
    const [kind, a, b, c, d] = numbers.subarray(i * resultFields, (i + 1) * resultFields) as unknown as [number, number, number, number, number];
    const name = kinds[kind];
    if (name === "refused") {
      results[i] = refuse(refusals[a] as AppendRefusal, {
        ...(b === none ? undefined : { message: texts[b] as string }),
        ...(c === none ? undefined : { expectedSeq: c }),
        ...(d === none ? undefined : { afterMs: d }),
      });
    } else if (name === "forgotten") {
      results[i] = { ok: true, cursors: null, duplicate: true, head: a };
    } else {
      const epoch = texts[d] as string;
      const cursors = Array.from({ length: c }, (_, k) => ({ epoch, seq: b + k }));
      results[i] = { ok: true, cursors, duplicate: name === "duplicate", head: a };
    }
  }
  return results;
}
