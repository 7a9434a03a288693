/**
 * How much earlier than a receiver a sender must give up, and what follows from that for either. Pure.
 *
 * Guard's rule for a server that does not know who stands before it (`keepAliveBehind`: 5 s or a tenth) is this one for a sender that
 * somebody else runs, and never less than this one for any other as long as two round trips and the granularity of both stay below 4 s together.
 */
import type { Link } from "../plan.ts";

/** What a pool's own timer may be late by where somebody else runs it. */
const managedMs = 5_000;
/** Scheduling of both ends. */
const slackMs = 1_000;

/** The part of the margin that does not depend on the timer. */
const floorMs = ({ sender, receiver, rttMs }: Link): number => Math.max(edgeMs({ sender, receiver, rttMs }) + slackMs, sender.product.managed ? managedMs : 0);

/** Within so much of each other the two timers fire at the same time, for all that either end can tell. */
export const edgeMs = ({ sender, receiver, rttMs }: Pick<Link, "sender" | "receiver" | "rttMs">): number =>
  2 * rttMs + sender.product.granularityMs + receiver.product.granularityMs;

/** m of `U + m <= K`. */
export const marginMs = (link: Link, idleMs: number): number => Math.max(floorMs(link), Math.ceil(idleMs / 10));

/** The shortest timer of the receiver that the sender's allows, rounded up: to seconds, above 10 min to tens of them. */
export const receiverAtLeastMs = (link: Link, idleMs: number): number => roundUpMs(idleMs + marginMs(link, idleMs));

/** The longest timer of the sender that ends before `endMs`, rounded down; 0 where there is none. */
export const senderAtMostMs = (link: Link, endMs: number, lastsTimes = 1): number =>
  roundDownMs(Math.min(endMs - floorMs(link), Math.floor((endMs * 10) / 11)) / lastsTimes);

const stepMs = (ms: number): number => (ms > 600_000 ? 10_000 : 1_000);

export const roundUpMs = (ms: number): number => Math.ceil(ms / stepMs(ms)) * stepMs(ms);

/** Below a second in tenths, below a tenth nothing. */
export const roundDownMs = (ms: number): number => (ms < 1_000 ? Math.max(0, Math.floor(ms / 100) * 100) : Math.floor(ms / stepMs(ms)) * stepMs(ms));
