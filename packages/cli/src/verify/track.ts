/**
 * What one reader was given of one stream, in the order in which it was given, with marks of when its link was broken. It judges nothing:
 * that is done afterwards, against the log (judge.ts).
 */
import type { KindName } from "./kinds.ts";

export interface Mark {
  /** How many entries had been given when the fault began. */
  readonly at: number;
  readonly kind: KindName;
}

export interface TrackGap {
  readonly at: number;
  readonly reason: string;
  readonly from: string;
  readonly after: string;
}

export interface Track {
  readonly reader: string;
  readonly stream: string;
  /** Whether the reader stays to the end of the stream; one that leaves earlier owes nothing after its last entry. */
  readonly isWhole: boolean;
  /** By entry given. `numbers`: null when the payload is not one that was published. */
  readonly positions: string[];
  readonly numbers: (number | null)[];
  readonly marks: Mark[];
  readonly gaps: TrackGap[];
  /** Whether the reader was told that the stream has ended. */
  ended: boolean;
  /** Why reading ended otherwise, if it was not on purpose. */
  error: string | null;
}

export function newTrack(reader: string, stream: string, isWhole: boolean): Track {
  return { reader, stream, isWhole, positions: [], numbers: [], marks: [], gaps: [], ended: false, error: null };
}
