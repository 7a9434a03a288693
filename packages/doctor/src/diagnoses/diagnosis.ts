/** What a diagnosis is: the facts in, what is sure of them out. Types only. `plan` is the declared path, where there is one. */
import type { Finding, Plan } from "@holdfast/path";
import type { Facts } from "../facts.ts";

export type Diagnosis = (facts: Facts, plan: Plan | null) => Finding[];
