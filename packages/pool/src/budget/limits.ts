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
export function limitsOf(look: Pick<Look, "connectionsMax" | "userMax" | "strangers" | "visible">, options: BudgetOptions): Limits {
  const { connectionsMax, userMax, strangers, visible } = look;
  const { reserve, surgeMax } = options;
  if (options.connectionsMax === "server" && !visible) {
    throw new PoolError(
      "budget_unusable",
      "A pooler stands before the database, and only it knows how many clients it takes: declare `connectionsMax` (PgBouncer: max_client_conn, as far as it is this budget's)",
    );
  }
  const declared = options.connectionsMax === "server" ? Number.POSITIVE_INFINITY : options.connectionsMax;
  // Of what was declared, and of a limit of this user, others take nothing; of the server's they do, declared or not.
  const own = Math.min(declared, visible ? (userMax ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY);
  const all = visible ? connectionsMax : Number.POSITIVE_INFINITY;
  const most = Math.min(own, all - reserve) - surgeMax;
  if (most < 1) {
    const parts = `the server gives ${all}, ${reserve} of them to others (reserve), and this budget at most ${own}; ${surgeMax} stay free for the door (surgeMax)`;
    throw new PoolError("budget_unusable", `Nothing is left to lease: ${parts}`);
  }
  const shares = Math.min(most, all - (strangers ?? 0) - surgeMax);
  return { shares: Math.max(0, shares), door: surgeMax, reserve };
}
