/**
 * The connection that a pool lends its budget, when nobody else gets one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { startPostgres } from "../../../../scripts/test-support/databases.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { postgresPool } from "../../src/postgres/index.ts";

test("a renewal gets the next connection that comes free, however full the queue is", { skip: needs("postgres", "proc") }, async () => {
  await using database = await startPostgres({ connectionsMax: 10 });
  const pool = postgresPool({ ...database.address, user: "app", max: 1, queueMax: 1, warn: () => {} });
  const order: string[] = [];
  const lent = await pool.connect();
  const waiting = pool.query("SELECT 1").then(() => order.push("caller"));
  await assert.rejects(pool.query("SELECT 1"), /queue_full/);
  const renewed = pool
    .control((query) => query("SELECT 7 AS seven", []), new AbortController().signal)
    .then(({ rows }) => order.push(`renewal ${rows[0]?.["seven"]}`));
  for (let turns = 0; turns < 20; turns++) await turn();
  lent.release();
  await Promise.all([waiting, renewed]);
  assert.deepEqual(order, ["renewal 7", "caller"]);
  await pool.end();
});
