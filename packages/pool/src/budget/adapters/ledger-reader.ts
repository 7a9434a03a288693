/**
 * Looks at the ledgers of a database from outside, for people: over one connection, which is none of a replica's. It never writes, and
 * loads the driver that the address asks for only then.
 */
import { ledgerTable } from "../ledger-table.ts";
import { mysqlSession } from "../mysql-session.ts";
import { postgresSession } from "../postgres-session.ts";
import type { Query } from "../seam.ts";
import type { Look } from "../store.ts";
import { queryOf } from "./mysql-query.ts";

export interface LedgerReader {
  /** The budgets that have a ledger; none where the table is missing. */
  names(): Promise<string[]>;
  look(budget: string): Promise<Look>;
  close(): void;
}

const connectMs = 5_000;
/** "No such table", in both. */
const missing = new Set<unknown>(["42P01", "ER_NO_SUCH_TABLE"]);
const name = "holdfast pool watch";

/** Which kind of database an address means; null: none that has ledgers. */
export function databaseKind(url: URL): "postgres" | "mysql" | null {
  if (/^postgres(ql)?:$/.test(url.protocol)) return "postgres";
  return /^(mysql|mariadb):$/.test(url.protocol) ? "mysql" : null;
}

export async function openLedgers(url: URL): Promise<LedgerReader> {
  return databaseKind(url) === "postgres" ? overPostgres(url) : overMysql(url);
}

async function overPostgres(url: URL): Promise<LedgerReader> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: url.href, application_name: name, connectionTimeoutMillis: connectMs });
  client.on("error", () => {});
  await client.connect();
  const query: Query = async (sql, values) => {
    const { rows, rowCount } = await client.query(sql, [...values]);
    return { rows, affected: rowCount ?? 0 };
  };
  return {
    names: () => names(query),
    look: (budget) => postgresSession(query, { budget, createTable: false, isDirect: () => true, place: { name: null } }).look(),
    close: () => void client.end().catch(() => {}),
  };
}

async function overMysql(url: URL): Promise<LedgerReader> {
  const { default: mysql } = await import("mysql2");
  const uri = new URL(url);
  uri.protocol = "mysql:";
  const connection = mysql.createConnection({ uri: uri.href, connectTimeout: connectMs });
  connection.on("error", () => {});
  const query = queryOf(connection);
  const opened = await names(query).catch((fault: unknown) => {
    connection.destroy();
    throw fault;
  });
  let first: string[] | null = opened;
  return {
    names: () => {
      const known = first;
      first = null;
      return known === null ? names(query) : Promise.resolve(known);
    },
    look: (budget) => mysqlSession(query, { budget, id: "", createTable: false, isDirect: () => true, place: { name: null } }).look(),
    close: () => connection.end(() => {}),
  };
}

async function names(query: Query): Promise<string[]> {
  try {
    return (await query(`SELECT name FROM ${ledgerTable} ORDER BY name`, [])).rows.map((row) => row["name"] as string);
  } catch (fault) {
    if (missing.has((fault as { code?: unknown }).code)) return [];
    throw fault;
  }
}
