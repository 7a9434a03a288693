/**
 * Positions: the opaque tokens by which a reader names its place in a stream.
 * A token is `<epoch>.<n><seq>`: the writer incarnation, then the entry's number in base 36, preceded by its count of digits,
 * so that tokens of one epoch sort as text. `0` stands before the first entry, under whatever epoch.
 * Clients compare tokens and never look inside; only servers and engines parse them. A token grants nothing.
 */

/** What a token means: entry `seq` as written under `epoch`. `seq` 0 is "before the first"; its epoch is empty. */
export interface Cursor {
  readonly epoch: string;
  readonly seq: number;
}

/** The place before the first entry of any stream. */
export const origin = "0";

/** The cursor that `origin` stands for. */
export const originCursor: Cursor = { epoch: "", seq: 0 };

const token = /^([0-9a-z]{1,32})\.([1-9ab])([0-9a-z]{1,11})$/;

/** The token for a cursor. `seq` must be a whole number from 0 to 2^53-1. */
export function formatPosition(epoch: string, seq: number): string {
  if (seq === 0) return origin;
  const digits = seq.toString(36);
  return `${epoch}.${digits.length.toString(36)}${digits}`;
}

/** The cursor behind a token, or null when the text is not a canonical token. */
export function parsePosition(text: string): Cursor | null {
  if (text === origin) return originCursor;
  const match = token.exec(text);
  if (match === null) return null;
  const [, epoch, length, digits] = match as unknown as [string, string, string, string];
  if (digits.length !== Number.parseInt(length, 36) || digits.startsWith("0")) return null;
  const seq = Number.parseInt(digits, 36);
  return Number.isSafeInteger(seq) ? { epoch, seq } : null;
}

/** Whether a text could be a token: enough for clients, who leave the judgement to the server. */
export const isPositionLike = (text: unknown): boolean => typeof text === "string" && /^(?:0|[0-9a-z]{1,32}\.[1-9ab][1-9a-z][0-9a-z]{0,10})$/.test(text);

/** Negative, 0 or positive as `a` is before, at or after `b`; null when they belong to different epochs and cannot be compared. */
export function comparePositions(a: string, b: string): number | null {
  if (a === b) return 0;
  if (a === origin) return -1;
  if (b === origin) return 1;
  const dot = a.indexOf(".");
  if (dot < 0 || !b.startsWith(a.slice(0, dot + 1))) return null;
  return a < b ? -1 : 1;
}
