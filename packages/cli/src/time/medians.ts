/**
 * Medians of a run: of requests that were the first on their connection, and of those that reused one. Pure.
 */
import { isAnswered, type PhaseName, phaseNames, phaseOf, type TimedRun, totalOf } from "./run.ts";

export interface Medians {
  readonly requests: number;
  /** Null: the phase happened in none of them. */
  readonly phases: Readonly<Record<PhaseName, number | null>>;
  readonly totalMs: number;
}

export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) return null;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Null when there is no such request. */
export function mediansOf(run: Pick<TimedRun, "exchanges">, reused: boolean): Medians | null {
  const traces = run.exchanges.filter(isAnswered).flatMap(({ result: { trace } }) => (trace.reused === reused ? [trace] : []));
  const totalMs = median(traces.map(({ phases }) => totalOf(phases)));
  if (totalMs === null) return null;
  const phases = Object.fromEntries(
    phaseNames.map((name) => [name, median(traces.map((each) => phaseOf(each.phases, name)).filter((value) => value !== null))]),
  ) as Record<PhaseName, number | null>;
  return { requests: traces.length, phases, totalMs };
}
