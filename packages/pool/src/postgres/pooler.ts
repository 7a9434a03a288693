/**
 * What PgBouncer in transaction mode cannot do: after each transaction the next one may run on another server connection, so whatever a
 * session keeps is lost, or meets somebody else. Pure: looks at the beginning of a statement, never at the server.
 */

export interface PoolerRow {
  /** Recognised in the statement, without comments and strings. */
  readonly pattern: RegExp;
  readonly what: string;
  readonly why: string;
  readonly instead: string;
}

const row = (pattern: RegExp, what: string, why: string, instead: string): PoolerRow => ({ pattern, what, why, instead });

/** What is refused where the pool is `through: "pgbouncer"`; docs/databases.md is made from it. */
export const poolerRows = {
  advisory_lock: row(
    /\bpg_(try_)?advisory_(lock|unlock)(_shared|_all)?\s*\(/i,
    "Session advisory locks",
    "The lock stays with a server connection that somebody else uses next; the unlock meets another one",
    "`pg_advisory_xact_lock`, or a direct connection",
  ),
  cursor_with_hold: row(
    /^declare\b.*\bwith\s+hold\b/is,
    "`DECLARE ... WITH HOLD`",
    "The cursor outlives its transaction, on a connection that is gone",
    "A cursor within one transaction",
  ),
  listen: row(
    /^(un)?listen\b/i,
    "`LISTEN`, `UNLISTEN`",
    "Notifications arrive at a server connection that nobody reads",
    "A direct connection (`NOTIFY` works)",
  ),
  load: row(/^load\b/i, "`LOAD`", "The library is loaded into one server connection", "`session_preload_libraries` at the server"),
  prepare: row(
    /^(prepare\s+(?!transaction)|execute\b|deallocate\b)/i,
    "`PREPARE`, `EXECUTE`, `DEALLOCATE`",
    "The statement exists in one server connection only",
    "Statements with parameters, without a name",
  ),
  set: row(
    /^(set\s+(?!local\b|transaction\b|constraints\b)|reset\b|discard\b)/i,
    "`SET`, `RESET`, `DISCARD`",
    "The setting stays with a server connection that somebody else uses next",
    "`SET LOCAL` within a transaction, or `ALTER ROLE ... SET`",
  ),
  temporary_table: row(
    /^create\s+((local|global)\s+)?temp(orary)?\s+(?!.*\bon\s+commit\s+drop\b)/is,
    "Temporary tables",
    "The table exists in one server connection only, and stays there",
    "`CREATE TEMPORARY TABLE ... ON COMMIT DROP` within a transaction",
  ),
} as const satisfies Readonly<Record<string, PoolerRow>>;

/** Why a statement cannot be had through PgBouncer; null: it can, as far as its text says. */
export function refusedThroughPooler(sql: string): PoolerRow | null {
  const plain = bare(sql);
  return Object.values(poolerRows).find(({ pattern }) => pattern.test(plain)) ?? null;
}

/** Startup parameters that PgBouncer 1.18 refuses unless `ignore_startup_parameters` names them. */
export const poolerStartupParameters: readonly string[] = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "options"];

/** The statement without comments and without what stands in quotes. Long ones are cut: what matters stands at their beginning. */
function bare(sql: string): string {
  return sql
    .slice(0, 10_000)
    .replace(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|\$(\w*)\$[\s\S]*?\$\1\$/g, " ")
    .trimStart();
}
