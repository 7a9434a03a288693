/**
 * A seat: one open connection on which somebody sits still, to see when that ends. What every transport offers to the ladder; types only.
 */
import type { Ending } from "@holdfast/path";
import type { IdleOf, Moving } from "../facts.ts";

/** How the other side ended it, without being written to. `announced`: the last answer had said so. */
export interface SeatEnd {
  readonly how: Ending;
  readonly atMs: number;
  readonly code?: number;
}

/** What came of writing to it after the silence. `endedMs`: it was no answer to that, but an end of its own meanwhile, at that moment. */
export type Tried = { readonly how: "alive" } | { readonly how: Ending; readonly code?: number; readonly endedMs?: number };

export interface Seat {
  /** Never rejects; never resolves for an end made from here. */
  readonly ended: Promise<SeatEnd>;
  /** When the last byte of either side moved, as far as that is seen. */
  lastByteMs(): number;
  /** Asks for an answer, and waits so long for it. */
  attempt(waitMs: number): Promise<Tried>;
  /** Moves bytes of the kind for which it was opened. */
  move(): void;
  /** Who it is to a helper at the other end; null without one. */
  readonly connId: string | null;
  close(): void;
}

export interface Seats {
  readonly of: IdleOf;
  /** The rows of the reset matrix that this transport can have here, without `nothing`. */
  readonly moves: readonly Moving[];
  /** An attempt takes so long here; absent: as long as an answer may. */
  readonly attemptMs?: number;
  /** Rejects when none can be had. `delayMs`: how long it will sit, for those whose other end has to know. */
  open(moving: Moving, delayMs: number): Promise<Seat>;
}
