/**
 * A connection on which one kind of bytes moves: a row of the reset matrix, or a control. It is asked for an answer only once it has outlived the
 * timer of those on which nothing moved. Pure but for the seat that it is given; it closes it.
 */

import type { LadderOptions } from "./ladder.ts";
import { within } from "./pause.ts";
import { attemptMs } from "./schedule.ts";
import type { Seat, SeatEnd } from "./seat.ts";

export interface Moved {
  readonly ageMs: number;
  /** Since the last byte of its transport, when it ended. */
  readonly silentMs: number;
  readonly beats: number;
  readonly outcome: "alive" | SeatEnd["how"];
  /** Ended by the other side at that moment, and not found out by writing. */
  readonly active: boolean;
  readonly code?: number;
}

/** Moves each `beatMs` until it is old enough, or the deadline comes. Null: it could not be had, or the examination was ended. */
export async function keepMoving(
  open: () => Promise<Seat>,
  options: LadderOptions,
  beatMs: number,
  isOldEnough: (ageMs: number) => boolean,
): Promise<Moved | null> {
  const { clock, signal, deadlineMs, rttMs } = options;
  const waitMs = attemptMs(rttMs);
  let seat: Seat;
  try {
    seat = await open();
  } catch {
    return null;
  }
  const startMs = clock.monoMs();
  let beats = 0;
  try {
    for (;;) {
      const end = await within(clock, seat.ended, beatMs, null, signal);
      const ageMs = (end?.atMs ?? clock.monoMs()) - startMs;
      if (end !== null)
        return { ageMs, silentMs: end.atMs - seat.lastByteMs(), beats, outcome: end.how, active: true, ...(end.code === undefined ? {} : { code: end.code }) };
      if (signal.aborted) return null;
      if (isOldEnough(ageMs) || clock.monoMs() + waitMs + 2 * beatMs > deadlineMs) break;
      seat.move();
      beats++;
    }
    const [ageMs, silentMs] = [clock.monoMs() - startMs, clock.monoMs() - seat.lastByteMs()];
    const tried = await seat.attempt(waitMs);
    if (signal.aborted) return null;
    return { ageMs, silentMs, beats, outcome: tried.how, active: false, ...(tried.how !== "alive" && tried.code !== undefined ? { code: tried.code } : {}) };
  } finally {
    seat.close();
  }
}
