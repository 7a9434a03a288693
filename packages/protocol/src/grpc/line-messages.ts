/**
 * The messages of the protocol as messages of gRPC, both ways: the same frames, checked by the same rules as those that come as JSON.
 * It must never let a payload be parsed and written again, nor read what only a newer peer means.
 */

import { toBase64 } from "../base64.ts";
import { type Decoded, decodeClientMembers, type ReadPayload } from "../decode-client.ts";
import type { EntryHeader } from "../encode.ts";
import { entryPrefix } from "../encode.ts";
import type { ClientFrame, From, PayloadFormat, PublishFrame, ServerFrame } from "../frames.ts";
import { lengthPrefixed } from "../length-prefixed.ts";
import { lineSchema } from "./line-schema.ts";
import { decodeMessage, encodeMessage, type Message } from "./protobuf.ts";

const { SubscribeRequest, SubscribeResponse, PublishRequest, PublishResponse } = lineSchema;
const decoder = new TextDecoder();

/** Empty text is absence wherever it would not be allowed. */
const text = (value: unknown): string | undefined => (value === "" ? undefined : (value as string | undefined));

/** What a server sends beside entries; the end of a call says what `bye` does elsewhere. */
export type CallFrame = Exclude<ServerFrame, { type: "entry" | "part" | "bye" }>;

// ---- server

/** An entry for readers, framed. */
export function encodeEntry(entry: EntryHeader & { readonly format: PayloadFormat; readonly payload: Uint8Array }): Uint8Array {
  const { stream, position, prev, timeMs, key, format, payload } = entry;
  return respond({ entry: { stream, position, prev, timeMs, key, [format === "json" ? "json" : "binary"]: payload } });
}

const respond = (response: Message): Uint8Array => lengthPrefixed(encodeMessage(SubscribeResponse, response));

/** Any other message of a server, framed. */
export function encodeCallFrame(frame: CallFrame): Uint8Array {
  switch (frame.type) {
    case "welcome":
      return respond({ welcome: { ...frame, reconnectWindowMs: frame.reconnect.windowMs } });
    case "authed":
      return respond({ renewed: frame });
    case "gap":
      return respond({ gap: { ...frame, position: frame.from } });
    case "published":
      return respond({ published: { ...frame, position: frame.position ?? "" } });
    case "error":
      return respond({ fault: frame });
    case "beat": {
      const streams = Object.entries(frame.streams ?? {}).map(([stream, beat]) => ({ stream, ...beat }));
      return respond({ beat: { streams, reconnectWindowMs: frame.reconnect?.windowMs } });
    }
    case "subscribed":
    case "unsubscribed":
    case "closed":
    case "goaway":
    case "refused":
    case "ping":
    case "pong":
      return respond({ [frame.type]: frame });
    default:
      return frame satisfies never;
  }
}

/** Where a subscription is to begin, as text has it. What is none is refused by whoever checks positions. */
function fromOf(after: unknown): From {
  const place = (after as string | undefined) ?? "";
  if (place === "first" || place === "now") return place;
  const last = /^last:(\d{1,16})$/.exec(place)?.[1];
  return last === undefined ? { after: place } : { last: Number(last) };
}

/** What a client says in one message, in the order in which it is to be taken; null when the bytes are no message. */
export function decodeSubscribeRequest(bytes: Uint8Array): Decoded<ClientFrame>[] | null {
  const message = decodeMessage(SubscribeRequest, bytes);
  if (message === null) return null;
  const frames: Decoded<ClientFrame>[] = [];
  const { hello, renew, ping, pong } = message as Readonly<Record<string, Message | undefined>>;
  const many = (name: string): readonly unknown[] => (message[name] as readonly unknown[] | undefined) ?? [];
  const add = (members: Message): void => void frames.push(decodeClientMembers(members, noPayload));
  if (hello !== undefined) add(helloOf(hello));
  if (renew !== undefined) add({ type: "auth", id: renew["id"] ?? 0, token: renew["token"] });
  for (const stream of many("unsubscribe")) add({ type: "unsubscribe", stream });
  for (const each of many("subscribe") as readonly Message[])
    add({ type: "subscribe", id: each["id"] ?? 0, stream: each["stream"] ?? "", from: fromOf(each["after"]) });
  for (const each of many("publish") as readonly Message[]) frames.push(publishOf(each["id"] ?? 0, (each["entry"] as Message | undefined) ?? {}));
  if (ping !== undefined) add({ type: "ping", id: ping["id"] ?? 0 });
  if (pong !== undefined) add({ type: "pong", id: pong["id"] ?? 0 });
  return frames;
}

const helloOf = (hello: Message): Message => ({
  type: "hello",
  protocol: 1,
  client: hello["client"],
  token: text(hello["token"]),
  replaces: text(hello["replaces"]),
});

const noPayload: ReadPayload = () => ({ ok: false, code: "bad_request", message: "expected no payload", of: "message" });

function publishOf(id: unknown, entry: Message): Decoded<ClientFrame> {
  const { stream = "", json, binary, key, producer, dedupeKey, close } = entry;
  const payload = (json ?? binary) as Uint8Array | undefined;
  const producerOf = producer === undefined ? undefined : { epoch: 0, seq: 0, ...(producer as Message) };
  const members = { type: "publish", id, stream, key: text(key), producer: producerOf, dedupeKey: text(dedupeKey), close };
  return decodeClientMembers(members, () => {
    // A copy, and not by slice(): what a Buffer's gives keeps alive all that was read with it, for as long as the entry is held.
    if (payload !== undefined) return { format: json === undefined ? "bytes" : "json", payload: new Uint8Array(payload), parts: 0, hasEntry: true };
    if (close === true) return { format: "json", payload: new Uint8Array(0), parts: 0, hasEntry: false };
    return { ok: false, code: "bad_request", message: "expected `json`, `binary` or `close`", of: "message" };
  });
}

/** The one publish of a call; null when the bytes are no message. */
export function decodePublishRequest(bytes: Uint8Array): Decoded<ClientFrame> | null {
  const message = decodeMessage(PublishRequest, bytes);
  return message === null ? null : publishOf(0, message);
}

/** The answer to it, framed. */
export function encodePublishResponse(position: string | null, duplicate: boolean): Uint8Array {
  return lengthPrefixed(encodeMessage(PublishResponse, { position: position ?? "", duplicate }));
}

// ---- client

/** A message of a client, framed. Payloads in parts have been put together before. */
export function encodeSubscribeRequest(frame: Exclude<ClientFrame, { type: "part" }>): Uint8Array {
  const request = (message: Message): Uint8Array => lengthPrefixed(encodeMessage(SubscribeRequest, message));
  switch (frame.type) {
    case "hello":
      return request({ hello: frame });
    case "auth":
      return request({ renew: frame });
    case "unsubscribe":
      return request({ unsubscribe: [frame.stream] });
    case "subscribe":
      return request({ subscribe: [{ id: frame.id, stream: frame.stream, after: afterOf(frame.from) }] });
    case "publish":
      return request({ publish: [{ id: frame.id, entry: entryOf(frame) }] });
    case "ping":
    case "pong":
      return request({ [frame.type]: frame });
    case "beat":
      return request({});
    default:
      return frame satisfies never;
  }
}

function afterOf(from: From): string {
  if (typeof from === "string") return from;
  return "last" in from ? `last:${from.last}` : from.after;
}

function entryOf({ stream, format, payload, hasEntry, key, producer, dedupeKey, close }: PublishFrame): Message {
  return { stream, key, producer, dedupeKey, close, ...(hasEntry ? { [format === "json" ? "json" : "binary"]: payload } : {}) };
}

const noText = { link: "", node: "", stream: "", position: "", prev: "", head: "", after: "", sent: "", code: "", message: "", reason: "" };
const noNumbers = { id: 0, heartbeatMs: 0, entryBytesMax: 0, subscriptionsMax: 0, reconnectWindowMs: 0, timeMs: 0, afterMs: 0, deadlineMs: 0 };

/** What is absent has its default, unless its absence says something. */
function filled(kind: keyof typeof SubscribeResponse, message: Message): Message {
  const defaults: Message = { ...noText, ...noNumbers, duplicate: false };
  const given: Message = {};
  for (const [name, { presence }] of Object.entries(SubscribeResponse[kind].kind)) {
    const value = message[name] ?? (presence === undefined ? defaults[name] : undefined);
    if (value !== undefined) given[name] = value;
  }
  return given;
}

/** A message of a server as the text that says the same over a WebSocket; null for what a newer server says, "fault" for what is no message. */
export function decodeSubscribeResponse(bytes: Uint8Array): string | null | "fault" {
  const message = decodeMessage(SubscribeResponse, bytes);
  if (message === null) return "fault";
  const [kind, value] = (Object.entries(message)[0] ?? []) as [keyof typeof SubscribeResponse | undefined, Message];
  if (kind === undefined) return null;
  const said = filled(kind, value);
  switch (kind) {
    case "entry":
      return entryText(value, said);
    case "welcome": {
      const { reconnectWindowMs, ...rest } = said;
      return JSON.stringify({ type: kind, ...rest, reconnect: { windowMs: reconnectWindowMs } });
    }
    case "gap":
      return JSON.stringify({ type: kind, ...said, from: said["position"], position: undefined });
    case "beat": {
      const streams = ((value["streams"] ?? []) as readonly Message[]).map(({ stream = "", sent = "", head = "" }) => [stream, { sent, head }] as const);
      const windowMs = value["reconnectWindowMs"];
      return JSON.stringify({
        type: kind,
        streams: streams.length > 0 ? Object.fromEntries(streams) : undefined,
        reconnect: windowMs === undefined ? undefined : { windowMs },
      });
    }
    case "renewed":
      return JSON.stringify({ type: "authed", ...said });
    case "fault":
      return JSON.stringify({ type: "error", ...said });
    case "published":
      return JSON.stringify({ type: kind, ...said, position: text(said["position"]) ?? null });
    case "unsubscribed":
      return JSON.stringify({ type: kind, ...said, code: text(said["code"]), message: text(said["message"]) });
    default:
      return JSON.stringify({ type: kind, ...said });
  }
}

function entryText({ json, binary }: Message, said: Message): string | "fault" {
  const key = text(said["key"]);
  const head = entryPrefix({ ...(said as unknown as EntryHeader), key });
  if (json !== undefined) return `${head}"data":${decoder.decode(json as Uint8Array)}}`;
  return binary === undefined ? "fault" : `${head}"base64":"${toBase64(binary as Uint8Array)}"}`;
}
