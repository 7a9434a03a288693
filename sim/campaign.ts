/**
 * Many seeds in a row, and what they showed together: violations, fault mix, events, and how often each "sometimes" point was hit.
 * One seed in a hundred is played twice; a differing fingerprint means that something ambient leaks in, and counts as a violation.
 */
import { type Point, points } from "./points.ts";
import { runSeed, type SeedOptions, type SeedResult } from "./run-seed.ts";

export interface CampaignOptions extends SeedOptions {
  readonly from: number;
  readonly seeds: number;
  /** Asked before each seed; true ends the campaign. */
  readonly isOver?: () => boolean;
  /** Ends it at the first bad seed. */
  readonly untilCaught?: boolean;
  readonly onSeed?: (result: SeedResult) => void;
}

export interface PointHits {
  readonly seeds: number;
  readonly hits: number;
}

export interface CampaignResult {
  readonly seeds: number;
  readonly bad: readonly SeedResult[];
  readonly events: { readonly median: number; readonly total: number };
  readonly virtualMs: number;
  readonly committed: number;
  /** By kind of fault: the seeds that used it, and how often it struck. */
  readonly faults: Readonly<Record<string, { readonly seeds: number; readonly strikes: number }>>;
  readonly points: Readonly<Record<Point, PointHits>>;
  /** Seeds that were played twice. */
  readonly repeated: number;
}

/** Every so many seeds one is played a second time. */
const repeatEvery = 100;

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const bad: SeedResult[] = [];
  const events: number[] = [];
  const faults: Record<string, { seeds: number; strikes: number }> = {};
  const hits = Object.fromEntries((Object.keys(points) as Point[]).map((point) => [point, { seeds: 0, hits: 0 }])) as Record<
    Point,
    { seeds: number; hits: number }
  >;
  let virtualMs = 0;
  let committed = 0;
  let repeated = 0;
  for (let seed = options.from; seed < options.from + options.seeds; seed++) {
    if (options.isOver?.() === true) break;
    let result = await runSeed(seed, options);
    if (seed % repeatEvery === 0) {
      repeated++;
      result = sameAgain(result, await runSeed(seed, options));
    }
    events.push(result.events);
    virtualMs += result.virtualMs;
    committed += result.committed;
    countFaults(result, faults);
    for (const [point, times] of Object.entries(result.points.toJson()) as [Point, number][]) {
      hits[point].hits += times;
      if (times > 0) hits[point].seeds++;
    }
    if (result.violations.length > 0) bad.push(result);
    options.onSeed?.(result);
    if (bad.length > 0 && options.untilCaught === true) break;
  }
  const sorted = events.toSorted((a, b) => a - b);
  const total = events.reduce((sum, count) => sum + count, 0);
  return {
    seeds: events.length,
    bad,
    events: { median: sorted[Math.floor(sorted.length / 2)] ?? 0, total },
    virtualMs,
    committed,
    faults,
    points: hits,
    repeated,
  };
}

function sameAgain(first: SeedResult, second: SeedResult): SeedResult {
  if (first.hash === second.hash) return first;
  const text = `played twice, the seed gave ${first.hash} and ${second.hash}`;
  return { ...first, violations: [...first.violations, { kind: "crash", atMs: 0, text }] };
}

function countFaults({ plan }: SeedResult, faults: Record<string, { seeds: number; strikes: number }>): void {
  const inSeed = new Map<string, number>();
  for (const { kind } of plan.faults) inSeed.set(kind, (inSeed.get(kind) ?? 0) + 1);
  if (inSeed.size === 0) inSeed.set("none", 0);
  for (const [kind, strikes] of inSeed) {
    const known = faults[kind] ?? { seeds: 0, strikes: 0 };
    faults[kind] = { seeds: known.seeds + 1, strikes: known.strikes + strikes };
  }
}

/** Points that no seed hit. */
export function missedPoints(result: CampaignResult): Point[] {
  return (Object.keys(points) as Point[]).filter((point) => result.points[point].hits === 0);
}
