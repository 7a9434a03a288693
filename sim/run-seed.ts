/**
 * Plays one seed and says what came of it. The same seed, plan and code always give the same result and the same fingerprint.
 */
import { withoutAmbient } from "./adapters/ambient.ts";
import type { Violation } from "./checker/violations.ts";
import { drawPlan, type Plan } from "./plan.ts";
import type { Points } from "./points.ts";
import { Trace } from "./trace.ts";
import { plainSeams, type Seams } from "./world/seams.ts";
import { World } from "./world/world.ts";

export interface SeedOptions {
  /** Makes what gets between the parts, anew for each run. */
  readonly seams?: () => Seams;
  /** Kinds of faults to leave out. */
  readonly without?: ReadonlySet<string>;
  /** Lines of the trace to keep. */
  readonly traceLines?: number;
}

export interface SeedResult {
  readonly seed: number;
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  readonly points: Points;
  readonly events: number;
  readonly virtualMs: number;
  readonly committed: number;
  readonly hash: string;
  readonly lines: readonly string[];
}

export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const plan = drawPlan(seed, options.without);
  const trace = new Trace(options.traceLines);
  const world = new World(plan, options.seams?.() ?? plainSeams, trace);
  await withoutAmbient(
    (text) => world.violations.add("crash", text),
    () => world.run(),
  );
  const { scheduler, violations, points, committed } = world;
  trace.note(scheduler.nowMs, "over", scheduler.events);
  return {
    seed,
    plan,
    violations: violations.first,
    points,
    events: scheduler.events,
    virtualMs: scheduler.nowMs,
    committed,
    hash: trace.hash,
    lines: trace.lines,
  };
}
