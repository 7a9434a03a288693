/**
 * Budgets in PostgreSQL by way of `pg`: the door, and the names of connections. What is asked is postgres-session.ts.
 */
import { Socket } from "node:net";
import pg from "pg";
import { nodePoolEnv } from "../../adapters/env.ts";
import { Budget } from "../budget.ts";
import { type BudgetOptions, resolveBudgetOptions } from "../options.ts";
import { applicationName, doorTag, postgresSession, postgresTag, withoutName } from "../postgres-session.ts";
import type { Query } from "../seam.ts";
import { DoorRefused, type LeaseStore, type OpenDoor } from "../store.ts";
import { closeWithin } from "./close-within.ts";
import { type BudgetSurroundings, emitNotice } from "./surroundings.ts";

/** PostgreSQL's word for "too many connections", of the server, the database or the role. */
const tooMany = "53300";

/** A store for the memberships of one pool: give it the configuration of the pool's connections. */
export function postgresStore(given: pg.ClientConfig, { name, createTable }: BudgetOptions): (id: string) => LeaseStore {
  const { config, name: base } = withoutName(given);
  return (id) => {
    // Until the door has told: it is always the first to be asked.
    let isPooled = false;
    // What the first door finds holds for as long as the replica lives: two of them must never write in two places.
    const place = { name: null };
    const settings = { budget: name, createTable, place };
    return {
      applicationName: applicationName(base, postgresTag(name, id)),
      mark: () => Promise.resolve(),
      session: (query) => postgresSession(query, { ...settings, isDirect: () => !isPooled }),
      async door(signal): Promise<OpenDoor> {
        const socket = new Socket();
        const client = new pg.Client({ ...config, application_name: applicationName(base, doorTag(name)), stream: () => socket });
        // What ends it is told by the statement that it ends.
        client.on("error", () => {});
        const abort = (): void => void socket.destroy();
        signal.addEventListener("abort", abort, { once: true });
        try {
          signal.throwIfAborted();
          await client.connect();
        } catch (cause) {
          socket.destroy();
          signal.removeEventListener("abort", abort);
          throw (cause as { code?: unknown }).code === tooMany ? new DoorRefused((cause as Error).message, { cause }) : cause;
        }
        const query: Query = async (sql, values) => {
          const { rows, rowCount } = await client.query(sql, [...values]);
          return { rows, affected: rowCount ?? 0 };
        };
        const isDirect = (pid: number): boolean => {
          isPooled = pid !== (client as unknown as { processID: number }).processID;
          return !isPooled;
        };
        return {
          session: postgresSession(query, { ...settings, isDirect }),
          close: async () => {
            await closeWithin(socket, () => void client.end().catch(() => {}));
            signal.removeEventListener("abort", abort);
          },
        };
      },
    };
  };
}

/** A membership for one `postgresPool`: `budget` of its options. `config` is what the pool's connections are made with. */
export function postgresBudget(
  options: Partial<BudgetOptions>,
  config: pg.ClientConfig,
  { notice = emitNotice, env = nodePoolEnv }: BudgetSurroundings = {},
): Budget {
  const resolved = resolveBudgetOptions(options);
  return new Budget(resolved, postgresStore(config, resolved), env, { notice });
}
