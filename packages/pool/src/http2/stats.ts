/** What sessions say of themselves. Data only. */
import type { PoolEnd } from "../ends.ts";
import type { Life } from "./session-life.ts";

/** One session. */
export interface SessionStats {
  readonly connection: number;
  readonly peer: string;
  readonly life: Life["name"];
  /** Why it is left. */
  readonly end: PoolEnd | null;
  readonly ageMs: number;
  readonly streams: number;
  /** What the peer and we allow. */
  readonly streamsMax: number;
  readonly requests: number;
  readonly bytesReceived: number;
  /** Since when nothing has arrived. */
  readonly silentMs: number;
  readonly roundTripMs: number | null;
  readonly pings: number;
  readonly pingsAnswered: number;
  readonly streamWindowBytes: number;
  readonly sessionWindowBytes: number;
  /** What its peer could make us hold now: its open streams times their window. */
  readonly pinnableBytes: number;
}

/** One origin. */
export interface Http2Stats {
  readonly sessions: readonly SessionStats[];
  readonly connecting: number;
  /** Requests that wait for a stream. */
  readonly waiting: number;
  readonly opened: number;
  readonly ended: Readonly<Partial<Record<PoolEnd, number>>>;
  readonly answered: number;
  readonly failed: number;
  /** Requests that were sent again, because they were not processed or because that is harmless. */
  readonly resent: number;
  /** How much more seldom than `pingMs` the peer is asked, because it complained. */
  readonly pingFactor: number;
  readonly windows: WindowStats;
}

/** What peers could make this process hold, in bytes. */
export interface WindowStats {
  /** The peers of this origin, now. */
  readonly pinnableBytes: number;
  /** The peers of this origin, if they were let: all sessions full, all windows at their largest, within the budget. */
  readonly worstBytes: number;
  /** All peers of this process, now. */
  readonly processBytes: number;
  /** All peers of this process, ever: the budget. */
  readonly processBytesMax: number;
}
