/**
 * Judges how the events of a stream came: as they were written, in steps, or all at the end. Pure: moments in, a signature out. Clocks of two
 * machines differ, so only differences between events count; what looks live is never called held because of one late event.
 */
import { type Known, known, type StreamRow, unknown } from "../facts.ts";

/** One event: when the application wrote it, by its clock; when it was read here, by ours; bytes that had come by then, this event's included. */
export interface SeenEvent {
  readonly sentMs: number;
  readonly readMs: number;
  readonly bytes: number;
}

/** Fewer tell nothing. */
const eventsMin = 6;
/** Of the pause between two events: what comes closer together came at once. */
const burstShare = 0.4;
/** So many bursts for each event, or more, and it is live: a busy machine reads two at once now and then. */
const liveShare = 0.5;
/** So much of all in one burst, and it was held back for that. */
const heldShare = 0.8;

interface Burst {
  readonly startMs: number;
  readonly events: number;
  readonly bytes: number;
}

export type StreamJudgement = Pick<StreamRow, "signature" | "stepBytes" | "stepMs">;

export function judgeStream(events: readonly SeenEvent[], everyMs: number): StreamJudgement {
  const nothing = (signature: Known<"live" | "held">): StreamJudgement => ({ signature, stepBytes: null, stepMs: null });
  if (events.length < eventsMin) return nothing(unknown(`${events.length} events came`));
  const bursts = burstsOf(events, everyMs * burstShare);
  if (bursts.length >= events.length * liveShare) return nothing(known("live"));
  const largest = Math.max(...bursts.map((burst) => burst.events));
  if (largest >= events.length * heldShare) return nothing(known("held"));
  // The last is what was left over, and the first has a hop's header block in its buffer.
  const whole = bursts.length > 3 ? bursts.slice(1, -1) : bursts.slice(0, -1);
  const starts = bursts.map(({ startMs }) => startMs);
  return {
    signature: known("steps"),
    stepBytes: median(whole.map(({ bytes }) => bytes)),
    stepMs: Math.round(median(starts.slice(1).map((startMs, i) => startMs - (starts[i] as number)))),
  };
}

function burstsOf(events: readonly SeenEvent[], gapMs: number): Burst[] {
  const bursts: Burst[] = [];
  let before: SeenEvent | null = null;
  for (const event of events) {
    const bytes = event.bytes - (before?.bytes ?? 0);
    const last = bursts.at(-1);
    if (last === undefined || before === null || event.readMs - before.readMs > gapMs) bursts.push({ startMs: event.readMs, events: 1, bytes });
    else bursts[bursts.length - 1] = { startMs: last.startMs, events: last.events + 1, bytes: last.bytes + bytes };
    before = event;
  }
  return bursts;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Latencies beyond the fastest, which is the same for all streams of one path: the clocks' difference and the way are in it. */
export function latencies(events: readonly SeenEvent[], fastestMs: number): number[] {
  return events.map(({ sentMs, readMs }) => Math.round(readMs - sentMs - fastestMs));
}
