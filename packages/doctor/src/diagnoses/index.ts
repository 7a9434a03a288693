/**
 * The list of diagnoses, equals all: each reads the facts alone and says what it is sure of. Pure. None looks at another's findings: which of two is
 * the cause is said by `dependsOn`, and the order is made of that.
 */
import type { Finding, Plan } from "@holdfast/path";
import type { Facts } from "../facts.ts";

/** `plan` is the declared path, where there is one. */
export type Diagnosis = (facts: Facts, plan: Plan | null) => Finding[];

const diagnoses: readonly Diagnosis[] = [];

/** All findings, in no order that matters: see `orderFindings` of the path. */
export function diagnose(facts: Facts, plan: Plan | null): Finding[] {
  return diagnoses.flatMap((diagnosis) => diagnosis(facts, plan));
}
