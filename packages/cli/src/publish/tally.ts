/**
 * What became of the lines, and how it is told: progress, faults, the summary and the exit. Pure.
 */
import { formatDuration, groupDigits, plural } from "../amounts.ts";
import { escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";

/** Counts of one run. `read` = published + refused + skipped + unknown + unsent, plus what is under way. Blank lines of JSON are not read. */
export interface Tally {
  read: number;
  /** Acknowledged; with those that were there already. */
  published: number;
  /** Of the published: those that the server already had. */
  duplicates: number;
  /** Definitely not in the log: the server said no. */
  refused: number;
  /** Never sent: too long, not UTF-8, not JSON. */
  skipped: number;
  /** Given up without an answer: may or may not be in the log. */
  unknown: number;
  /** Given up before it was sent: not in the log. */
  unsent: number;
  closed: boolean;
  /** Where the last of the lines that have been acknowledged is; null before the first. */
  position: string | null;
}

export const emptyTally = (): Tally => ({ read: 0, published: 0, duplicates: 0, refused: 0, skipped: 0, unknown: 0, unsent: 0, closed: false, position: null });

/** One line that says how far it is. */
export function progressLine(tally: Tally, inFlight: number, elapsedMs: number, state: string): string {
  return `${groupDigits(tally.published)} published, ${groupDigits(inFlight)} under way, ${formatDuration(elapsedMs)}, ${state}`;
}

/** The one line that cannot be missed about a line of input. */
export function faultLine(where: string, message: string): string {
  return `holdfast publish: ${where}: ${escapeLine(message)}`;
}

/** The last line. */
export function summaryLine(stream: string, tally: Tally, elapsedMs: number): string {
  const parts = [`${plural(tally.published, "entry", "entries")} published to ${escapeLine(stream)} in ${formatDuration(elapsedMs)}`];
  if (tally.duplicates > 0) parts.push(`${groupDigits(tally.duplicates)} of them were there already`);
  if (tally.refused > 0) parts.push(`${groupDigits(tally.refused)} refused`);
  if (tally.skipped > 0) parts.push(`${groupDigits(tally.skipped)} skipped`);
  if (tally.unknown > 0) parts.push(`${groupDigits(tally.unknown)} without an answer (may or may not be there)`);
  if (tally.unsent > 0) parts.push(`${groupDigits(tally.unsent)} not sent`);
  if (tally.closed) parts.push("stream ended");
  return parts.join(", ");
}

/** The same for programs. */
export function summaryJson(stream: string, tally: Tally, elapsedMs: number): string {
  const { read, published, duplicates, refused, skipped, unknown, unsent, closed, position } = tally;
  return JSON.stringify({ stream, read, published, duplicates, refused, skipped, unknown, unsent, closed, position, elapsedMs: Math.round(elapsedMs) });
}

/** The exit of a run that was not interrupted. What is worse comes first: an unknown outcome, a refusal, a skipped line. */
export function exitOf(tally: Tally): Exit {
  if (tally.unknown + tally.unsent > 0) return "unreachable";
  if (tally.refused > 0) return "refused";
  return tally.skipped > 0 ? "input" : "ok";
}
