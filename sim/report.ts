/**
 * A campaign as text for people.
 */
import { type CampaignResult, missedPoints } from "./campaign.ts";
import type { Point } from "./points.ts";
import type { SeedResult } from "./run-seed.ts";

/** One line with which anybody can play the seed again. */
export function reproduction(seed: number, mutant: string | null): string {
  return `node --conditions=source sim/run.ts --seed ${seed}${mutant === null ? "" : ` --mutant ${mutant}`} --trace`;
}

/** What was wrong with one seed. */
export function badSeedLines(result: SeedResult, mutant: string | null): string[] {
  const found = result.violations.map(({ kind, atMs, text }) => `  ${kind} at ${atMs.toFixed(1)} ms: ${text}`);
  return [
    `seed ${result.seed} (${result.hash}): ${result.violations.length} violations`,
    ...found.slice(0, 5),
    `  again: ${reproduction(result.seed, mutant)}`,
  ];
}

export function campaignLines(result: CampaignResult, seconds: number): string[] {
  const { seeds, events, virtualMs, committed, repeated, bad } = result;
  const perSecond = seconds > 0 ? (seeds + repeated) / seconds : 0;
  const mix = Object.entries(result.faults)
    .toSorted(([, a], [, b]) => b.seeds - a.seeds)
    .map(([kind, { seeds: used, strikes }]) => `${kind} ${used}/${strikes}`);
  return [
    `${seeds} seeds in ${seconds.toFixed(1)} s: ${perSecond.toFixed(1)} seeds/s, ${(virtualMs / 3_600_000).toFixed(1)} h of virtual time, ${committed} entries committed`,
    `events per seed: median ${events.median}, mean ${Math.round(events.total / Math.max(1, seeds))}; ${repeated} seeds played twice`,
    `faults (seeds/strikes): ${mix.join(", ")}`,
    "sometimes (seeds/hits):",
    ...Object.entries(result.points).map(([point, { seeds: hit, hits }]) => `  ${point.padEnd(30)} ${String(hit).padStart(6)} ${String(hits).padStart(9)}`),
    ...missedLines(missedPoints(result)),
    `${bad.length} bad seeds`,
  ];
}

function missedLines(missed: readonly Point[]): string[] {
  return missed.length === 0 ? [] : [`never hit: ${missed.join(", ")}`];
}
