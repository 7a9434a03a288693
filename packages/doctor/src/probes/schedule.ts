/**
 * Which delays are tried, all at once, one connection each. Pure.
 */

/**
 * In seconds, on both sides of timers that hops are known to have (6, 60, 75, 350 s and others), so that the first pass names the suspect. What is
 * below 5 s is for receivers that are set very short.
 */
export const ladderSeconds: readonly number[] = [
  ...[1, 1.9, 2.8, 3.7, 4.6, 5.5, 6.5, 10, 15, 20, 25, 30, 35, 45, 55, 58, 62, 74, 77, 90, 95, 100, 115, 121, 150, 181, 200, 239, 245, 299, 305, 345, 355],
  ...[399, 405, 599, 605, 615, 899, 905, 1_200, 1_800, 3_599, 3_605],
];

/** Connections that refine a bracket at once. */
export const refinersMax = 8;

/** A bracket of this width is good enough. */
export const widthMsMin = 1_000;

/** After the wait for an answer, what judging takes. */
const marginMs = 250;

/** Time that an attempt must leave for its answer. */
export function attemptMs(rttMs: number): number {
  return Math.max(3_000, 6 * rttMs);
}

/** The delays of the first pass: those of the ladder that end in time, and the last moment that does. At most `max`, spread over all of them. */
export function firstDelays(leftMs: number, waitMs: number, max: number): number[] {
  const lastMs = Math.floor(leftMs - waitMs - marginMs);
  if (lastMs <= 0 || max <= 0) return [];
  const fitting = ladderSeconds.map((seconds) => seconds * 1_000).filter((ms) => ms < lastMs);
  return thin([...fitting, lastMs], max);
}

/** Keeps the last and so many of the others, evenly. */
function thin(delays: readonly number[], max: number): number[] {
  if (delays.length <= max) return [...delays];
  const step = (delays.length - 1) / Math.max(1, max - 1);
  const kept = Array.from({ length: max }, (_, i) => delays[Math.round(delays.length - 1 - (max - 1 - i) * step)] as number);
  return [...new Set(kept)];
}

/** Delays within a bracket, evenly; none where it is narrow enough, or where no pass fits into the time that is left. */
export function refiningDelays(
  bracket: { readonly atLeastMs: number; readonly atMostMs: number | null },
  leftMs: number,
  waitMs: number,
  max: number,
): number[] {
  const { atLeastMs, atMostMs } = bracket;
  if (atMostMs === null || atMostMs - atLeastMs <= widthMsMin || leftMs < atMostMs + waitMs + marginMs) return [];
  const count = Math.min(refinersMax, max, Math.ceil((atMostMs - atLeastMs) / (widthMsMin / 2)) - 1);
  const step = (atMostMs - atLeastMs) / (count + 1);
  return Array.from({ length: Math.max(0, count) }, (_, i) => Math.round(atLeastMs + (i + 1) * step));
}
