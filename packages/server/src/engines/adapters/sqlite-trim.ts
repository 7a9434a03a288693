/**
 * Retention in the file: the oldest entries go, in bounded batches, inside the transaction that the writer has opened.
 * Streams that grow are cut with some slack, so that the oldest pages are not touched by every commit; passes remove the slack.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { prepareRows } from "./sqlite-file.ts";
import type { StreamState, StreamTable } from "./sqlite-streams.ts";

/** Entries removed from one stream at most in one transaction. */
export const trimmedMax = 2_048;

/** A stream may pass a limit by this part of it before a commit cuts it back. */
const slackPart = 64;

type Row = readonly [seq: number, bytes: number, timeMs: number];

export class Trimmer {
  readonly #streams: StreamTable;
  readonly #epochsMax: number;
  readonly #oldest: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, streams: StreamTable, epochsMax: number) {
    this.#streams = streams;
    this.#epochsMax = epochsMax;
    this.#oldest = prepareRows(db, "SELECT seq, length(payload), time_ms FROM log WHERE stream_id = ? AND seq > ? ORDER BY seq LIMIT ?");
    this.#delete = db.prepare("DELETE FROM log WHERE stream_id = ? AND seq > ? AND seq <= ?");
  }

  /** Whether a commit should cut the stream back at once. */
  isFarOver(state: StreamState): boolean {
    const { entries, bytes, firstPrev, retention } = state;
    return (
      entries > retention.entriesMax + Math.floor(retention.entriesMax / slackPart) ||
      bytes > retention.bytesMax + Math.floor(retention.bytesMax / slackPart) ||
      epochFloor(state, this.#epochsMax) > firstPrev
    );
  }

  /** Removes what is past the limits, `trimmedMax` entries at most. Returns how many. */
  trim(state: StreamState, wallMs: number): number {
    const { retention, firstPrev } = state;
    const floor = epochFloor(state, this.#epochsMax);
    const rows = this.#oldest.all(state.id, firstPrev, trimmedMax + 1) as unknown as readonly Row[];
    let removed = 0;
    let bytes = 0;
    let cut = firstPrev;
    let oldestMs = 0;
    for (const [seq, rowBytes, timeMs] of rows) {
      const over = state.entries - removed > retention.entriesMax || state.bytes - bytes > retention.bytesMax;
      if (removed === trimmedMax || (!over && wallMs - timeMs < retention.ageMs && seq > floor)) {
        oldestMs = timeMs;
        break;
      }
      removed++;
      bytes += rowBytes;
      cut = seq;
    }
    if (removed === 0) return 0;
    this.#streams.touch(state);
    this.#delete.run(state.id, firstPrev, cut);
    state.firstPrev = cut;
    state.entries -= removed;
    state.bytes -= bytes;
    state.oldestMs = oldestMs;
    this.#streams.dropEpochs(state);
    return removed;
  }
}

/** When a stream with entries is next due for a pass, in wall-clock ms; -Infinity when it is past a limit already. */
export function dueMs({ entries, bytes, oldestMs, retention }: Pick<StreamState, "entries" | "bytes" | "oldestMs" | "retention">): number {
  if (entries > retention.entriesMax || bytes > retention.bytesMax) return Number.NEGATIVE_INFINITY;
  return oldestMs + retention.ageMs;
}

/** The seq up to which entries must go so that no more than `epochsMax` epochs are left to remember; 0 when they fit. */
function epochFloor({ epochs }: StreamState, epochsMax: number): number {
  const excess = epochs.length - epochsMax;
  if (excess <= 0) return 0;
  const kept = epochs[Math.min(excess + 1, epochs.length - 1)];
  return kept === undefined ? 0 : kept.firstSeq - 1;
}
