/**
 * Whether a peer takes what is sent to it, as a pure machine over two sizes: all that waits, and the part of it that is handed to
 * the kernel's side and not yet taken. One large message over a slow link moves the second long before it changes the first.
 * It must never take a queue that falls, however large, for a reader that has stopped.
 */

export interface QueueSizes {
  /** Everything that was sent and has not left this process. */
  readonly queuedBytes: number;
  /** The write that is under way, as far as the kernel has not taken it. */
  readonly inFlightBytes: number;
}

export interface ReaderRules {
  /** Waiting bytes that do not move for so long are not read. */
  readonly stallMs: number;
  readonly queuedBytesMax: number;
  /** How long a queue may be above `queuedBytesMax` without falling. */
  readonly queuedMs: number;
}

export interface ReaderState extends QueueSizes {
  readonly movedMs: number;
  /** Of the write that is under way: what the kernel has taken while it was looked at. The queue counts it until the write is whole. */
  readonly takenBytes: number;
  /** Since when the queue is above its maximum and has not fallen further; null while it is not. */
  readonly overMs: number | null;
  /** The least that was left to take since the queue is above its maximum. */
  readonly leastBytes: number;
}

export type ReaderVerdict = "reads" | "stalled" | "overfull";

/** Nothing waits. One object serves every socket, because most never have a queue. */
export const emptyReader: ReaderState = { queuedBytes: 0, inFlightBytes: 0, movedMs: 0, takenBytes: 0, overMs: null, leastBytes: 0 };

/** A queue falls when it loses at least this part of its maximum; less is a dribble. */
const fallPart = 64;

/** Judges one look at the queue. After a time without looks (`isBlind`) it only begins anew. */
export function stepReader(
  state: ReaderState,
  sizes: QueueSizes,
  isBlind: boolean,
  rules: ReaderRules,
  nowMs: number,
): { readonly state: ReaderState; readonly verdict: ReaderVerdict } {
  const { queuedBytes, inFlightBytes } = sizes;
  if (queuedBytes === 0) return { state: emptyReader, verdict: "reads" };
  const wasEmpty = state.queuedBytes === 0;
  // More that is sent behind a write which does not move is no movement; where none is under way, the host is still at work on it.
  const hasMoved = inFlightBytes === 0 || inFlightBytes !== state.inFlightBytes;
  const movedMs = wasEmpty || isBlind || hasMoved ? nowMs : state.movedMs;
  const isSameWrite = queuedBytes >= state.queuedBytes && inFlightBytes <= state.inFlightBytes;
  const takenBytes = isSameWrite ? state.takenBytes + state.inFlightBytes - inFlightBytes : 0;
  const leftBytes = queuedBytes - takenBytes;
  const isOver = queuedBytes > rules.queuedBytesMax;
  const hasFallen = leftBytes <= state.leastBytes - rules.queuedBytesMax / fallPart;
  const isFresh = state.overMs === null || isBlind || hasFallen;
  const next: ReaderState = {
    queuedBytes,
    inFlightBytes,
    movedMs,
    takenBytes,
    overMs: !isOver ? null : isFresh ? nowMs : state.overMs,
    leastBytes: isOver && isFresh ? leftBytes : state.leastBytes,
  };
  if (next.overMs !== null && nowMs - next.overMs >= rules.queuedMs) return { state: next, verdict: "overfull" };
  return { state: next, verdict: nowMs - movedMs >= rules.stallMs ? "stalled" : "reads" };
}
