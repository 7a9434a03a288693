/**
 * What `tail` writes to stdout for an entry, a gap and an end. Pure: values in, one line out.
 * A payload is printed as it was published; only line ends between JSON values become spaces, so that an entry is one line.
 */
import { toBase64 } from "@holdfast/protocol";
import { escapeJson, escapeLine, escapePayload, oneLine } from "../escape.ts";

/** One entry, with its payload as JSON text or bytes. */
export interface TailEntry {
  readonly stream: string;
  readonly position: string;
  readonly timeMs: number;
  readonly key: string | undefined;
  readonly payload: { readonly json: string } | { readonly bytes: Uint8Array };
}

export interface TailGap {
  readonly stream: string;
  readonly reason: string;
  readonly from: string;
  readonly after: string;
  readonly head: string;
}

export const outputs = ["json", "text"] as const;

/** `lines`: payloads alone, as JSON or text. `objects`: position, time and key around them. */
export interface PrintOptions {
  readonly mode: "lines" | "objects";
  readonly format: (typeof outputs)[number];
  /** Whether a person's terminal reads it: then nothing may act on it. */
  readonly terminal: boolean;
  /** Whether lines begin with the stream's name. */
  readonly names: boolean;
}

const newline = Buffer.from("\n");

/** The line of an entry, with its end. Bytes when the payload must not pass through a text encoding. */
export function entryLine(entry: TailEntry, options: PrintOptions): string | Uint8Array {
  if (options.mode === "objects") return `${forReader(entryObject(entry), options)}\n`;
  const name = options.names ? `${escapeLine(entry.stream)}: ` : "";
  const { payload } = entry;
  if (options.format === "json") return `${name}${forReader("json" in payload ? payload.json : bytesObject(payload.bytes), options)}\n`;
  if ("bytes" in payload && !options.terminal) return Buffer.concat([Buffer.from(name), payload.bytes, newline]);
  const text = "json" in payload ? plainText(payload.json) : new TextDecoder().decode(payload.bytes);
  return `${name}${options.terminal ? escapePayload(text) : text}\n`;
}

/** The line of a gap in `objects`, and what people read on stderr. */
export function gapObject(gap: TailGap): string {
  const { stream, reason, from, after, head } = gap;
  return `${JSON.stringify({ stream, gap: { reason, from, after, head } })}\n`;
}

export function gapNotice(gap: TailGap, meaning: string): string {
  return escapeLine(`gap in ${gap.stream} (${gap.reason}): ${meaning}; position ${gap.from} cannot be honoured, going on after ${gap.after}`);
}

/** The line of an ended stream in `objects`. */
export function closedObject(stream: string, position: string): string {
  return `${JSON.stringify({ stream, closed: { position } })}\n`;
}

function entryObject(entry: TailEntry): string {
  const { stream, position, timeMs, key, payload } = entry;
  const head = JSON.stringify({ stream, position, timeMs, key }).slice(0, -1);
  return `${head},${"json" in payload ? `"data":${payload.json}` : bytesObject(payload.bytes).slice(1, -1)}}`;
}

const bytesObject = (bytes: Uint8Array): string => `{"base64":"${toBase64(bytes)}"}`;

const forReader = (json: string, options: PrintOptions): string => (options.terminal ? escapeJson(json) : oneLine(json));

/** A JSON string's text; every other JSON as it is. */
function plainText(json: string): string {
  return json.startsWith('"') ? (JSON.parse(json) as string) : oneLine(json);
}
