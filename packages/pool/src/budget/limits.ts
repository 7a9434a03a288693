/**
 * How many connections a budget may lease, from what the server says and what was declared. Pure.
 */
import { PoolError } from "../pool-error.ts";
import type { BudgetOptions } from "./options.ts";
import type { Look } from "./store.ts";

export interface Limits {
  readonly shares: number;
  readonly door: number;
  readonly reserve: number;
}

/** Throws `budget_unusable` where nothing can be leased. */
export function limitsOf({ connectionsMax, strangers, visible }: Pick<Look, "connectionsMax" | "strangers" | "visible">, options: BudgetOptions): Limits {
  const { reserve, surgeMax } = options;
  if (options.connectionsMax === "server" && !visible) {
    throw new PoolError(
      "budget_unusable",
      "A pooler stands before the database, and only it knows how many clients it takes: declare `connectionsMax` (PgBouncer: max_client_conn, as far as it is this budget's)",
    );
  }
  const ceiling = options.connectionsMax === "server" ? connectionsMax : visible ? Math.min(connectionsMax, options.connectionsMax) : options.connectionsMax;
  // What others have is gone, declared or not.
  const taken = Math.max(reserve, strangers ?? 0);
  const shares = ceiling - taken - surgeMax;
  if (ceiling - reserve - surgeMax < 1) {
    throw new PoolError(
      "budget_unusable",
      `Nothing is left to lease: ${ceiling} connections, ${reserve} of them for others (reserve), ${surgeMax} for the door (surgeMax)`,
    );
  }
  return { shares: Math.max(0, shares), door: surgeMax, reserve };
}
