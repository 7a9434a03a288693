/**
 * A finding: something that is wrong or worth knowing, with the place, the evidence and the line to change. Data only.
 * Each code has a row in findings/ and a page in docs/findings/, made from that row.
 */
import type { Place } from "./declared.ts";
import type { Severity } from "./plan.ts";

export interface Finding {
  readonly code: string;
  readonly severity: Severity;
  /** One sentence with this case's figures. */
  readonly title: string;
  /** The hop to blame, as the path or the file calls it; null where it is not known. */
  readonly hop: string | null;
  readonly place: Place | null;
  /** Other places that take part. */
  readonly related: readonly Place[];
  readonly evidence: readonly string[];
  /** What to do: exact lines to write where there are such. */
  readonly advice: readonly string[];
  /** Codes of findings that cause this one: where one of them is there, this one is shown beneath it. */
  readonly dependsOn: readonly string[];
}

/** What docs/findings/CODE.md says, whatever the case. */
export interface FindingDoc {
  readonly title: string;
  readonly severity: Severity;
  /** What people see: exact messages where there are such. */
  readonly symptom: string;
  readonly why: string;
  readonly fix: string;
  /** When it is not reported although it looks like it. Empty: there is no such case. */
  readonly guards: string;
  readonly sources: readonly string[];
  /** Codes that are its causes, when they are there. */
  readonly dependsOn?: readonly string[];
}
