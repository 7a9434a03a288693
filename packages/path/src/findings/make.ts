/**
 * Makes a finding from its row of the catalogue, so that a code, its severity and its causes are written once.
 */
import type { Place } from "../declared.ts";
import type { Finding, FindingDoc } from "../finding.ts";
import type { Severity } from "../plan.ts";

/** What a case adds to its row. What is left out is empty. */
export interface Case {
  readonly title: string;
  readonly hop?: string | null;
  readonly place?: Place | null;
  readonly related?: readonly Place[];
  readonly evidence?: readonly string[];
  readonly advice?: readonly string[];
  /** Where this case weighs less than its row says. */
  readonly severity?: Severity;
}

/** A function that makes findings of one area: it takes the area's codes and no others. */
export function findingMaker<Code extends string>(docs: Readonly<Record<Code, FindingDoc>>): (code: Code, given: Case) => Finding {
  return (code, { title, hop = null, place = null, related = [], evidence = [], advice = [], severity }) => {
    const doc = docs[code];
    return { code, severity: severity ?? doc.severity, title, hop, place, related, evidence, advice, dependsOn: doc.dependsOn ?? [] };
  };
}
