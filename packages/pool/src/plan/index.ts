/**
 * Sizing on paper: names only.
 */
export { type BouncerInput, type LoadInput, type Plan, type PlanInput, type PlanRow, plan } from "./plan.ts";
