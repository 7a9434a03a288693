/**
 * Stream names and patterns. A name is path-like text (`rooms/42`), taken literally: it is never a path of a file system.
 * It must never reach a log or a metric label unescaped.
 */
import { limits } from "./limits.ts";

const encoder = new TextEncoder();
// Letters, digits and marks of any script, and a few signs; no white space, control, bidirectional or private characters.
const segment = /^[\p{L}\p{N}\p{M}._~:@!$&'()*+,;=-]+$/u;

/** Why a name is refused, or null when it is good: 1 to 255 bytes, segments between single slashes, none of them `.` or `..`. */
export function streamNameFault(name: unknown): string | null {
  if (typeof name !== "string") return "expected a stream name to be a string";
  if (name.length === 0) return "expected a stream name of at least 1 byte";
  if (name.length > limits.streamNameBytesMax.value || encoder.encode(name).length > limits.streamNameBytesMax.value) {
    return `expected a stream name of at most ${limits.streamNameBytesMax.value} bytes`;
  }
  for (const part of name.split("/")) {
    if (part === "") return "expected no empty segment in a stream name (no leading, trailing or double slash)";
    if (part === "." || part === "..") return "expected no segment `.` or `..` in a stream name";
    if (!segment.test(part)) return "expected letters, digits and ._~:@!$&'()*+,;=- in a stream name";
  }
  return null;
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
