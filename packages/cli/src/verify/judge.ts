/**
 * Compares what publishers were told and readers were given with the log. Pure. It knows nothing of the clients' code: a reader's entries
 * must be one run of the log, except where a gap was told, and nothing may come twice.
 */
import type { RowName } from "./kinds.ts";
import type { Track } from "./track.ts";

export interface LogEntry {
  readonly position: string;
  readonly prev: string;
  /** Its number; null when it is not, byte for byte, one that was published. */
  readonly n: number | null;
}

/** A stream's log as held now. `first`: the position before its oldest entry, `0` when nothing was ever removed. */
export interface Log {
  readonly first: string;
  readonly entries: readonly LogEntry[];
}

/** What became of the publishes to one stream. */
export interface Sent {
  readonly stream: string;
  /** Numbers from 0 up to this were published. */
  count: number;
  /** Position by number. Null: the server did not remember where it is. */
  readonly acknowledged: Map<number, string | null>;
  /** Those that were definitely refused, or given up, with why. */
  readonly failed: { readonly n: number; readonly code: string }[];
}

/** Faults of reading, and of the log itself. */
export const readingFaults = ["lost", "duplicated", "reordered", "phantom", "changed"] as const;
export const logFaults = ["missing", "doubled", "disordered", "foreign"] as const;
export type ReadingFault = (typeof readingFaults)[number];
export type LogFault = (typeof logFaults)[number];

export interface Finding {
  readonly fault: ReadingFault | LogFault;
  readonly stream: string;
  /** Null when the log is at fault. */
  readonly reader: string | null;
  /** What was done to the reader's link last; null when the log is at fault. */
  readonly during: RowName | null;
  readonly position: string | null;
  readonly n: number | null;
  /** One sentence for people. */
  readonly what: string;
}

/** Everything that is wrong with one stream. `isComplete`: readers were waited for, so what they lack at the end is lost. */
export function judgeStream(log: Log, sent: Sent, tracks: readonly Track[], isComplete: boolean): Finding[] {
  const truth = truthOf(log, sent);
  const index = new Map(truth.map((entry, i) => [entry.position, i]));
  return [...judgeLog(log, sent), ...tracks.flatMap((track) => judgeTrack(track, truth, index, isComplete))];
}

/** The log from its beginning: what retention has removed is put back from what the publishers were told. */
function truthOf(log: Log, sent: Sent): readonly Pick<LogEntry, "position" | "n">[] {
  if (log.first === "0") return log.entries;
  const until = log.entries.find((entry) => entry.n !== null)?.n ?? sent.count;
  const removed = [...sent.acknowledged].flatMap(([n, position]) => (n < until && position !== null ? [{ n, position }] : [])).sort((a, b) => a.n - b.n);
  return [...removed, ...log.entries];
}

/** The log against what the publishers did: each acknowledged entry is there, once, where they were told, in their order. */
function judgeLog(log: Log, sent: Sent): Finding[] {
  const { stream } = sent;
  const findings: Finding[] = [];
  const add = (fault: LogFault, position: string | null, n: number | null, what: string): void => {
    findings.push({ fault, stream, reader: null, during: null, position, n, what });
  };
  const placeOf = new Map<number, string>();
  let before = log.first;
  let highest = -1;
  for (const { position, prev, n } of log.entries) {
    if (prev !== before) add("disordered", position, n, `entry ${n ?? "?"} at ${position} says that it follows ${prev}, and stands after ${before}`);
    before = position;
    if (n === null || n >= sent.count) add("foreign", position, n, `the entry at ${position} was not published by this run, or was changed`);
    else if (placeOf.has(n)) add("doubled", position, n, `entry ${n} is in the log at ${placeOf.get(n)} and again at ${position}`);
    else {
      if (n < highest) add("disordered", position, n, `entry ${n} at ${position} stands after entry ${highest}, which was published later`);
      highest = Math.max(highest, n);
      placeOf.set(n, position);
    }
  }
  const firstN = log.first === "0" ? 0 : Math.min(...placeOf.keys());
  for (const [n, position] of sent.acknowledged) {
    const place = placeOf.get(n);
    if (place === undefined && n >= firstN)
      add("missing", position, n, `entry ${n} was acknowledged at ${position ?? "an unknown place"} and is not in the log`);
    if (place !== undefined && position !== null && place !== position)
      add("missing", position, n, `entry ${n} was acknowledged at ${position} and is at ${place}`);
  }
  return findings;
}

/** The fault that had begun last when entry `at` of a track was given. */
function duringOf(track: Track, at: number): RowName {
  return track.marks.findLast((mark) => mark.at <= at)?.kind ?? "undisturbed";
}

function judgeTrack(track: Track, truth: readonly Pick<LogEntry, "position" | "n">[], index: ReadonlyMap<string, number>, isComplete: boolean): Finding[] {
  const { stream, reader } = track;
  const findings: Finding[] = [];
  const add = (fault: ReadingFault, at: number, position: string | null, n: number | null, what: string): void => {
    findings.push({ fault, stream, reader, during: duringOf(track, at), position, n, what });
  };
  const excused = excusedBy(track, index, truth.length);
  const seen = new Set<number>();
  /** What was passed over, and before which entry given. */
  const skipped = new Map<number, number>();
  let next = 0;
  const skipTo = (end: number, at: number): void => {
    for (; next < end; next++) if (!excused.has(next)) skipped.set(next, at);
  };
  for (const [at, position] of track.positions.entries()) {
    const i = index.get(position);
    const n = track.numbers[at] ?? null;
    if (i === undefined) {
      add("phantom", at, position, n, `was given an entry at ${position} that is not in the log`);
      continue;
    }
    if (n === null || n !== truth[i]?.n) add("changed", at, position, n, `was given another payload at ${position} than the log holds`);
    if (seen.has(i)) add("duplicated", at, position, n, `was given the entry at ${position} twice`);
    else if (i < next) add("reordered", at, position, n, `was given the entry at ${position} after later ones`);
    else skipTo(i, at);
    seen.add(i);
    skipped.delete(i);
    next = Math.max(next, i + 1);
  }
  if (track.isWhole && isComplete) skipTo(truth.length, track.positions.length);
  for (const [i, at] of skipped) {
    const { position, n } = truth[i] as Pick<LogEntry, "position" | "n">;
    const where = at < track.positions.length ? `before ${track.positions[at]}` : "at the end";
    add("lost", at, position, n, `was not given the entry at ${position} (${where})`);
  }
  return findings;
}

/** Places that a told gap passes over. */
function excusedBy({ gaps }: Track, index: ReadonlyMap<string, number>, length: number): ReadonlySet<number> {
  const excused = new Set<number>();
  for (const { from, after } of gaps) {
    const begin = (index.get(from) ?? -1) + 1;
    const end = (index.get(after) ?? (after === "0" ? -1 : length - 1)) + 1;
    for (let i = begin; i < end; i++) excused.add(i);
  }
  return excused;
}
