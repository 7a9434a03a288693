/**
 * Budgets in MariaDB and MySQL by way of `mysql2`: the door, and the marks of connections. What is asked is mysql-session.ts.
 */
import type { Socket } from "node:net";
import mysql from "mysql2";
import { nodePoolEnv } from "../../adapters/env.ts";
import { Budget } from "../budget.ts";
import { mysqlMark, mysqlSession } from "../mysql-session.ts";
import { type BudgetOptions, resolveBudgetOptions } from "../options.ts";
import { DoorRefused, type LeaseStore, type OpenDoor } from "../store.ts";
import { closeWithin } from "./close-within.ts";
import { queryOf } from "./mysql-query.ts";
import { type BudgetSurroundings, emitNotice } from "./surroundings.ts";

/** Too many connections: of the server, of the user by a limit of its own, of the user by the server's. */
const tooMany = new Set([1040, 1203, 1226]);

/** A store for the memberships of one pool: give it the configuration of the pool's connections. */
export function mysqlStore(config: mysql.ConnectionOptions, { name, createTable }: BudgetOptions): (id: string) => LeaseStore {
  return (id) => {
    let isProxied = false;
    const settings = { budget: name, id, createTable, place: { name: null } };
    return {
      applicationName: null,
      // A proxy's connections are not the server's: a mark would be on one of them, and pin it.
      mark: (query) => (isProxied ? Promise.resolve() : mysqlMark(query, id)),
      session: (query) => mysqlSession(query, { ...settings, isDirect: () => !isProxied }),
      async door(signal): Promise<OpenDoor> {
        signal.throwIfAborted();
        const connection = mysql.createConnection(config);
        connection.on("error", () => {});
        const abort = (): void => connection.destroy();
        signal.addEventListener("abort", abort, { once: true });
        try {
          await connected(connection, signal);
        } catch (cause) {
          connection.destroy();
          signal.removeEventListener("abort", abort);
          throw tooMany.has((cause as { errno?: number }).errno ?? 0) ? new DoorRefused((cause as Error).message, { cause }) : cause;
        }
        const isDirect = (connectionId: number): boolean => {
          isProxied = connectionId !== connection.threadId;
          return !isProxied;
        };
        return {
          session: mysqlSession(queryOf(connection), { ...settings, isDirect }),
          close: async () => {
            await closeWithin((connection as unknown as { stream: Socket }).stream, () => connection.end(() => {}));
            signal.removeEventListener("abort", abort);
          },
        };
      },
    };
  };
}

function connected(connection: mysql.Connection, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    connection.connect((fault) => (fault === null || fault === undefined ? resolve() : reject(fault)));
  });
}

/** A membership for one `mysqlPool`: `budget` of its options. `config` is what the pool's connections are made with. */
export function mysqlBudget(
  options: Partial<BudgetOptions>,
  config: mysql.ConnectionOptions,
  { notice = emitNotice, env = nodePoolEnv }: BudgetSurroundings = {},
): Budget {
  const resolved = resolveBudgetOptions(options);
  return new Budget(resolved, mysqlStore(config, resolved), env, { notice });
}
