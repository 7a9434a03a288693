/**
 * Where `tail` begins: the words of --from, and what a saved place overrides. Pure.
 */
import { type From, limits, parsePosition } from "@holdfast/protocol";
import { bad, type Checked, good, wholeNumber } from "../args.ts";

/** Reads `start`, `now`, `last:N` or a position as printed by `tail --json`. */
export function parseFrom(text: string, streams: number): Checked<From> {
  if (text === "start") return good("first");
  if (text === "now") return good("now");
  if (text.startsWith("last:")) {
    const last = wholeNumber(text.slice("last:".length));
    const most = limits.lastEntriesMax.value;
    return last === null || last > most ? bad(`expected --from last:N with N from 0 to ${most}, got ${JSON.stringify(text)}`) : good({ last });
  }
  if (parsePosition(text) === null) return bad(`expected --from to be start, now, last:N or a position as printed by tail --json, got ${JSON.stringify(text)}`);
  if (streams > 1) return bad("a position belongs to one stream; tail each stream by itself, or use --save");
  return good({ after: text });
}
