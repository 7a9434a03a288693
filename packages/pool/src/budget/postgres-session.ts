/**
 * A ledger in PostgreSQL, statement by statement. Connections are told apart by `application_name`, which the server shows of everybody's.
 * Every statement stands alone: it holds in transaction mode of PgBouncer too. Pure: the queries come from outside.
 */
import { ledgerTable, lookOrMake, tableStatements } from "./ledger-table.ts";
import type { Query } from "./seam.ts";
import type { Found, LeaseSession, Look } from "./store.ts";

/** The end of `application_name` of a replica's connections, and of those at the door. 63 bytes are all that the server keeps. */
export const postgresTag = (budget: string, id: string): string => `hf:${budget}:${id}`;
export const doorTag = (budget: string): string => `hf:${budget}:door`;
export function applicationName(base: string, tag: string): string {
  return `${base.replace(/[^\x20-\x7e]/g, "?").slice(0, 62 - tag.length)} ${tag}`.trimStart();
}

/** What a driver is told, with the name apart: one in a connection string would win over the one that tells replicas apart. */
export function withoutName<C extends { readonly connectionString?: string | undefined; readonly application_name?: string | undefined }>(
  config: C,
): { readonly config: C; readonly name: string } {
  const { connectionString, application_name: name = "" } = config;
  const said = connectionString === undefined ? null : /[?&]application_name=([^&#]*)/.exec(connectionString);
  if (connectionString === undefined || said === null) return { config, name };
  const rest = connectionString.replace(/([?&])application_name=[^&#]*&?/g, "$1").replace(/[?&](?=#|$)/, "");
  return { config: { ...config, connectionString: rest }, name: new URLSearchParams(`name=${said[1]}`).get("name") ?? "" };
}

/** Finds the replica in a name; what it does not find is somebody else's. */
const replicaOf = "substring(application_name from 'hf:' || $1 || ':([0-9a-v]{12}|door)$')";

// Of other users' connections the server shows no type, but a database and a user, which what runs in the background lacks.
const isClient = "datid IS NOT NULL AND usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'";

const lookSql = (table: string): string => `
SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms, pg_backend_pid() AS pid,
  (SELECT version::float8 FROM ${table} WHERE name = $1) AS version,
  (SELECT document FROM ${table} WHERE name = $1) AS document,
  (SELECT relnamespace::regnamespace::text FROM pg_catalog.pg_class WHERE oid = '${table}'::regclass) AS place,
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
    - coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0) AS connections_max,
  (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user) AS role_max,
  (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database()) AS database_max,
  (SELECT json_object_agg(coalesce(replica, ''), connections) FROM (
    SELECT ${replicaOf} AS replica, count(*) AS connections FROM pg_stat_activity WHERE ${isClient} GROUP BY 1) AS listed) AS seen`;

const findSql = `
SELECT ${replicaOf} AS replica, pid,
  coalesce(usename <> current_user OR (state IN ('active', 'fastpath function call') AND wait_event_type IS DISTINCT FROM 'Client'), true) AS busy
FROM pg_stat_activity WHERE ${isClient} AND ${replicaOf} = ANY($2)`;

const endSql = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND ${replicaOf} = ANY($2) AND pid = ANY($3)`;

/**
 * The schema of the ledger, as a connection at the door has found it. One of the pool may have another `search_path` by now, since a borrower
 * may set it, and would find another table there, or make one.
 */
export interface Place {
  name: string | null;
}

export interface SessionSettings {
  readonly budget: string;
  readonly createTable: boolean;
  /** Whether this is the connection that the server has, and none of a pooler: asked with the server's number of it. */
  readonly isDirect: (pid: number) => boolean;
  readonly place: Place;
}

const codeOf = (fault: unknown): unknown => (fault as { code?: unknown } | null)?.code;
const least = (...values: unknown[]): number | null => {
  const limits = values.filter((value) => typeof value === "number");
  return limits.length === 0 ? null : Math.min(...limits);
};

export function postgresSession(query: Query, { budget, createTable, isDirect, place }: SessionSettings): LeaseSession {
  const table = place.name === null ? ledgerTable : `${place.name}.${ledgerTable}`;
  const look = async (): Promise<Look> => {
    const row = (await query(lookSql(table), [budget])).rows[0] ?? {};
    place.name ??= (row["place"] as string | null) ?? null;
    const { "": strangers = 0, door: _, ...replicas } = (row["seen"] ?? {}) as Record<string, number>;
    const visible = isDirect(row["pid"] as number);
    return {
      nowMs: Math.floor(row["now_ms"] as number),
      version: (row["version"] as number | null) ?? 0,
      text: row["document"] as string | null,
      connectionsMax: row["connections_max"] as number,
      userMax: least(row["role_max"], row["database_max"]),
      seen: visible ? new Map(Object.entries(replicas)) : new Map(),
      strangers: visible ? strangers : null,
      visible,
    };
  };
  const make = { statement: tableStatements.postgres, isAllowed: createTable, run: (statement: string) => query(statement, []) };
  return {
    look: () => lookOrMake(look, (fault) => codeOf(fault) === "42P01", make),
    async swap(version, text) {
      const sql =
        version === 0
          ? `INSERT INTO ${table} (name, version, document) VALUES ($1, $2::bigint + 1, $3) ON CONFLICT (name) DO NOTHING`
          : `UPDATE ${table} SET version = $2::bigint + 1, document = $3 WHERE name = $1 AND version = $2::bigint`;
      return (await query(sql, [budget, version, text])).affected === 1;
    },
    async find(replicas) {
      const { rows } = await query(findSql, [budget, replicas]);
      return rows.map((row): Found => ({ replica: row["replica"] as string, connection: row["pid"] as number, busy: row["busy"] as boolean }));
    },
    async end(found) {
      await query(endSql, [budget, [...new Set(found.map(({ replica }) => replica))], found.map(({ connection }) => connection)]);
    },
  };
}
