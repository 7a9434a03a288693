/**
 * Messages as text. What the server sends in great numbers (entries) is cut so that the payload's bytes can be put in as they are.
 * Members are written in one order, the payload last, which the vectors fix; readers must not rely on it.
 */
import { toBase64 } from "./base64.ts";
import { inlineBytesMax, partBytesMax } from "./bounds.ts";
import type { AuthFrame, HelloFrame, PayloadFormat, ServerFrame, SubscribeFrame, UnsubscribeFrame } from "./frames.ts";

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
  return inline <= inlineBytesMax ? 0 : Math.ceil(bytes / partBytesMax);
}

/** The slice of a payload that `part` number `index` carries, in base64. */
export function partBase64(payload: Uint8Array, index: number): string {
  return toBase64(payload.subarray(index * partBytesMax, (index + 1) * partBytesMax));
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
  frame: HelloFrame | AuthFrame | SubscribeFrame | UnsubscribeFrame | { readonly type: "beat" } | { readonly type: "ping" | "pong"; readonly id: number },
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

/** The messages of one publish, in the order in which they must be sent: parts when the payload is large, then `publish`. */
export function encodePublish({ id, stream, payload, key, producer, dedupeKey, close }: PublishMessage): string[] {
  const head = JSON.stringify({ type: "publish", id, stream, key, producer, dedupeKey, close: close || undefined }).slice(0, -1);
  if (payload === null) return [`${head}}`];
  const isText = typeof payload === "string";
  const bytes = isText ? new TextEncoder().encode(payload) : payload;
  const format = isText ? "json" : "bytes";
  const parts = partCount(format, bytes.length);
  if (parts === 0) return [`${head},${isText ? `"data":${payload}` : `"base64":"${toBase64(bytes)}"`}}`];
  const messages = Array.from({ length: parts }, (_, index) => `{"type":"part","id":${id},"index":${index},"base64":"${partBase64(bytes, index)}"}`);
  return [...messages, `${head},"parts":${parts},"format":"${format}"}`];
}
