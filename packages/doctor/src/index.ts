/**
 * The doctor: what a live path does, measured, and whom to blame. Names only.
 */
export type { IdleFact, IdleOf, Known } from "./facts.ts";
