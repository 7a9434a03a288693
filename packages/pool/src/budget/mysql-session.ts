/**
 * A ledger in MariaDB or MySQL, statement by statement. The server's list has no name for a connection, so each of a replica's holds a lock
 * of its own name (`mark`): the server gives it back when the connection ends, however it ends. Pure: the queries come from outside.
 */
import { ledgerTable, lookOrMake, tableStatements } from "./ledger-table.ts";
import type { Query } from "./seam.ts";
import type { Found, LeaseSession, Look } from "./store.ts";

/** By the server's number of the connection: whoever has a number from the list can ask whose it is. */
const markSql = "DO GET_LOCK(CONCAT('hf:', ?, ':', CONNECTION_ID()), 0)";

/** Marks a connection as a replica's. A user without special rights sees its own connections in the list, and those are all that matter. */
export async function mysqlMark(query: Query, id: string): Promise<void> {
  await query(markSql, [id]);
}

// UTC and no local time: an hour that comes twice a year would be an hour's lease.
const lookSql = (table: string): string => `
SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) / 1000 AS now_ms, CONNECTION_ID() AS id,
  (SELECT version FROM ${table} WHERE name = ?) AS version, (SELECT document FROM ${table} WHERE name = ?) AS document,
  DATABASE() AS place,
  @@global.max_connections AS connections_max, @@session.max_user_connections AS user_max,
  (SELECT count(*) FROM information_schema.processlist AS listed WHERE IS_USED_LOCK(CONCAT('hf:', ?, ':', listed.id)) = listed.id) AS seen`;

const findSql = (count: number): string => `
SELECT wanted.replica AS replica, listed.id AS id,
  listed.command <> 'Sleep' AND coalesce(listed.state, '') NOT IN ('Writing to net', 'Sending to client') AS busy
FROM information_schema.processlist AS listed
JOIN (${Array.from({ length: count }, () => "SELECT ? AS replica").join(" UNION ALL ")}) AS wanted
WHERE IS_USED_LOCK(CONCAT('hf:', wanted.replica, ':', listed.id)) = listed.id`;

const missingTable = 1146;
const unknownThread = 1094;
const errnoOf = (fault: unknown): unknown => (fault as { errno?: unknown } | null)?.errno;

/** The database of the ledger, as a connection at the door has found it: a borrower's `USE` leads one of the pool to another. */
export interface Place {
  name: string | null;
}

export interface SessionSettings {
  readonly budget: string;
  readonly id: string;
  readonly createTable: boolean;
  /** Whether this is the connection that the server has, and none of a proxy: asked with the server's number of it. */
  readonly isDirect: (connectionId: number) => boolean;
  readonly place: Place;
}

export function mysqlSession(query: Query, { budget, id, createTable, isDirect, place }: SessionSettings): LeaseSession {
  const table = place.name === null ? ledgerTable : `\`${place.name.replaceAll("`", "``")}\`.${ledgerTable}`;
  const look = async (): Promise<Look> => {
    const row = (await query(lookSql(table), [budget, budget, id])).rows[0] ?? {};
    place.name ??= (row["place"] as string | null) ?? null;
    const visible = isDirect(Number(row["id"]));
    const userMax = Number(row["user_max"]);
    return {
      nowMs: Math.floor(Number(row["now_ms"])),
      version: Number(row["version"] ?? 0),
      text: row["document"] as string | null,
      connectionsMax: Number(row["connections_max"]),
      userMax: userMax > 0 ? userMax : null,
      // Its own alone: looking for everybody's would compare each connection with each replica at every renewal.
      seen: visible ? new Map([[id, Number(row["seen"])]]) : new Map(),
      strangers: null,
      visible,
    };
  };
  const make = { statement: tableStatements.mysql, isAllowed: createTable, run: (statement: string) => query(statement, []) };
  const find = async (replicas: readonly string[]): Promise<readonly Found[]> => {
    const { rows } = await query(findSql(replicas.length), replicas);
    return rows.map((row): Found => ({ replica: row["replica"] as string, connection: Number(row["id"]), busy: Number(row["busy"]) === 1 }));
  };
  return {
    look: () => lookOrMake(look, (fault) => errnoOf(fault) === missingTable, make),
    async swap(version, text) {
      const { affected } =
        version === 0
          ? await query(`INSERT IGNORE INTO ${table} (name, version, document) VALUES (?, 1, ?)`, [budget, text])
          : await query(`UPDATE ${table} SET version = version + 1, document = ? WHERE name = ? AND version = ?`, [text, budget, version]);
      return affected === 1;
    },
    find,
    async end(found) {
      // Looked for once more: numbers are the server's, and may be somebody else's by now.
      const still = await find([...new Set(found.map(({ replica }) => replica))]);
      for (const { connection } of found) {
        if (!still.some((each) => each.connection === connection)) continue;
        await query(`KILL CONNECTION ${connection}`, []).catch((fault: unknown) => {
          if (errnoOf(fault) !== unknownThread) throw fault;
        });
      }
    },
  };
}
