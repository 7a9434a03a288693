/**
 * The list of streams: reads the server's answer and prints it as a table. Pure.
 */
import { formatBytes, groupDigits } from "../amounts.ts";
import { escapeLine } from "../escape.ts";

/** One row of `GET /v1/streams`. */
export interface StreamRow {
  readonly stream: string;
  readonly head: string;
  readonly first: string;
  readonly entries: number;
  readonly bytes: number;
  readonly closed: boolean;
  readonly readers: number;
}

export interface StreamPage {
  readonly rows: readonly StreamRow[];
  /** The name after which the next page begins; null on the last page. */
  readonly next: string | null;
}

/** The page in a body, or null when it is not an answer of such a server. */
export function parseStreamPage(body: string): StreamPage | null {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return null;
  }
  if (typeof answer !== "object" || answer === null) return null;
  const { streams, next } = answer as Record<string, unknown>;
  if (!Array.isArray(streams) || !streams.every(isRow)) return null;
  if (next !== null && next !== undefined && typeof next !== "string") return null;
  return { rows: streams, next: next ?? null };
}

function isRow(value: unknown): value is StreamRow {
  if (typeof value !== "object" || value === null) return false;
  const row = value as Record<string, unknown>;
  const texts = ["stream", "head", "first"].every((name) => typeof row[name] === "string");
  const counts = ["entries", "bytes", "readers"].every((name) => typeof row[name] === "number");
  return texts && counts && typeof row["closed"] === "boolean";
}

const titles = ["stream", "head", "first", "entries", "bytes", "readers", ""];

/** The table, with its titles, or one line that there are none. */
export function streamTable(rows: readonly StreamRow[]): string {
  if (rows.length === 0) return "no streams\n";
  const cells = rows.map((row) => [
    escapeLine(row.stream),
    escapeLine(row.head),
    escapeLine(row.first),
    groupDigits(row.entries),
    formatBytes(row.bytes),
    groupDigits(row.readers),
    row.closed ? "ended" : "",
  ]);
  const lines = [titles, ...cells];
  const widths = titles.map((_, column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  const isNumber = (column: number): boolean => column >= 3 && column <= 5;
  return lines
    .map((line) =>
      line
        .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] as number) : cell.padEnd(widths[column] as number)))
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}
