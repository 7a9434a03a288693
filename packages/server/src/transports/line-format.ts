/**
 * Entries as lines of text: bare for long-poll (newline-delimited JSON), behind `data: ` for SSE. One line per message.
 * The payload's own bytes are never decoded and encoded again, and never let a line end where JSON allows a line break.
 */
import { entryOfParts, entryPart, entryPrefix, limits, partCount, toBase64 } from "@holdfast/protocol";
import type { OutgoingEntry, WireFormat } from "../carrier.ts";

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const closingBrace = 0x7d;

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === lineFeed || byte === carriageReturn;

/** A JSON payload without the white space around it, which is not part of what was published: files end in a line break. */
function trimmed(payload: Uint8Array): Uint8Array {
  let start = 0;
  let end = payload.length;
  while (start < end && isSpace(payload[start])) start++;
  while (end > start && isSpace(payload[end - 1])) end--;
  return end - start === payload.length ? payload : payload.subarray(start, end);
}

function encodeLines(entry: OutgoingEntry, before: string): Buffer {
  const { stream, position, format } = entry;
  const payload = format === "json" ? trimmed(entry.payload) : entry.payload;
  const breaksLines = format === "json" && (payload.includes(lineFeed) || payload.includes(carriageReturn));
  const parts = partCount(format, payload.length) || (breaksLines ? Math.ceil(payload.length / limits.partBytesMax.value) : 0);
  if (parts > 0) {
    let lines = "";
    for (let index = 0; index < parts; index++) lines += `${before}${entryPart(stream, position, payload, index)}\n`;
    return Buffer.from(`${lines}${before}${entryOfParts(entry, parts, format)}\n`);
  }
  if (format === "bytes") return Buffer.from(`${before}${entryPrefix(entry)}"base64":"${toBase64(payload)}"}\n`);
  const head = `${before}${entryPrefix(entry)}"data":`;
  const headBytes = Buffer.byteLength(head);
  const line = Buffer.allocUnsafeSlow(headBytes + payload.length + 2);
  line.write(head, 0, "utf8");
  line.set(payload, headBytes);
  line[line.length - 2] = closingBrace;
  line[line.length - 1] = lineFeed;
  return line;
}

/** Newline-delimited JSON. */
export const linesFormat: WireFormat = { name: "lines", encode: (entry) => encodeLines(entry, "") };

/** `data:` lines of an event stream (WHATWG HTML, section 9.2): what ends the event is the carrier's. */
export const eventStreamFormat: WireFormat = { name: "event-stream", encode: (entry) => encodeLines(entry, "data: ") };
