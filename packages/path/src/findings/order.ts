/**
 * Puts findings in the order in which they are to be read: causes first, each with its symptoms beneath it, the heaviest first. Nothing is lost:
 * every finding stands in the answer once, however many causes it has.
 */
import type { Finding } from "../finding.ts";
import type { Severity } from "../plan.ts";

/** A finding with those that it explains. */
export interface OrderedFinding {
  readonly finding: Finding;
  readonly symptoms: readonly OrderedFinding[];
}

const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** The heaviest severity of a cause and its symptoms: a note that explains an error weighs as much as the error. */
export function weightOf({ finding, symptoms }: OrderedFinding): Severity {
  return symptoms.map(weightOf).reduce((worst, each) => (rank[each] < rank[worst] ? each : worst), finding.severity);
}

/** How many causes there are of each weight. Symptoms are not counted: they go with their cause. */
export function countFindings(ordered: readonly OrderedFinding[]): Readonly<Record<Severity, number>> {
  const counts = { error: 0, warning: 0, info: 0 };
  for (const each of ordered) counts[weightOf(each)] += 1;
  return counts;
}

/** Causes with their symptoms beneath them. Findings that say the same of the same place are one. */
export function orderFindings(findings: readonly Finding[]): OrderedFinding[] {
  const distinct = [...new Map(findings.map((each) => [identity(each), each])).values()];
  const causeOf = new Map<Finding, Finding>();
  for (const finding of distinct) {
    const cause = bestCause(finding, distinct, causeOf);
    if (cause !== null) causeOf.set(finding, cause);
  }
  const gather = (cause: Finding | undefined): OrderedFinding[] =>
    distinct
      .filter((each) => causeOf.get(each) === cause)
      .map((finding) => ({ finding, symptoms: gather(finding) }))
      .sort((a, b) => rank[weightOf(a)] - rank[weightOf(b)]);
  return gather(undefined);
}

const identity = ({ code, place, title }: Finding): string => JSON.stringify([code, place?.file, place?.line, title]);

/** Two findings about one file belong together only where they name a line in common; others may explain each other from afar. */
function mayExplain(cause: Finding, symptom: Finding): boolean {
  if (cause.place === null || symptom.place === null || cause.place.file !== symptom.place.file) return true;
  const lines = ({ place, related }: Finding): string[] => [place, ...related].map((each) => `${each?.file}:${each?.line}`);
  const named = new Set(lines(cause));
  return lines(symptom).some((line) => named.has(line));
}

/** Of several findings that may be the cause, the nearest: in the order of `dependsOn`, then of the same hop, then of the same file. */
function bestCause(finding: Finding, all: readonly Finding[], causeOf: ReadonlyMap<Finding, Finding>): Finding | null {
  const candidates = all.filter((each) => finding.dependsOn.includes(each.code) && mayExplain(each, finding) && !isBeneath(each, finding, causeOf));
  const distance = (each: Finding): number =>
    finding.dependsOn.indexOf(each.code) * 4 + (each.hop === finding.hop ? 0 : 2) + (each.place?.file === finding.place?.file ? 0 : 1);
  return candidates.reduce<Finding | null>((best, each) => (best === null || distance(each) < distance(best) ? each : best), null);
}

/** Whether `finding` stands beneath `above` already, or is it: two codes that name each other must not hide both. */
function isBeneath(finding: Finding, above: Finding, causeOf: ReadonlyMap<Finding, Finding>): boolean {
  for (let each: Finding | undefined = finding; each !== undefined; each = causeOf.get(each)) {
    if (each === above) return true;
  }
  return false;
}
