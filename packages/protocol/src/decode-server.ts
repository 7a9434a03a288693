/**
 * What a client does with a text message from a server: JSON text in, a checked frame out, null for a type it does not know.
 * A message of a known type with a wrong shape is a fault: the client ends that link and resumes on another.
 */
import { type Code, type GapReason, isCode } from "./codes.ts";
import type { ServerFrame } from "./frames.ts";
import { limits } from "./limits.ts";
import { rawMembers } from "./raw-json.ts";

type Members = Record<string, unknown>;

/** The frame; null when the type is unknown (a newer server); "fault" when the shape is wrong. */
export type DecodedServerFrame = ServerFrame | null | "fault";

const isText = (value: unknown): value is string => typeof value === "string";
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const allText = (m: Members, ...names: string[]): boolean => names.every((name) => isText(m[name]));
const allCounts = (m: Members, ...names: string[]): boolean => names.every((name) => isCount(m[name]));
const isDuration = (value: unknown): value is number => isCount(value) && value <= limits.durationMsMax.value;
const isOptional = (value: unknown, check: (given: unknown) => boolean): boolean => value === undefined || check(value);
const isObject = (value: unknown): value is Members => typeof value === "object" && value !== null && !Array.isArray(value);
const asText = (value: unknown): string => (isText(value) ? value : "");
/** A code that this version does not know is treated as `internal`: retry later. */
const asCode = (value: unknown): Code => (isCode(value) ? value : "internal");

/** Decodes one message of a server. */
export function decodeServerFrame(text: string): DecodedServerFrame {
  let m: unknown;
  try {
    m = JSON.parse(text);
  } catch {
    return "fault";
  }
  if (!isObject(m) || !isText(m["type"])) return "fault";
  // The messages are trusted to carry more members than are checked: only what the client acts on is.
  const frame = m as unknown as ServerFrame;
  switch (m["type"]) {
    case "entry":
      return decodeEntry(m, text);
    case "part":
      return allText(m, "stream", "position", "base64") && isCount(m["index"]) ? frame : "fault";
    case "welcome":
      return isWelcome(m) ? frame : "fault";
    case "subscribed":
      return allText(m, "stream", "position", "head") && isCount(m["id"]) ? frame : "fault";
    case "unsubscribed":
      if (!isText(m["stream"]) || !isOptional(m["id"], isCount)) return "fault";
      return m["code"] === undefined ? frame : ({ ...m, code: asCode(m["code"]), message: asText(m["message"]) } as unknown as ServerFrame);
    case "gap":
      return allText(m, "stream", "from", "after", "head") && isText(m["reason"]) ? ({ ...frame, reason: m["reason"] as GapReason } as ServerFrame) : "fault";
    case "closed":
      return allText(m, "stream", "position") ? frame : "fault";
    case "published":
      return isCount(m["id"]) && (m["position"] === null || isText(m["position"])) && typeof m["duplicate"] === "boolean" ? frame : "fault";
    case "refused":
      if (!isCount(m["id"]) || !isOptional(m["afterMs"], isDuration)) return "fault";
      return { ...m, code: asCode(m["code"]), message: asText(m["message"]) } as unknown as ServerFrame;
    case "beat":
      return isBeat(m) ? frame : "fault";
    case "ping":
    case "pong":
      return isCount(m["id"]) ? frame : "fault";
    case "goaway":
      return isDuration(m["afterMs"]) && isDuration(m["deadlineMs"]) ? ({ ...frame, code: asCode(m["code"]) } as ServerFrame) : "fault";
    case "error":
      if (!isOptional(m["id"], isCount)) return "fault";
      return { ...m, code: asCode(m["code"]), message: asText(m["message"]) } as unknown as ServerFrame;
    default:
      return null;
  }
}

function isAdvice(value: unknown): boolean {
  return isObject(value) && isDuration(value["windowMs"]);
}

/** A heartbeat of 0 would make the client send without end. */
function isWelcome(m: Members): boolean {
  if (!isDuration(m["heartbeatMs"]) || m["heartbeatMs"] === 0) return false;
  return allText(m, "link", "node") && allCounts(m, "entryBytesMax", "subscriptionsMax") && isAdvice(m["reconnect"]);
}

function isBeat(m: Members): boolean {
  if (!isOptional(m["reconnect"], isAdvice)) return false;
  if (m["streams"] === undefined) return true;
  if (!isObject(m["streams"])) return false;
  return Object.values(m["streams"]).every((beat) => isObject(beat) && allText(beat, "sent", "head"));
}

function decodeEntry(m: Members, text: string): ServerFrame | "fault" {
  if (!allText(m, "stream", "position", "prev") || !Number.isSafeInteger(m["timeMs"]) || !isOptional(m["key"], isText)) return "fault";
  const parts = m["parts"] === undefined ? 0 : m["parts"];
  if (!isCount(parts)) return "fault";
  const hasData = Object.hasOwn(m, "data");
  if (parts === 0 && !hasData && !isText(m["base64"])) return "fault";
  const format = parts > 0 ? m["format"] : hasData ? "json" : "bytes";
  if (format !== "json" && format !== "bytes") return "fault";
  return { ...m, format, parts, text } as unknown as ServerFrame;
}

/** The payload's JSON text exactly as it was published, out of the text of an `entry` message. */
export function rawData(entryText: string): string {
  const members = rawMembers(entryText);
  if (members !== null) return members.get("data") ?? "null";
  // The server wrote a member twice. What the frame's `data` holds is the last one; the two must not disagree.
  return JSON.stringify((JSON.parse(entryText) as Members)["data"]) ?? "null";
}
