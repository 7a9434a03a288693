/**
 * Decides whether a position can be honoured, from a log's history of epochs. Pure; used by the hub and by HTTP reads alike.
 * A position (e, n) is valid iff e is in the history and n within e's range, so a restart costs nobody a gap,
 * and a restore or fork gives one to exactly the readers who were past the fork.
 */
import { type Cursor, formatPosition, type GapReason, origin } from "@holdfast/protocol";
import type { EpochStart, Head } from "./engine.ts";

/** Either the seq after which to deliver, or why not and where to go on. */
export type Located = { readonly ok: true; readonly seq: number } | { readonly ok: false; readonly reason: GapReason; readonly continueAfter: number };

/** Finds a reader's place. `head` null means that there is no such log. */
export function locate(head: Head | null, cursor: Cursor): Located {
  if (head === null || head.last === 0) {
    return cursor.seq === 0 ? { ok: true, seq: 0 } : { ok: false, reason: "missing", continueAfter: 0 };
  }
  if (cursor.seq === 0) return head.firstPrev > 0 ? trimmed(head) : { ok: true, seq: 0 };
  const at = head.epochs.findIndex((start) => start.epoch === cursor.epoch);
  const start = head.epochs[at];
  // Before the oldest known epoch nothing can be told apart: what is held is delivered from its beginning.
  // A seq below its epoch's first was never issued by this log.
  if (start === undefined || cursor.seq < start.firstSeq) return { ok: false, reason: "epoch", continueAfter: head.firstPrev };
  const next = head.epochs[at + 1];
  const lastOfEpoch = next === undefined ? head.last : next.prev;
  if (cursor.seq > lastOfEpoch) {
    // The reader was past the fork. What it has up to the fork still stands; nothing after it does.
    if (lastOfEpoch < head.firstPrev) return trimmed(head);
    return { ok: false, reason: next === undefined ? "ahead" : "epoch", continueAfter: lastOfEpoch };
  }
  if (cursor.seq < head.firstPrev) return trimmed(head);
  return { ok: true, seq: cursor.seq };
}

const trimmed = (head: Head): Located => ({ ok: false, reason: "trimmed", continueAfter: head.firstPrev });

/** The epoch under which `seq` was written; empty for 0. */
export function epochOf(epochs: readonly EpochStart[], seq: number): string {
  if (seq === 0) return "";
  for (let i = epochs.length - 1; i >= 0; i--) {
    const start = epochs[i] as EpochStart;
    if (start.firstSeq <= seq) return start.epoch;
  }
  return epochs[0]?.epoch ?? "";
}

/** The token for `seq` in a log with this history. */
export function positionOf(epochs: readonly EpochStart[], seq: number): string {
  return seq === 0 ? origin : formatPosition(epochOf(epochs, seq), seq);
}
