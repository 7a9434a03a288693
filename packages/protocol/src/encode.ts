/**
 * Messages as text. What the server sends in great numbers (entries) is cut so that the payload's bytes can be put in as they are.
 * Members are written in one order, the payload last, which the vectors fix; readers must not rely on it.
 */
import { toBase64 } from "./base64.ts";
import type { HelloFrame, PayloadFormat, ServerFrame, SubscribeFrame, UnsubscribeFrame } from "./frames.ts";
import { limits } from "./limits.ts";

/** An entry as it goes to readers, its payload apart. */
export interface EntryHeader {
  readonly stream: string;
  readonly position: string;
  readonly prev: string;
  readonly timeMs: number;
  readonly key?: string | undefined;
}

/**
 * The text of an `entry` message up to its payload. What completes it is `"data":` and the JSON text, or `"base64":"..."`, and `}`.
 * For payloads within `inlineBytesMax`.
 */
export function entryPrefix(entry: EntryHeader): string {
  const key = entry.key === undefined ? "" : `"key":${JSON.stringify(entry.key)},`;
  return `{"type":"entry","stream":${JSON.stringify(entry.stream)},"position":"${entry.position}","prev":"${entry.prev}","timeMs":${entry.timeMs},${key}`;
}

/** How many `part` messages a payload needs; 0 when it travels inside. A byte payload grows by a third in base64. */
export function partCount(format: PayloadFormat, bytes: number): number {
  const inline = format === "json" ? bytes : Math.ceil(bytes / 3) * 4;
  return inline <= limits.inlineBytesMax.value ? 0 : Math.ceil(bytes / limits.partBytesMax.value);
}

/** The slice of a payload that `part` number `index` carries, in base64. */
export function partBase64(payload: Uint8Array, index: number): string {
  const size = limits.partBytesMax.value;
  return toBase64(payload.subarray(index * size, (index + 1) * size));
}

/** A `part` message of an entry. */
export function entryPart(stream: string, position: string, payload: Uint8Array, index: number): string {
  return `{"type":"part","stream":${JSON.stringify(stream)},"position":"${position}","index":${index},"base64":"${partBase64(payload, index)}"}`;
}

/** The `entry` message that ends a payload of `parts` parts. */
export function entryOfParts(entry: EntryHeader, parts: number, format: PayloadFormat): string {
  return `${entryPrefix(entry)}"parts":${parts},"format":"${format}"}`;
}

/** Every other message of a server: plain JSON. */
export function encodeServerFrame(frame: Exclude<ServerFrame, { type: "entry" | "part" }>): string {
  return JSON.stringify(frame);
}

/** A message of a client, except publish: plain JSON. */
export function encodeClientFrame(
  frame: HelloFrame | SubscribeFrame | UnsubscribeFrame | { readonly type: "beat" } | { readonly type: "ping" | "pong"; readonly id: number },
): string {
  return JSON.stringify(frame);
}

/** What a client publishes. `payload` is JSON text (embedded as it is) or bytes; null only ends the stream. */
export interface PublishMessage {
  readonly id: number;
  readonly stream: string;
  readonly payload: string | Uint8Array | null;
  readonly key?: string | undefined;
  readonly producer?: { readonly id: string; readonly epoch: number; readonly seq: number } | undefined;
  readonly dedupeKey?: string | undefined;
  readonly close?: boolean | undefined;
}

const encoder = new TextEncoder();

/** The messages of one publish, in the order in which they must be sent: parts when the payload is large, then `publish`. */
export function encodePublish(message: PublishMessage): string[] {
  const { id, payload } = message;
  const { key, producer, dedupeKey, close } = message;
  const head = JSON.stringify({ type: "publish", id, stream: message.stream, key, producer, dedupeKey, close: close === true ? true : undefined }).slice(0, -1);
  if (payload === null) return [`${head}}`];
  const format: PayloadFormat = typeof payload === "string" ? "json" : "bytes";
  const small = typeof payload === "string" ? payload.length <= limits.inlineBytesMax.value / 3 : false;
  const bytes = small ? null : typeof payload === "string" ? encoder.encode(payload) : payload;
  const parts = bytes === null ? 0 : partCount(format, bytes.length);
  if (parts === 0) return [typeof payload === "string" ? `${head},"data":${payload}}` : `${head},"base64":"${toBase64(payload)}"}`];
  const messages: string[] = [];
  for (let index = 0; index < parts; index++) {
    messages.push(`{"type":"part","id":${id},"index":${index},"base64":"${partBase64(bytes as Uint8Array, index)}"}`);
  }
  messages.push(`${head},"parts":${parts},"format":"${format}"}`);
  return messages;
}
