/**
 * What a MySQL or MariaDB server, or what stands before it, says of itself. Pure: the question, and what follows from the answer.
 */
import { keepMsOf } from "../expiry.ts";

export const factsQuestion = "SELECT CONNECTION_ID() AS connection, @@wait_timeout AS idle, VERSION() AS version";

export interface MysqlFacts {
  /** The connection that answered is not the one that was named at the log-in: something hands it on. */
  readonly pooled: boolean;
  /** How long an idle connection may be relied on; null: not known. */
  readonly keepMs: number | null;
  readonly mariadb: boolean;
}

export function mysqlFacts(row: Readonly<Record<string, unknown>> | undefined, namedConnection: number | null): MysqlFacts {
  const connection = row?.["connection"];
  const pooled = namedConnection !== null && connection !== undefined && Number(connection) !== namedConnection;
  const idleMs = Number(row?.["idle"] ?? 0) * 1_000;
  return { pooled, keepMs: pooled || !(idleMs > 0) ? null : keepMsOf(idleMs), mariadb: String(row?.["version"] ?? "").includes("MariaDB") };
}

/** The statement that has the server end statements that take longer. MySQL limits SELECT only. */
export const limitStatement = (limitMs: number, mariadb: boolean): string =>
  mariadb ? `SET SESSION max_statement_time = ${limitMs / 1_000}` : `SET SESSION max_execution_time = ${limitMs}`;
