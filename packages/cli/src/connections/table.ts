/**
 * The list of connections: reads the admin listener's answer and prints it as a table. Pure.
 */
import type { ConnectionRow } from "@holdfast/guard";
import type { Finding } from "@holdfast/path";
import { formatBytes, groupDigits } from "../amounts.ts";
import { escapeLine } from "../escape.ts";

/** The answer to `GET /connections`. */
export interface ConnectionList {
  readonly connections: readonly ConnectionRow[];
  /** How many there are of what was asked for, and of all. */
  readonly matching: number;
  readonly open: number;
  readonly limit: number;
  /** What the ends of connections tell; absent in the answer of an older server. */
  readonly findings?: readonly Finding[];
  readonly descriptors: { readonly open: number; readonly max: number | null };
}

/** The list in a body, or null when it is not an answer of such a listener. */
export function parseConnectionList(body: string): ConnectionList | null {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return null;
  }
  if (!isObject(answer)) return null;
  const { connections, descriptors } = answer;
  if (!Array.isArray(connections) || !connections.every(isRow)) return null;
  if (!["matching", "open", "limit"].every((name) => typeof answer[name] === "number")) return null;
  const { findings } = answer;
  if (findings !== undefined && !(Array.isArray(findings) && findings.every(isFinding))) return null;
  if (!isObject(descriptors) || typeof descriptors["open"] !== "number") return null;
  return answer as unknown as ConnectionList;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

function isFinding(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { advice } = value;
  return (
    ["severity", "code", "title"].every((name) => typeof value[name] === "string") && Array.isArray(advice) && advice.every((line) => typeof line === "string")
  );
}

function isRow(value: unknown): value is ConnectionRow {
  if (!isObject(value)) return false;
  const texts = ["id", "listener", "peer", "protocol", "phase"].every((name) => typeof value[name] === "string");
  const counts = ["ageMs", "silentMs", "bytesRead", "bytesWritten", "requests"].every((name) => typeof value[name] === "number");
  const { tls, subject, idleMs } = value;
  return (
    texts && counts && (tls === null || isObject(tls)) && (subject === null || typeof subject === "string") && (idleMs === null || typeof idleMs === "number")
  );
}

interface Column {
  readonly title: string;
  readonly number?: true;
  readonly cell: (row: ConnectionRow) => string;
}

const columns: readonly Column[] = [
  { title: "id", cell: ({ id }) => id },
  { title: "peer", cell: ({ peer }) => peer },
  { title: "listener", cell: ({ listener }) => listener },
  { title: "protocol", cell: ({ protocol }) => protocol },
  { title: "tls", cell: ({ tls }) => (tls === null ? "" : `${String(tls.version).replace("TLSv", "")}${tls.resumed ? " resumed" : ""}`) },
  { title: "phase", cell: ({ phase }) => phase },
  { title: "age", number: true, cell: ({ ageMs }) => shortTime(ageMs) },
  { title: "idle", number: true, cell: ({ idleMs }) => (idleMs === null ? "-" : shortTime(idleMs)) },
  { title: "silent", number: true, cell: ({ silentMs }) => shortTime(silentMs) },
  { title: "in", number: true, cell: ({ bytesRead }) => formatBytes(bytesRead) },
  { title: "out", number: true, cell: ({ bytesWritten }) => formatBytes(bytesWritten) },
  { title: "requests", number: true, cell: ({ requests }) => groupDigits(requests) },
  { title: "subject", cell: ({ subject }) => subject ?? "" },
];

/** Two units at most: `0.8s`, `12s`, `4m05s`, `2h13m`, `3d04h`. */
export function shortTime(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const two = (value: number): string => String(value).padStart(2, "0");
  if (seconds < 10) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h${two(Math.floor(seconds / 60) % 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${two(Math.floor(seconds / 3_600) % 24)}h`;
}

/** The table with a first line that sums up. No line is wider than `charsMax`: a terminal would break it in two. */
export function connectionTable(
  { connections, matching, open, limit, descriptors, findings = [] }: ConnectionList,
  charsMax = Number.POSITIVE_INFINITY,
): string {
  const of = descriptors.max === null ? "" : ` of ${groupDigits(descriptors.max)}`;
  const shown = connections.length === matching ? "" : `, ${groupDigits(connections.length)} of ${groupDigits(matching)} shown`;
  const summary = `${groupDigits(open)} open of ${groupDigits(limit)}${shown}; ${groupDigits(descriptors.open)}${of} descriptors`;
  const learned = findings.flatMap(({ severity, code, title, advice }) => [
    `${severity} ${code}: ${title}`,
    ...advice.slice(0, 1).map((line) => `  do: ${line}`),
  ]);
  const above = [summary, ...learned.map(escapeLine)];
  if (connections.length === 0) return above.map((line) => `${cut(line, charsMax)}\n`).join("");
  const cells = connections.map((row) => columns.map(({ cell }) => escapeLine(cell(row))));
  const lines = [columns.map(({ title }) => title), ...cells];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  // A column in which nothing stands takes no place.
  const used = columns.map((_, column) => cells.some((line) => line[column] !== ""));
  const drawn = lines.map((line) =>
    line
      .map((cell, column) => (columns[column]?.number === true ? cell.padStart(widths[column] as number) : cell.padEnd(widths[column] as number)))
      .filter((_, column) => used[column])
      .join("  ")
      .trimEnd(),
  );
  return [...above, ...drawn].map((line) => `${cut(line, charsMax)}\n`).join("");
}

function cut(line: string, charsMax: number): string {
  return line.length <= charsMax ? line : `${line.slice(0, Math.max(0, charsMax - 1))}>`;
}
