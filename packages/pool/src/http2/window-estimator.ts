/**
 * How large the windows of a session should be: bandwidth times delay, learnt from bytes that arrive between a PING and its answer.
 * Pure. It proposes; what is granted is the budget's business. It must never ask for a PING without fresh bytes: servers that count PINGs
 * forgive those that follow data of theirs.
 *
 *   bytes arrive ─▶ round begins, PING ─▶ bytes counted ─▶ answer ─▶ more than half a window, and no queue: double it
 */

export interface WindowLimits {
  readonly windowBytesMin: number;
  readonly windowBytesMax: number;
  readonly shrinkAfterMs: number;
}

/** Windows of one session: that of each stream, and that of all together. */
export interface Windows {
  readonly streamBytes: number;
  readonly sessionBytes: number;
}

/** What one stream received in the present round; kept by the stream, so that none is looked up. */
export interface StreamMeter {
  round: number;
  bytes: number;
}

export const newMeter = (): StreamMeter => ({ round: 0, bytes: 0 });

/** A session's window is this much larger than a stream's, so that a few streams do not share one stream's window. */
const sessionFactor = 16;
/** Pause between rounds after one that showed a window too small, and the longest one after those that did not. */
const roundGapMs = { least: 20, most: 2_000 };
/** What counts as faster: a window that was too small, doubled, brings nearly twice as much. */
const fasterBy = 1.1;
/** From so many times the smallest round trip on there is a queue; below, there are busy machines. So a window ends at four times the path's product at most. */
const queueFrom = 2;
/** The smallest of so many round trips is the path's; older ones are forgotten, because paths change. */
const roundTripsKept = 8;

export class WindowEstimator {
  readonly #limits: WindowLimits;
  #windows: Windows;
  #round: { readonly startMs: number; bytes: number; mostOfOneStream: number } | null = null;
  #rounds = 0;
  #bytesSinceRound = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #gapMs = roundGapMs.least;
  #roundTripsMs: number[] = [];
  #bestBytesPerMs = 0;
  #lookedMs: number;
  #bytesSinceLook = 0;

  /** `streamBytes`: what an earlier session of the same origin had come to. */
  constructor(limits: WindowLimits, streamBytes: number, nowMs: number) {
    this.#limits = limits;
    this.#windows = this.#bounded({ streamBytes, sessionBytes: streamBytes * sessionFactor });
    this.#lookedMs = nowMs;
  }

  get windows(): Windows {
    return this.#windows;
  }

  /** The smallest recent round trip; null before the first. */
  get roundTripMs(): number | null {
    return this.#roundTripsMs.length === 0 ? null : Math.min(...this.#roundTripsMs);
  }

  /** Bytes of a stream have arrived. True: a round begins, and a PING has to leave now. */
  received(meter: StreamMeter, bytes: number, nowMs: number): boolean {
    this.#bytesSinceLook += bytes;
    const round = this.#round;
    if (round === null) {
      this.#bytesSinceRound += bytes;
      return this.#begins(nowMs);
    }
    round.bytes += bytes;
    meter.bytes = meter.round === this.#rounds ? meter.bytes + bytes : bytes;
    meter.round = this.#rounds;
    round.mostOfOneStream = Math.max(round.mostOfOneStream, meter.bytes);
    return false;
  }

  /** The PING was answered. Returns the windows that should be; the same ones when nothing is to change. */
  answered(nowMs: number): Windows {
    const round = this.#round;
    if (round === null) return this.#windows;
    this.#round = null;
    this.#bytesSinceRound = 0;
    const tookMs = Math.max(nowMs - round.startMs, 0.01);
    this.#roundTripsMs = [...this.#roundTripsMs.slice(1 - roundTripsKept), tookMs];
    const isFaster = round.bytes / tookMs > this.#bestBytesPerMs * fasterBy;
    this.#bestBytesPerMs = Math.max(this.#bestBytesPerMs, round.bytes / tookMs);
    // A queue on the path makes a round longer and fuller alike. What counts is what a round trip without one would have held, or that more
    // came in the same time than ever before: a larger window in front of a queue brings nothing.
    const stretch = tookMs / Math.min(...this.#roundTripsMs);
    const share = isFaster || stretch <= queueFrom ? 1 : 1 / stretch;
    const { streamBytes, sessionBytes } = this.#windows;
    const streamIsSmall = round.mostOfOneStream * share > streamBytes / 2;
    const sessionIsSmall = round.bytes * share > sessionBytes / 2;
    const next = this.#bounded({
      streamBytes: streamIsSmall ? streamBytes * 2 : streamBytes,
      sessionBytes: sessionIsSmall || streamIsSmall ? sessionBytes * 2 : sessionBytes,
    });
    const grows = next.streamBytes > streamBytes || next.sessionBytes > sessionBytes;
    this.#gapMs = grows ? roundGapMs.least : Math.min(this.#gapMs * 2, roundGapMs.most);
    this.#notBeforeMs = nowMs + this.#gapMs;
    return next;
  }

  /** The PING did not leave, or is not waited for any more. */
  abandoned(nowMs: number): void {
    this.#round = null;
    this.#bytesSinceRound = 0;
    this.#gapMs = Math.min(this.#gapMs * 2, roundGapMs.most);
    this.#notBeforeMs = nowMs + this.#gapMs;
  }

  /** To be asked now and then. Half of the windows when little came lately, else the same ones. */
  idle(nowMs: number): Windows {
    if (nowMs - this.#lookedMs < this.#limits.shrinkAfterMs) return this.#windows;
    const { streamBytes, sessionBytes } = this.#windows;
    const little = this.#bytesSinceLook < streamBytes;
    this.#lookedMs = nowMs;
    this.#bytesSinceLook = 0;
    if (little) this.#bestBytesPerMs = 0;
    return little ? this.#bounded({ streamBytes: streamBytes / 2, sessionBytes: sessionBytes / 2 }) : this.#windows;
  }

  /** What the windows are from now on: as proposed, or as much of it as was granted. */
  set(windows: Windows): void {
    this.#windows = this.#bounded(windows);
  }

  #begins(nowMs: number): boolean {
    const { streamBytes, sessionBytes } = this.#windows;
    const atMost = streamBytes >= this.#limits.windowBytesMax && sessionBytes >= this.#limits.windowBytesMax;
    if (atMost || this.#bytesSinceRound < streamBytes / 2 || nowMs < this.#notBeforeMs) return false;
    this.#round = { startMs: nowMs, bytes: 0, mostOfOneStream: 0 };
    this.#rounds++;
    return true;
  }

  #bounded({ streamBytes, sessionBytes }: Windows): Windows {
    const { windowBytesMin, windowBytesMax } = this.#limits;
    const within = (bytes: number, least: number): number => Math.min(Math.max(Math.floor(bytes), least), windowBytesMax);
    const stream = within(streamBytes, windowBytesMin);
    return { streamBytes: stream, sessionBytes: within(sessionBytes, Math.min(windowBytesMin * sessionFactor, windowBytesMax)) };
  }
}
