/**
 * Which connections are asked for, and in what order: the query of `GET /connections`. Pure.
 */
import type { ConnectionRow } from "../connection-row.ts";
import { lookingLimits } from "./limits.ts";

/** What rows can be ordered by; the greatest first. */
export const sortKeys = {
  age: (row: ConnectionRow) => row.ageMs,
  bytes: (row: ConnectionRow) => row.bytesRead + row.bytesWritten,
  idle: (row: ConnectionRow) => row.idleMs ?? -1,
  queued: (row: ConnectionRow) => row.bytesQueued,
  requests: (row: ConnectionRow) => row.requests,
  silent: (row: ConnectionRow) => row.silentMs,
} as const satisfies Record<string, (row: ConnectionRow) => number>;

export type SortKey = keyof typeof sortKeys;

export interface Selection {
  readonly sort: SortKey;
  readonly limit: number;
  /** Only those of this listener, subject or phase; null: of any. */
  readonly listener: string | null;
  readonly subject: string | null;
  readonly phase: string | null;
}

const limitDefault = 100;
const limitMax = lookingLimits.adminRowsMax.value;

const known: ReadonlySet<string> = new Set(["sort", "limit", "listener", "subject", "phase"]);

/** The selection that a query asks for, or one sentence on what is wrong with it. */
export function parseSelection(query: URLSearchParams): Selection | string {
  for (const name of query.keys()) {
    if (!known.has(name)) return `expected ${[...known].join(", ")}, got ${JSON.stringify(name)}`;
    if (query.getAll(name).length > 1) return `expected one ${name}`;
  }
  const sort = query.get("sort") ?? "idle";
  if (!Object.hasOwn(sortKeys, sort)) return `expected sort to be one of ${Object.keys(sortKeys).join(", ")}`;
  const limit = query.get("limit") ?? String(limitDefault);
  if (!/^[1-9]\d{0,4}$/.test(limit) || Number(limit) > limitMax) {
    return `expected limit to be a whole number from 1 to ${limitMax}`;
  }
  return { sort: sort as SortKey, limit: Number(limit), listener: query.get("listener"), subject: query.get("subject"), phase: query.get("phase") };
}

/** The rows of the selection, and how many there are without its limit. */
export function selectRows(
  rows: readonly ConnectionRow[],
  { sort, limit, ...wanted }: Selection,
): { readonly rows: ConnectionRow[]; readonly matching: number } {
  const matching = rows.filter(
    ({ listener, subject, phase }) =>
      (wanted.listener === null || wanted.listener === listener) &&
      (wanted.subject === null || wanted.subject === subject) &&
      (wanted.phase === null || wanted.phase === phase),
  );
  const key = sortKeys[sort];
  return { rows: matching.sort((a, b) => key(b) - key(a)).slice(0, limit), matching: matching.length };
}
