/**
 * What the faults did, by kind: how often, how soon they were noticed and overcome. Pure.
 */
import type { KindName, Role } from "./kinds.ts";

/** Samples kept of one kind. */
const samplesMax = 10_000;

export interface KindTally {
  begun: number;
  readonly begunByRole: Map<Role, number>;
  /** Done to their end, and not done because the run ended before, or nothing passed that could be broken. */
  times: number;
  abandoned: number;
  /** The client did not notice in time though nothing came any more; it noticed, and was not back in time. */
  unnoticed: number;
  unrecovered: number;
  readonly noticedMs: number[];
  readonly recoveredMs: number[];
}

export const newKindTally = (): KindTally => ({
  begun: 0,
  begunByRole: new Map(),
  times: 0,
  abandoned: 0,
  unnoticed: 0,
  unrecovered: 0,
  noticedMs: [],
  recoveredMs: [],
});

export type Tallies = Map<KindName, KindTally>;

export function tallyOf(tallies: Tallies, kind: KindName): KindTally {
  let tally = tallies.get(kind);
  if (tally === undefined) {
    tally = newKindTally();
    tallies.set(kind, tally);
  }
  return tally;
}

/** What one fault came to. Null: did not happen, or cannot be measured for this kind. */
export interface Outcome {
  readonly result: "done" | "abandoned" | "unnoticed" | "unrecovered";
  readonly noticedMs: number | null;
  readonly recoveredMs: number | null;
}

export function count(tally: KindTally, outcome: Outcome): void {
  if (outcome.result === "done") tally.times++;
  else if (outcome.result === "abandoned") tally.abandoned++;
  else {
    tally.times++;
    tally[outcome.result]++;
  }
  if (outcome.noticedMs !== null && tally.noticedMs.length < samplesMax) tally.noticedMs.push(outcome.noticedMs);
  if (outcome.recoveredMs !== null && tally.recoveredMs.length < samplesMax) tally.recoveredMs.push(outcome.recoveredMs);
}

export interface Spread {
  readonly p50: number;
  readonly max: number;
}

/** Median and greatest of some times, in whole ms; null when there are none. */
export function spreadOf(samples: readonly number[]): Spread | null {
  if (samples.length === 0) return null;
  const sorted = [...samples].sort((a, b) => a - b);
  return { p50: Math.round(sorted[Math.floor((sorted.length - 1) / 2)] as number), max: Math.round(sorted.at(-1) as number) };
}
