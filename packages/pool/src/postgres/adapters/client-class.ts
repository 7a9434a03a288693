/**
 * The class of the clients that the inner pool makes: the user's own, with its birth noted, and what PgBouncer cannot do refused before it is
 * sent.
 */
import type pg from "pg";
import { PoolError } from "../../pool-error.ts";
import { refusedThroughPooler } from "../pooler.ts";

/** What stands between the pool and the server. */
export type Through = "direct" | "pgbouncer";

/** The user's client class, which notes what the inner pool makes of it, and refuses what PgBouncer cannot do. */
export function clientClass(Base: typeof pg.Client, born: { client: pg.PoolClient | null }, through: Through, namedStatements: boolean): typeof pg.Client {
  return class extends Base {
    constructor(config?: pg.ClientConfig) {
      super(config);
      born.client = this as unknown as pg.PoolClient;
    }

    override query(...args: unknown[]): never {
      const refusal = through === "direct" && namedStatements ? null : refusalOf(args[0], through, namedStatements);
      const run = super.query as unknown as (...all: unknown[]) => never;
      if (refusal === null) return run.apply(this, args);
      const callback = args.at(-1);
      if (typeof callback !== "function") return Promise.reject(refusal) as never;
      process.nextTick(callback, refusal);
      return undefined as never;
    }
  } as unknown as typeof pg.Client;
}

function refusalOf(statement: unknown, through: Through, namedStatements: boolean): PoolError | null {
  const { name, text } = (typeof statement === "object" && statement !== null ? statement : { text: statement }) as { name?: unknown; text?: unknown };
  if (!namedStatements && typeof name === "string" && name !== "") {
    return new PoolError(
      "not_through_pooler",
      "Named prepared statements: the statement exists in one server connection only; leave `name` away, or use PgBouncer 1.21 with `namedStatements: true`",
    );
  }
  const row = through === "pgbouncer" && typeof text === "string" ? refusedThroughPooler(text) : null;
  return row === null ? null : new PoolError("not_through_pooler", `${row.what}: ${row.why}. Instead: ${row.instead}`);
}
