/**
 * Whether a peer takes what it asked for. Flow control lets a peer ask for much and take nothing (a window of 0) or next to
 * nothing, and a full socket comes to the same. Pure: it judges samples, and must never count what a peer can cause by asking
 * (answers to PING and SETTINGS) as bytes that it took.
 */

/** What the progress of one stream is judged by. */
export interface StreamSample<Stream> {
  readonly stream: Stream;
  /** Bytes written by the host that have not left yet. */
  readonly waitingBytes: number;
  /** Whether that is as much as its host may write ahead. Less of it may be another piece at every look. */
  readonly full: boolean;
}

/** What the progress of a session is judged by. */
export interface ProgressSample<Stream> {
  /** Bytes that the kernel has taken, less answers that the peer provoked; never goes back by more than those. */
  readonly takenBytes: number;
  /** Bytes that the socket holds because the kernel does not take them. */
  readonly queuedBytes: number;
  /** Streams with bytes that wait. */
  readonly waiting: readonly StreamSample<Stream>[];
}

export interface ProgressLimits {
  readonly windowStallMs: number;
  readonly progressBytesMin: number;
}

interface Mark {
  readonly atMs: number;
  readonly takenBytes: number;
}

interface StreamMark extends Mark {
  readonly waitingBytes: number;
}

/** Beyond this many waiting streams a session need not be quicker: a hundred slow downloads over one slow path are no fault. */
const streamsJudgedMax = 16;

/** The progress of one session. */
export class Progress<Stream> {
  readonly #limits: ProgressLimits;
  #session: Mark | null = null;
  #streams = new Map<Stream, StreamMark>();

  constructor(limits: ProgressLimits) {
    this.#limits = limits;
  }

  /** "stalled" when the session as a whole takes too little; else the streams that stand still while the others move. */
  judge(nowMs: number, sample: ProgressSample<Stream>): "stalled" | readonly Stream[] {
    const { waiting, takenBytes, queuedBytes } = sample;
    if (waiting.length === 0 && queuedBytes === 0) {
      this.#session = null;
      this.#streams.clear();
      return [];
    }
    const wanted = this.#limits.progressBytesMin * Math.min(Math.max(waiting.length, 1), streamsJudgedMax);
    if (this.#session === null || takenBytes - this.#session.takenBytes >= wanted) this.#session = { atMs: nowMs, takenBytes };
    if (nowMs - this.#session.atMs >= this.#limits.windowStallMs) return "stalled";
    return this.#stalledStreams(nowMs, sample);
  }

  /** All that a stream had waiting has left. */
  moved(stream: Stream): void {
    this.#streams.delete(stream);
  }

  /**
   * Node does not say whose bytes left. A stream is held to stand still only if enough has left meanwhile for all that wait to
   * have had what it has waiting: so a response that was handed over in one piece is not taken for a stalled one.
   */
  #stalledStreams(nowMs: number, { waiting, takenBytes }: ProgressSample<Stream>): Stream[] {
    const marks = new Map<Stream, StreamMark>();
    const stalled: Stream[] = [];
    for (const { stream, waitingBytes, full } of waiting) {
      if (!full) continue;
      const before = this.#streams.get(stream);
      const mark = before?.waitingBytes === waitingBytes ? before : { atMs: nowMs, takenBytes, waitingBytes };
      marks.set(stream, mark);
      if (nowMs - mark.atMs < this.#limits.windowStallMs) continue;
      if (takenBytes - mark.takenBytes >= waitingBytes * waiting.length) stalled.push(stream);
    }
    this.#streams = marks;
    return stalled;
  }
}
