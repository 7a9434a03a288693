/**
 * What a server does with a text message from a client: JSON text in, a checked frame or the reason for refusing it out.
 * It must never throw for what a peer sent, nor let a payload through that it has not validated.
 */
import { fromBase64 } from "./base64.ts";
import type { Code } from "./code-rules.ts";
import type { ClientFrame, From, PayloadFormat, ProducerTuple, PublishFrame } from "./frames.ts";
import { isKey, isTextWithin } from "./keys.ts";
import { limits } from "./limits.ts";
import { parsePosition } from "./position.ts";
import { nestsDeeperThan, rawMembers } from "./raw-json.ts";
import { streamNameFault } from "./stream-name.ts";

/**
 * A refusal. With `of` "subscribe" or "publish", `id` is there and the request is answered by it; with "message" there is
 * nobody to answer, and the link is told with `error`.
 */
export interface DecodeFault {
  readonly ok: false;
  readonly code: Code;
  readonly message: string;
  readonly id?: number;
  /** The stream of a refused subscribe, cut to `streamNameBytesMax` characters; empty when it was no text. */
  readonly stream?: string;
  readonly of: "message" | "subscribe" | "publish";
}
export type Decoded<F> = { readonly ok: true; readonly frame: F } | DecodeFault;

type Members = Record<string, unknown>;

const encoder = new TextEncoder();
const envelopeDepth = 8;
const partCharsMax = Math.ceil(limits.partBytesMax.value / 3) * 4;

const fault = (code: Code, message: string): DecodeFault => ({ ok: false, code, message, of: "message" });
const good = <F extends ClientFrame>(frame: F): Decoded<ClientFrame> => ({ ok: true, frame });

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** How long it may be is not judged here: what is too long is no good token, and not a bad message. */
const isToken = (value: unknown): value is string => typeof value === "string" && value !== "" && value.isWellFormed();

/** Decodes one message of a client. The caller has already checked its size against `wireBytesMax` and that it is UTF-8. */
export function decodeClientFrame(text: string): Decoded<ClientFrame> {
  if (nestsDeeperThan(text, limits.jsonDepthMax.value + envelopeDepth)) return tooDeep(text);
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return fault("bad_request", "expected JSON text");
  }
  if (typeof message !== "object" || message === null || Array.isArray(message)) return fault("bad_request", "expected a JSON object");
  const m = message as Members;
  return decodeClientMembers(m, () => decodePayload(m, text));
}

/** Reads the payload of a publish. */
export type ReadPayload = () => Payload | DecodeFault;

/** The same for a message that came by another encoding: its members as JSON would have them, but for the payload. */
export function decodeClientMembers(m: Members, readPayload: ReadPayload): Decoded<ClientFrame> {
  switch (m["type"]) {
    case "hello":
      return decodeHello(m);
    case "subscribe":
      return decodeSubscribe(m);
    case "unsubscribe":
      return decodeUnsubscribe(m);
    case "part":
      return decodePart(m);
    case "publish":
      return decodePublish(m, readPayload);
    case "auth":
      if (!isCount(m["id"]) || !isToken(m["token"])) return fault("bad_request", "expected `id` of auth to be a whole number and `token` to be text");
      return good({ type: "auth", id: m["id"], token: m["token"] });
    case "beat":
      return good({ type: "beat" });
    case "ping":
    case "pong":
      if (!isCount(m["id"])) return fault("bad_request", `expected \`id\` of ${m["type"]} to be a whole number`);
      return good({ type: m["type"], id: m["id"] });
    default:
      return fault("bad_request", "expected a known `type`");
  }
}

/** A message that is not even parsed. A publish is still answered by its id: its sender would otherwise wait for ever. */
function tooDeep(text: string): DecodeFault {
  let type: unknown;
  let id: unknown;
  try {
    const members = rawMembers(text);
    type = JSON.parse(clip(members?.get("type")));
    id = JSON.parse(clip(members?.get("id")));
  } catch {
    // Not JSON either; what is wrong first is enough.
  }
  if (type !== "publish" || !isCount(id)) return fault("bad_request", "expected a message that nests less deeply");
  return { ...fault("payload_too_deep", `expected at most ${limits.jsonDepthMax.value} levels`), id, of: "publish" };
}

const clip = (raw: string | undefined): string => (raw ?? "null").slice(0, 64);

function decodeHello(m: Members): Decoded<ClientFrame> {
  if (!isCount(m["protocol"])) return fault("bad_request", "expected `protocol` to be a whole number");
  const { client, replaces, token } = m;
  const clientBytesMax = limits.clientNameBytesMax.value;
  if (client !== undefined && !isTextWithin(client, clientBytesMax))
    return fault("bad_request", `expected \`client\` to be text of at most ${clientBytesMax} bytes`);
  if (replaces !== undefined && !isKey(replaces)) return fault("bad_request", "expected `replaces` to be a link's id");
  if (token !== undefined && !isToken(token)) return fault("bad_request", "expected `token` to be text");
  return good({
    type: "hello",
    protocol: m["protocol"],
    ...(client === undefined ? {} : { client }),
    ...(replaces === undefined ? {} : { replaces }),
    ...(token === undefined ? {} : { token }),
  });
}

/** Reads `from` as JSON has it: "first", "now", { last } or { after }. */
export function decodeFrom(from: unknown): From | DecodeFault {
  if (from === "first" || from === "now") return from;
  if (typeof from === "object" && from !== null) {
    const { last, after } = from as Members;
    if (isCount(last) && after === undefined) {
      if (last > limits.lastEntriesMax.value) return fault("bad_request", `expected \`last\` to be at most ${limits.lastEntriesMax.value}`);
      return { last };
    }
    if (typeof after === "string" && last === undefined) {
      return parsePosition(after) === null ? fault("bad_position", "expected `after` to be a position as received") : { after };
    }
  }
  return fault("bad_request", 'expected `from` to be "first", "now", {"last":n} or {"after":position}');
}

function decodeSubscribe(m: Members): Decoded<ClientFrame> {
  const { id, stream } = m;
  if (!isCount(id)) return fault("bad_request", "expected `id` of subscribe to be a whole number");
  // A bad name is named in the answer, but not so that the answer outgrows what a message may be.
  const named = typeof stream === "string" ? stream.slice(0, limits.streamNameBytesMax.value) : "";
  const nameFault = streamNameFault(stream);
  if (nameFault !== null) return { ...fault("bad_stream_name", nameFault), id, of: "subscribe", stream: named };
  const from = decodeFrom(m["from"]);
  if (typeof from === "object" && "ok" in from) return { ...from, id, of: "subscribe", stream: named };
  return good({ type: "subscribe", id, stream: stream as string, from });
}

function decodeUnsubscribe(m: Members): Decoded<ClientFrame> {
  const nameFault = streamNameFault(m["stream"]);
  if (nameFault !== null) return fault("bad_stream_name", nameFault);
  return good({ type: "unsubscribe", stream: m["stream"] as string });
}

function decodePart(m: Members): Decoded<ClientFrame> {
  const { id, index, base64 } = m;
  if (!isCount(id)) return fault("bad_request", "expected `id` of part to be a whole number");
  if (!isCount(index) || typeof base64 !== "string" || base64 === "" || base64.length > partCharsMax) {
    return { ...fault("bad_request", `expected \`index\` to be a whole number and \`base64\` 1 to ${partCharsMax} characters`), id, of: "publish" };
  }
  return good({ type: "part", id, index, base64 });
}

/** Reads a producer tuple, or null when it is not one. */
export function decodeProducer(value: unknown): ProducerTuple | null {
  if (typeof value !== "object" || value === null) return null;
  const { id, epoch, seq } = value as Members;
  return isKey(id) && isCount(epoch) && isCount(seq) ? { id, epoch, seq } : null;
}

interface Payload {
  readonly format: PayloadFormat;
  readonly payload: Uint8Array;
  readonly parts: number;
  readonly hasEntry: boolean;
}
const noBytes = new Uint8Array(0);

function decodePayload(m: Members, text: string): Payload | DecodeFault {
  const given = ["data", "base64", "parts"].filter((name) => m[name] !== undefined);
  if (given.length > 1) return fault("bad_request", "expected only one of `data`, `base64` and `parts`");
  if (m["data"] !== undefined) {
    const members = rawMembers(text);
    if (members === null) return fault("bad_request", "expected no member of the message to occur twice");
    const raw = members.get("data") ?? "null";
    if (nestsDeeperThan(raw, limits.jsonDepthMax.value)) return fault("payload_too_deep", `expected at most ${limits.jsonDepthMax.value} levels`);
    return { format: "json", payload: encoder.encode(raw), parts: 0, hasEntry: true };
  }
  if (m["base64"] !== undefined) {
    const bytes = typeof m["base64"] === "string" ? fromBase64(m["base64"]) : null;
    return bytes === null ? fault("bad_payload", "expected `base64` to be padded base64") : { format: "bytes", payload: bytes, parts: 0, hasEntry: true };
  }
  if (m["parts"] !== undefined) {
    const { parts, format } = m;
    if (!isCount(parts) || parts === 0 || (format !== "json" && format !== "bytes")) {
      return fault("bad_request", 'expected `parts` to be 1 or more and `format` "json" or "bytes"');
    }
    return { format, payload: noBytes, parts, hasEntry: true };
  }
  return m["close"] === true
    ? { format: "json", payload: noBytes, parts: 0, hasEntry: false }
    : fault("bad_request", "expected `data`, `base64`, `parts` or `close`");
}

function decodePublish(m: Members, readPayload: ReadPayload): Decoded<ClientFrame> {
  const { id, stream, key, dedupeKey } = m;
  if (!isCount(id)) return fault("bad_request", "expected `id` of publish to be a whole number");
  const refuse = (why: DecodeFault): DecodeFault => ({ ...why, id, of: "publish" });
  const nameFault = streamNameFault(stream);
  if (nameFault !== null) return refuse(fault("bad_stream_name", nameFault));
  if (key !== undefined && !isKey(key)) return refuse(fault("bad_request", "expected `key` to be 1 to 255 bytes"));
  if (dedupeKey !== undefined && !isKey(dedupeKey)) return refuse(fault("bad_request", "expected `dedupeKey` to be 1 to 255 bytes"));
  const producer = m["producer"] === undefined ? undefined : decodeProducer(m["producer"]);
  if (producer === null) return refuse(fault("bad_request", "expected `producer` to be { id, epoch, seq }"));
  if (producer !== undefined && dedupeKey !== undefined) return refuse(fault("bad_request", "expected `producer` or `dedupeKey`, not both"));
  if (m["close"] !== undefined && typeof m["close"] !== "boolean") return refuse(fault("bad_request", "expected `close` to be true or false"));
  const payload = readPayload();
  if ("ok" in payload) return refuse(payload);
  const frame: PublishFrame = {
    type: "publish",
    id,
    stream: stream as string,
    ...payload,
    ...(key === undefined ? {} : { key }),
    ...(producer === undefined ? {} : { producer }),
    ...(dedupeKey === undefined ? {} : { dedupeKey }),
    close: m["close"] === true,
  };
  return good(frame);
}
