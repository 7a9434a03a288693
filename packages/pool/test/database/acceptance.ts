/**
 * The acceptance suite of pools, run on a database pool: with a proxy that counts before a real server.
 */
import type { TestDatabase } from "../../../../scripts/test-support/databases.ts";
import type { DatabasePoolOptions, DatabaseStats } from "../../src/postgres/index.ts";
import { poolSuite, type SuiteLease } from "../../src/testing/index.ts";
import { type CountedProxy, countedProxy } from "./counted-proxy.ts";

/** A pool as the suite needs it. */
export interface Subject {
  acquire(ask?: { readonly signal?: AbortSignal }): Promise<SuiteLease>;
  stats(): DatabaseStats;
  resize(max: number): void;
  close(): Promise<void>;
}

/** Declares the suite. */
export function databaseAcceptance(
  name: string,
  server: () => TestDatabase,
  open: (address: CountedProxy["address"], options: Partial<DatabasePoolOptions>) => Subject,
): void {
  poolSuite(
    name,
    async (setup) => {
      const proxy = await countedProxy(server().address);
      const pool = open(proxy.address, { backoffMsMax: 200, closeMs: 1_000, ...setup });
      const end = async (): Promise<void> => {
        await pool.close();
        await proxy.close();
      };
      return { ...proxy, pool, end };
    },
    { fifo: true, lifo: true, abort: true, queue: true, resize: true, notices: true, idle: true, age: true, requests: true },
  );
}

/** One connection of the suite. */
export const suiteLease = (id: unknown, ask: () => Promise<unknown>, release: (broken: boolean) => void): SuiteLease => ({
  id,
  works: () =>
    ask().then(
      () => true,
      () => false,
    ),
  release: (broken = false) => release(broken),
});
