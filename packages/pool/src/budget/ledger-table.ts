/**
 * The one table that budgets need, and what to say where it can not be made. Pure.
 */
import { PoolError } from "../pool-error.ts";
import type { Look } from "./store.ts";

export const ledgerTable = "holdfast_pool_budgets";

/** The statement that makes it, as PostgreSQL, MariaDB and MySQL understand it. */
export const tableStatements = {
  postgres: `CREATE TABLE IF NOT EXISTS ${ledgerTable} (name text PRIMARY KEY, version bigint NOT NULL, document text NOT NULL)`,
  mysql: `CREATE TABLE IF NOT EXISTS ${ledgerTable} (name varchar(64) PRIMARY KEY, version bigint NOT NULL, document mediumtext NOT NULL) ENGINE=InnoDB CHARACTER SET utf8mb4`,
} as const;

export interface Make {
  readonly statement: string;
  readonly isAllowed: boolean;
  run(statement: string): Promise<unknown>;
}

/** Looks; where the table is missing it is made once, if that is allowed, and looked at again. */
export async function lookOrMake(look: () => Promise<Look>, isMissing: (fault: unknown) => boolean, make: Make): Promise<Look> {
  try {
    return await look();
  } catch (fault) {
    if (!isMissing(fault)) throw fault;
    if (!make.isAllowed) throw new PoolError("budget_unusable", `The table is missing. Make it by: ${make.statement}`, { cause: fault });
  }
  try {
    await make.run(make.statement);
  } catch (cause) {
    // Another replica may have made it at the same moment, which some servers call a failure.
    return look().catch(() => {
      throw new PoolError("budget_unusable", `The table is missing, and this user may not make it. Have it made by: ${make.statement}`, { cause });
    });
  }
  return look();
}
