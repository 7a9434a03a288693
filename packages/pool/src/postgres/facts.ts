/**
 * What a PostgreSQL server, or what stands before it, says of itself once to each pool. Pure: the question, and what follows from the answer.
 */
import { keepMsOf } from "../expiry.ts";

/** One statement; settings that a server does not have are null. */
export const factsQuestion = "SELECT pg_backend_pid() AS process, (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout') AS idle";

export interface PostgresFacts {
  /** The process that answered is not the one that was named at the log-in: something hands the connection on. */
  readonly pooled: boolean;
  /** How long an idle connection may be relied on; null: the server ends none. */
  readonly keepMs: number | null;
}

export function postgresFacts(row: Readonly<Record<string, unknown>> | undefined, namedProcess: number | null): PostgresFacts {
  const pooled = namedProcess !== null && typeof row?.["process"] === "number" && row["process"] !== namedProcess;
  const idleMs = Number(row?.["idle"] ?? 0);
  // Behind a pooler it is the pooler's connection that the server ends.
  return { pooled, keepMs: pooled || !(idleMs > 0) ? null : keepMsOf(idleMs) };
}
