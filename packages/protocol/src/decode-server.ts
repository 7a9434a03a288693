/**
 * What a client does with a text message from a server: JSON text in, a checked frame out, null for a type it does not know.
 * A message of a known type with a wrong shape is a fault: the client ends that link and resumes on another.
 */
import { durationMsMax } from "./bounds.ts";
import type { ServerFrame } from "./frames.ts";
import { rawMember } from "./json-tokens.ts";

type Members = Record<string, unknown>;

/** The frame; null when the type is unknown (a newer server); "fault" when the shape is wrong. */
export type DecodedServerFrame = ServerFrame | null | "fault";

/** What the messages of each type must have (`name?`: may have). What a member has to be, its name says: see `fits`. */
const shapes: Readonly<Record<string, string>> = {
  entry: "stream position prev timeMs key? parts?",
  part: "stream position index base64",
  welcome: "link node heartbeatMs entryBytesMax subscriptionsMax reconnect expiresMs?",
  authed: "id? expiresMs?",
  subscribed: "id stream position head",
  unsubscribed: "stream id? code? message?",
  gap: "stream reason from after head",
  closed: "stream position",
  published: "id duplicate",
  refused: "id code? message? afterMs?",
  beat: "reconnect? streams?",
  ping: "id",
  pong: "id",
  goaway: "afterMs deadlineMs code?",
  error: "id? code? message?",
  bye: "code?",
};

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function fits(name: string, value: unknown): boolean {
  if (name === "duplicate") return typeof value === "boolean";
  if (name === "reconnect") return hasShape(value, "windowMs");
  if (name === "streams") return hasShape(value) && !Array.isArray(value) && Object.values(value).every((beat) => hasShape(beat, "sent head"));
  if (!/Ms$|Max$|^(id|index|parts)$/.test(name)) return typeof value === "string";
  return isCount(value) && (name === "timeMs" || !name.endsWith("Ms") || value <= durationMsMax);
}

function hasShape(value: unknown, shape = "?"): value is Members {
  const isThere = (member: string): boolean => {
    const [name, optional] = member.split("?") as [string, string?];
    const given = (value as Members)[name];
    return (optional !== undefined && given === undefined) || fits(name, given);
  };
  return Object(value) === value && shape.split(" ").every(isThere);
}

/** Decodes one message of a server. */
export function decodeServerFrame(text: string): DecodedServerFrame {
  let m: unknown;
  try {
    m = JSON.parse(text);
  } catch {
    return "fault";
  }
  if (!hasShape(m, "type")) return "fault";
  const type = m["type"] as string;
  if (!Object.hasOwn(shapes, type)) return null;
  if (!hasShape(m, shapes[type] as string)) return "fault";
  if (type === "entry") {
    const parts = m["parts"] ?? 0;
    const format = parts !== 0 ? m["format"] : Object.hasOwn(m, "data") ? "json" : fits("base64", m["base64"]) && "bytes";
    return format === "json" || format === "bytes" ? ({ ...m, format, parts, text } as unknown as ServerFrame) : "fault";
  }
  if (type === "published" && m["position"] !== null && !fits("position", m["position"])) return "fault";
  // A heartbeat of 0 would make the client send without end.
  if (m["heartbeatMs"] === 0) return "fault";
  // The messages are trusted to carry more members than are checked: only what the client acts on is.
  return m as unknown as ServerFrame;
}

/** The payload's JSON text exactly as it was published, out of the text of an `entry` message. */
export function rawData(entryText: string): string {
  return rawMember(entryText, "data") ?? "null";
}
