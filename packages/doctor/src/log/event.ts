/**
 * What one line of a log can tell. Types only: a product is a file of products/ and a row in products/index.ts.
 */
import type { logFindings } from "@holdfast/path";

export type LogCode = Exclude<keyof typeof logFindings, "log_duration_spike">;

/** What a duration in a line is: how long an answer was waited for, or how long a stream was open. */
export type DurationOf = "wait" | "life";

export interface LogEvent {
  readonly code: LogCode;
  /** Which backend, upstream or client it concerns, as the line calls it. Null: it does not say. */
  readonly where: string | null;
  /** Null: the line has no duration that means anything. */
  readonly ms: number | null;
  readonly msOf: DurationOf | null;
}

/** A phrase that says it all. A group `where` of the pattern is what it concerns. */
export interface Phrase {
  readonly code: LogCode;
  readonly pattern: RegExp;
}

export interface LogProduct {
  readonly id: string;
  readonly name: string;
  /** Lines without any of it are passed over at once. */
  readonly hint: RegExp;
  readonly phrases: readonly Phrase[];
  /** For lines with fields of their own, such as access logs. Asked first. */
  readonly read?: (line: string) => LogEvent | null;
}

export const event = (code: LogCode, where: string | null = null, ms: number | null = null, msOf: DurationOf | null = null): LogEvent => ({
  code,
  where,
  ms,
  msOf: ms === null ? null : msOf,
});

/** The first phrase that is in the line. */
export function phraseIn(phrases: readonly Phrase[], line: string): LogEvent | null {
  for (const { code, pattern } of phrases) {
    const found = pattern.exec(line);
    if (found !== null) return event(code, found.groups?.["where"] ?? null);
  }
  return null;
}
