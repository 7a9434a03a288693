/**
 * Reads the wire vectors, and turns decoded frames into the language-neutral form in which they are written there.
 * It must never compute a right answer: those stand in the vectors.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ClientFrame, type EntryFrame, isCode, rawData, type ServerFrame, toBase64 } from "../../src/index.ts";

export const vectorFolder: string = join(import.meta.dirname, "..", "..", "vectors");

/** Text, or runs of `[text, times]`. */
export type Runs = string | readonly (readonly [string, number])[];

/** What every case has. */
export interface Case {
  readonly id: string;
  readonly description: string;
}

/** The names of all files of vectors. */
export function vectorFiles(): string[] {
  return readdirSync(vectorFolder)
    .filter((name) => name.endsWith(".json"))
    .sort();
}

/** One file's lists of cases. The caller knows their shape; vectors.test.ts checks what all have in common. */
export function readVectors<T>(file: string): T {
  return JSON.parse(readFileSync(join(vectorFolder, file), "utf8")) as T;
}

const isRuns = (value: unknown): value is readonly (readonly [string, number])[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((run) => Array.isArray(run) && run.length === 2 && typeof run[0] === "string" && typeof run[1] === "number");

/** The text that runs stand for. */
export function expand(runs: Runs): string {
  return typeof runs === "string" ? runs : runs.map(([text, times]) => text.repeat(times)).join("");
}

/** A copy in which every list of runs is the text that it stands for. */
export function expandAll(value: unknown): unknown {
  if (isRuns(value)) return expand(value);
  if (Array.isArray(value)) return value.map(expandAll);
  if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, expandAll(member)]));
  return value;
}

const latin = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A client's frame as the vectors write it. */
export function neutralClientFrame(frame: ClientFrame): unknown {
  if (frame.type !== "publish") return { ...frame };
  const { format, parts, payload, hasEntry, ...rest } = frame;
  if (!hasEntry) return { ...rest, payload: null };
  if (parts > 0) return { ...rest, payload: { parts, format } };
  return { ...rest, payload: format === "json" ? { json: latin.decode(payload) } : { base64: toBase64(payload) } };
}

/** The members that version 1 knows; a decoded frame may carry others, which mean nothing. */
const known: Readonly<Record<Exclude<ServerFrame["type"], "entry">, readonly string[]>> = {
  welcome: ["link", "node", "heartbeatMs", "entryBytesMax", "subscriptionsMax", "reconnect", "expiresMs"],
  authed: ["id", "expiresMs"],
  subscribed: ["id", "stream", "position", "head"],
  unsubscribed: ["id", "stream", "code", "message"],
  part: ["stream", "position", "index", "base64"],
  gap: ["stream", "reason", "from", "after", "head"],
  closed: ["stream", "position"],
  published: ["id", "position", "duplicate"],
  refused: ["id", "code", "message", "afterMs"],
  beat: ["streams", "reconnect"],
  ping: ["id"],
  pong: ["id"],
  goaway: ["code", "afterMs", "deadlineMs"],
  error: ["code", "message", "id"],
  bye: ["code"],
};

/** A server's frame as the vectors write it. `pairs` writes the streams of a beat as pairs. */
export function neutralServerFrame(frame: ServerFrame, pairs: boolean): unknown {
  if (frame.type === "entry") return neutralEntry(frame);
  const members = frame as unknown as Readonly<Record<string, unknown>>;
  const kept = known[frame.type].filter((name) => members[name] !== undefined).map((name) => [name, members[name]] as const);
  const neutral: Record<string, unknown> = { type: frame.type, ...Object.fromEntries(kept) };
  // Codes that a client does not know, and none, are to it what `internal` is.
  if ("code" in neutral || frame.type === "refused") neutral["code"] = isCode(neutral["code"]) ? neutral["code"] : "internal";
  if (("code" in neutral || frame.type === "refused") && frame.type !== "goaway") neutral["message"] ??= "";
  if (frame.type === "beat" && pairs) return { type: "beat", streamPairs: Object.entries(frame.streams ?? {}) };
  return neutral;
}

function neutralEntry(frame: EntryFrame): unknown {
  const { type, stream, position, prev, timeMs, key, parts, format, base64, text } = frame;
  const payload = parts > 0 ? { parts, format } : format === "json" ? { json: rawData(text) } : { base64 };
  return { type, stream, position, prev, timeMs, ...(key === undefined ? {} : { key }), payload };
}
