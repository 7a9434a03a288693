/**
 * The content of a --save file: for each stream the position after which to go on. Pure.
 * A file that cannot be understood is an error: starting elsewhere without a word would lose entries or repeat them.
 */
import { parsePosition, streamNameFault } from "@holdfast/protocol";
import { bad, type Checked, good } from "../args.ts";

/** Positions by stream. */
export type Places = ReadonlyMap<string, string>;

const version = 1;

/** Reads a save file. `text` null means that there is none yet. */
export function parsePlaces(text: string | null): Checked<Places> {
  if (text === null) return good(new Map());
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return damaged;
  }
  if (typeof content !== "object" || content === null) return damaged;
  const { holdfastPlaces, after } = content as Record<string, unknown>;
  if (holdfastPlaces !== version || typeof after !== "object" || after === null || Array.isArray(after)) return damaged;
  const entries = Object.entries(after);
  const isPlace = ([stream, position]: readonly [string, unknown]): boolean =>
    streamNameFault(stream) === null && typeof position === "string" && parsePosition(position) !== null;
  return entries.every(isPlace) ? good(new Map(entries as [string, string][])) : damaged;
}

const damaged = bad("is not a file that tail --save wrote; delete it to begin at --from");

/** The file's content. Streams of earlier runs that are not tailed now keep their places. */
export function formatPlaces(places: Places): string {
  return `${JSON.stringify({ holdfastPlaces: version, after: Object.fromEntries(places) })}\n`;
}
