/**
 * The ladder: a declared path in; its links, what they violate, and the set of values that violates nothing out. Pure.
 * A new rule is one function in the file of its family and one name in the list below; docs/ladder.md has the inequalities in words.
 */
import type { DeclaredPath } from "../declared.ts";
import { linksOf } from "../links.ts";
import { PathError } from "../path-error.ts";
import type { Plan, Violation } from "../plan.ts";
import { resolveHops } from "../resolve.ts";
import { type Check, type Ladder, type Rule, violationOf } from "./check.ts";
import { deadlines } from "./deadlines.ts";
import { derivedOf, settle } from "./derive.ts";
import { grace, planDrain } from "./drain.ts";
import { flows } from "./flows.ts";
import { ends, lifetime } from "./lifetime.ts";
import { limits } from "./limits.ts";
import { resolveNeeds } from "./needs.ts";
import { pings } from "./pings.ts";
import { counts, planPools } from "./pools.ts";
import { chain, reuse } from "./reuse.ts";
import { beats, counted, detection, planStreams } from "./streams.ts";

/** In the order in which they are mended: what binds most comes first. */
const rules: readonly Rule[] = [reuse, chain, flows, ends, deadlines, counted, beats, detection, pings, lifetime, counts, limits, grace];

/** What the ladder says of a path. Throws PathError, naming hop and knob, for what can not be. */
export function planPath(path: DeclaredPath): Plan {
  const judged = judge(path);
  const { ladder, checks } = judged;
  const settled = settle(path, judge, judged);
  return {
    hops: ladder.hops,
    links: ladder.links,
    violations: broken(checks),
    derived: derivedOf(ladder, settled),
    streams: planStreams(settled.ladder),
    pools: planPools(settled.ladder),
    drain: planDrain(settled.ladder),
    impossible: settled.impossible,
  };
}

/** What a path breaks, for who does not ask what would mend all of it: a small part of the work of a plan. Throws as planPath does. */
export const violationsOf = (path: DeclaredPath): Violation[] => broken(judge(path).checks);

/** What its streams bear as it was declared, whereas a plan says what they bear once it is followed. */
export const declaredStreams = (path: DeclaredPath): Plan["streams"] => planStreams(ladderOf(path));

/** The path as it should be: with every derived value in the place of what was declared. */
export const settledPath = (path: DeclaredPath): DeclaredPath => settle(path, judge).path;

const broken = (checks: readonly Check[]): Violation[] => checks.filter(({ missing }) => missing > 0).map(violationOf);

function judge(path: DeclaredPath): { ladder: Ladder; checks: Check[] } {
  const ladder = ladderOf(path);
  return { ladder, checks: rules.flatMap((rule) => rule(ladder)) };
}

function ladderOf(path: DeclaredPath): Ladder {
  const hops = resolveHops(path);
  for (const [knob, value] of Object.entries({ ...path.rttMs, ...path.streams })) {
    const isWrong = typeof value === "number" && (!Number.isFinite(value) || value < 0);
    if (isWrong) throw new PathError({ hop: null, knob, expected: "a time of at least 0 ms", got: String(value) });
  }
  return { path, hops, links: linksOf(hops, path.rttMs), streams: path.streams ?? {}, needs: resolveNeeds(path.needs) };
}
