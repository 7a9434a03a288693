/**
 * What a pool needs of a budget that it lives under. The pool knows nothing of replicas and leases.
 */
import type { BudgetNotice } from "../budget/notices.ts";
import type { BudgetOptions } from "../budget/options.ts";
import type { Budgeted, Query } from "../budget/seam.ts";

/** What decides on a pool's maximum. */
export interface PoolBudget {
  /** Given to each connection as its name; null: none. */
  readonly applicationName: string | null;
  /** Asked right before a connection is opened. After a no, `resize` makes the pool ask again. */
  mayOpen(): boolean;
  /** Called with each new connection before its first use. */
  mark(query: Query): Promise<void>;
  /** Begins to set the maximum of `pool`, up to `max`. */
  join(pool: Budgeted, max: number): void;
  /** Called when the pool takes no more calls. */
  leave(): Promise<void>;
}

/** The membership that the option `budget` means: given as it is, made of its options, or none. */
export function membership(asked: Partial<BudgetOptions> | PoolBudget | false, make: (options: Partial<BudgetOptions>) => PoolBudget): PoolBudget | null {
  if (asked === false) return null;
  return "join" in asked ? asked : make(asked);
}

/** Says what a budget tells, without what goes well. */
export const noticesTo =
  (warn: (line: string) => void) =>
  ({ code, message, cause }: BudgetNotice): void => {
    if (code !== "held" && code !== "waiting") warn(cause instanceof Error ? `${message}: ${cause.message}` : message);
  };
