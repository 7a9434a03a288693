/**
 * Stream names and patterns. A name is path-like text (`rooms/42`), taken literally: it is never a path of a file system.
 * It must never reach a log or a metric label unescaped.
 */
import { streamNameBytesMax } from "./bounds.ts";

// Letters, digits and marks of any script, and a few signs; no white space, control, bidirectional or private characters.
const segments = /^(?!\/)(?:(?:^|\/)(?!\.\.?(?:\/|$))[\p{L}\p{N}\p{M}._~:@!$&'()*+,;=-]+)+$/u;

/** To this nobody writes: who wants a link before there is anything to read subscribes to it, and whoever is welcome may. */
export const heldStream = "holdfast/tabs";

/** Whether a text is a stream's name: 1 to 255 bytes, segments between single slashes, none of them `.` or `..`. */
export function isStreamName(name: unknown): name is string {
  return typeof name === "string" && name.length <= streamNameBytesMax && segments.test(name) && new TextEncoder().encode(name).length <= streamNameBytesMax;
}

/** Why a name is refused, or null when it is good. */
export function streamNameFault(name: unknown): string | null {
  if (isStreamName(name)) return null;
  if (typeof name !== "string") return "expected a stream name to be a string";
  if (name === "") return "expected a stream name of at least 1 byte";
  if (new TextEncoder().encode(name).length > streamNameBytesMax) return `expected a stream name of at most ${streamNameBytesMax} bytes`;
  const parts = name.split("/");
  if (parts.includes("")) return "expected no empty segment in a stream name (no leading, trailing or double slash)";
  if (parts.includes(".") || parts.includes("..")) return "expected no segment `.` or `..` in a stream name";
  return "expected letters, digits and ._~:@!$&'()*+,;=- in a stream name";
}

/** Whether `pattern` matches `name`: `*` stands for one whole segment, `**` as the last segment for one or more. */
export function matchesPattern(pattern: string, name: string): boolean {
  const wanted = pattern.split("/");
  const given = name.split("/");
  for (const [i, part] of wanted.entries()) {
    if (part === "**" && i === wanted.length - 1) return given.length > i;
    if (i >= given.length || (part !== "*" && part !== given[i])) return false;
  }
  return wanted.length === given.length;
}
