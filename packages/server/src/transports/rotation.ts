/**
 * When a link whose peer cannot be proved alive moves to another, and how long it waits for that: the same for all such transports.
 */
import { type Rng, randomFraction } from "@holdfast/protocol";
import type { ServerOptions } from "../options.ts";

/** Ages differ by this much either way, so that links which came together do not leave together. */
const rotateJitter = 0.1;
/** The longest time that a link whose age has come waits for its client to move. */
const rotateDeadlineMsMax = 10_000;
/** The share of what a session has left after which its links end by their own word, before all of it is reset. */
const sessionShare = 0.8;

/** The age at which a link is told to move. */
export function rotateAfterMs({ rotateMs }: ServerOptions, rng: Rng): number {
  return rotateMs * (1 + rotateJitter * (2 * randomFraction(rng) - 1));
}

/** How long it then lasts; `remainingMs`: how long what it is on does, where that is known. */
export function rotateDeadlineMs({ rotateMs }: ServerOptions, remainingMs = Number.POSITIVE_INFINITY): number {
  return Math.min(rotateDeadlineMsMax, rotateMs, Math.floor(remainingMs * sessionShare));
}
