/**
 * The rings of tests, in the order in which they run: from pure to whole. Data only; `npm test` runs them all.
 * Budgets are seconds of wall time on two cores; a ring is killed at twice its budget. A ring without files fails, so that a
 * ring can not vanish unseen.
 */

/** One ring: the files that it runs with Node's test runner, and how. */
export interface Ring {
  readonly name: string;
  /** Matches paths relative to the root. */
  readonly files: RegExp;
  /** Files that run at the same time. 1 where tests measure time. */
  readonly concurrency: number;
  readonly budgetSeconds: number;
}

/** What all of `npm test` may take, the checks included. */
export const totalBudgetSeconds = 1200;

/** What the checks before the rings may take. */
export const checkBudgetSeconds = 45;

export const rings: readonly Ring[] = [
  { name: "unit", files: /^(packages\/[^/]+|scripts)\/test\/.*\.test\.ts$/, concurrency: 2, budgetSeconds: 380 },
  { name: "sim", files: /^sim\/.*\.test\.ts$/, concurrency: 1, budgetSeconds: 70 },
  { name: "e2e", files: /^e2e\/.*\.test\.ts$/, concurrency: 1, budgetSeconds: 715 },
  { name: "bench", files: /^bench\/.*\.test\.ts$/, concurrency: 1, budgetSeconds: 60 },
];
