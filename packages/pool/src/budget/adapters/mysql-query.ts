/**
 * Statements over one connection of `mysql2`. The driver is not loaded here: whoever has a connection has it.
 */
import type { Connection } from "mysql2";
import type { Query } from "../seam.ts";

/** Statements as text, with the values put in by the driver: nothing is prepared. */
export function queryOf(connection: Pick<Connection, "query">): Query {
  return (sql, values) =>
    new Promise((resolve, reject) => {
      connection.query(sql, [...values], (fault, result) => {
        if (fault !== null) return reject(fault);
        if (Array.isArray(result)) resolve({ rows: result as Record<string, unknown>[], affected: 0 });
        else resolve({ rows: [], affected: result.affectedRows });
      });
    });
}
