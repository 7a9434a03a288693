/**
 * What a line becomes: a JSON string, JSON as it is, or bytes. Pure.
 * It must never publish something else than was given: what does not fit the format is refused, not repaired.
 */
import { limits, nestsDeeperThan } from "@holdfast/protocol";

export const formats = ["text", "json", "bytes"] as const;

/** `text`: the line as a JSON string. `json`: the line is JSON. `bytes`: the line as it is. */
export type LineFormat = (typeof formats)[number];

/** A payload ready to be published: JSON text or bytes; `skip` for a blank line of JSON. */
export type LinePayload =
  | { readonly kind: "json"; readonly text: string; readonly bytes: number }
  | { readonly kind: "bytes"; readonly payload: Uint8Array; readonly bytes: number }
  | { readonly kind: "skip" }
  | { readonly kind: "fault"; readonly message: string };

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** White space of JSON around a value; other white space is not JSON and stays, to be refused. */
const jsonSpace = /^[ \t\r]+|[ \t\r]+$/g;
const entryBytesMax = limits.entryBytesMax.value;

/** Makes a payload of one line. */
export function linePayload(line: Uint8Array, format: LineFormat): LinePayload {
  switch (format) {
    case "bytes":
      return line.length > entryBytesMax ? tooLong(line.length) : { kind: "bytes", payload: line, bytes: line.length };
    case "text": {
      const text = decode(line);
      return text === null ? notUtf8 : sized(JSON.stringify(text));
    }
    case "json": {
      const text = decode(line);
      return text === null ? notUtf8 : checkedJson(text.replace(jsonSpace, ""));
    }
    default:
      return format satisfies never;
  }
}

/** The message for a line that no format can hold. */
export function tooLong(bytes: number): LinePayload & { kind: "fault" } {
  return { kind: "fault", message: `${bytes} bytes as an entry, at most ${entryBytesMax} are allowed` };
}

const notUtf8: LinePayload = { kind: "fault", message: "not UTF-8; --format bytes publishes it as it is" };

function checkedJson(text: string): LinePayload {
  if (text === "") return { kind: "skip" };
  // Depth comes first: the parser itself must not be driven into deep recursion.
  if (nestsDeeperThan(text, limits.jsonDepthMax.value)) return { kind: "fault", message: `JSON that nests deeper than ${limits.jsonDepthMax.value} levels` };
  try {
    JSON.parse(text);
  } catch {
    return { kind: "fault", message: "not JSON; --format text publishes lines as they are" };
  }
  return sized(text);
}

function sized(text: string): LinePayload {
  const bytes = Buffer.byteLength(text);
  return bytes > entryBytesMax ? tooLong(bytes) : { kind: "json", text, bytes };
}

function decode(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
