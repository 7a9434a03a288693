/**
 * Makes text from elsewhere safe to show: a terminal acts on control characters, and bidirectional marks reorder what is read.
 * It must never let one of them through, and never changes anything else.
 */

// C0 and C1 controls, DEL, line and paragraph separators, bidirectional marks, isolates and overrides, zero-width characters, BOM, lone surrogates.
const unsafe = /[\p{Cc}\u2028\u2029\u061C\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]|\p{Cs}/gu;
const unsafeButTab = /[^\P{Cc}\t]|[\u2028\u2029\u061C\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]|\p{Cs}/gu;

const asEscape = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A name, message or value for one line: every unsafe character as `\uXXXX`. */
export function escapeLine(text: string): string {
  return text.replace(unsafe, asEscape);
}

/** A payload for a terminal: as `escapeLine`, but tabs stay. */
export function escapePayload(text: string): string {
  return text.replace(unsafeButTab, asEscape);
}

/**
 * JSON text for a terminal. The unsafe characters of valid JSON text stand inside strings, where `\uXXXX` means the same,
 * except tabs and line ends between values, which become spaces.
 */
export function escapeJson(json: string): string {
  return oneLine(json).replaceAll("\t", " ").replace(unsafe, asEscape);
}

/** JSON text in one line. A line end in valid JSON text stands between values, where a space means the same. */
export function oneLine(json: string): string {
  return json.includes("\n") || json.includes("\r") ? json.replace(/[\r\n]/g, " ") : json;
}
