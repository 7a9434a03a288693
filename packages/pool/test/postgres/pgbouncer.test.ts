/**
 * The PostgreSQL pool through a real PgBouncer in transaction mode: what works, what is refused, and that what is refused would not work.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startPgbouncer, startPostgres, type TestDatabase } from "../../../../scripts/test-support/databases.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import type { PoolError } from "../../src/pool-error.ts";
import { type PostgresPool, type PostgresPoolOptions, type poolerRows, postgresPool } from "../../src/postgres/index.ts";
import { eventually } from "../database/suite.ts";

const skip = needs("postgres", "pgbouncer", "proc");
let server: TestDatabase;
let bouncer: TestDatabase;

before(async () => {
  if (skip !== false) return;
  server = await startPostgres({ connectionsMax: 20 });
  bouncer = await startPgbouncer({ behind: server.address, settings: ["default_pool_size = 2", "max_client_conn = 10", "server_round_robin = 1"] });
});
after(async () => {
  await bouncer?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const open = (options: PostgresPoolOptions = {}): PostgresPool =>
  postgresPool({ ...bouncer.address, user: "app", through: "pgbouncer", warn: () => undefined, ...options });

test("statements with parameters and transactions work, over fewer connections of the server than the pool has", { skip }, async () => {
  const said: string[] = [];
  const pool = open({ max: 6, warn: (line) => said.push(line) });
  await pool.query("CREATE TABLE numbers (n int)");
  await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      n % 2 === 0 ? pool.query("INSERT INTO numbers VALUES ($1)", [n]) : pool.transaction((client) => client.query("INSERT INTO numbers VALUES ($1)", [n])),
    ),
  );
  assert.deepEqual((await pool.query("SELECT count(*)::int AS count FROM numbers")).rows, [{ count: 40 }]);
  const [{ count }] = (await server.admin("SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = 'app'")) as [{ count: number }];
  assert.ok(count <= 2, `${count}`);
  await pool.transaction(async (client) => {
    await client.query("SET LOCAL work_mem = '1MB'");
    await client.query("SELECT pg_advisory_xact_lock(1)");
    await client.query("CREATE TEMPORARY TABLE passing (n int) ON COMMIT DROP");
    await client.query("NOTIFY somebody");
  });
  assert.equal(pool.stats().open, 6);
  assert.deepEqual(said, []);
  await pool.end();
});

const needsSession: Readonly<Record<keyof typeof poolerRows, string>> = {
  advisory_lock: "SELECT pg_advisory_lock(1)",
  cursor_with_hold: "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
  listen: "LISTEN somebody",
  load: "LOAD 'plpgsql'",
  prepare: "PREPARE it AS SELECT 1",
  set: "SET search_path = other",
  temporary_table: "CREATE TEMP TABLE t (n int)",
};

test("what needs a session is refused before it is sent, and the error says what to do instead", { skip }, async () => {
  const pool = open({ max: 1 });
  for (const [row, statement] of Object.entries(needsSession)) {
    await assert.rejects(
      pool.query(statement),
      (error: PoolError) => error.code === "not_through_pooler" && error.outcome === "not_sent" && error.message.includes("Instead:"),
      row,
    );
  }
  await assert.rejects(pool.query({ name: "it", text: "SELECT 1" }), { code: "not_through_pooler" });
  assert.deepEqual((await pool.query("SELECT 'LISTEN' AS word -- SET x = 1")).rows, [{ word: "LISTEN" }]);
  assert.equal(pool.stats().opened, 1);
  await pool.end();
});

test("without `through` the pooler is noticed, and named statements meet other sessions", { skip }, async () => {
  const said: string[] = [];
  const pool = open({ through: "direct", max: 6, warn: (line) => said.push(line) });
  const calls = await Promise.allSettled(Array.from({ length: 60 }, (_, n) => pool.query({ name: "named", text: "SELECT $1::int", values: [n] })));
  const codes = new Set(calls.flatMap((call) => (call.status === "rejected" ? [(call.reason as { code?: string }).code] : [])));
  assert.ok(codes.has("42P05") || codes.has("26000"), `prepared statement exists already, or does not exist: ${[...codes]}`);
  assert.match(said.join("\n"), /through: "pgbouncer"/);
  await pool.close();
});

test("a statement timeout at the log-in is refused by the pool, and where it was not, by PgBouncer", { skip }, async () => {
  assert.throws(() => open({ statementTimeoutMs: 1_000 }), { code: "invalid_option" });
  assert.throws(() => open({ lock_timeout: 1_000 }), { code: "invalid_option" });
  const pool = open({ through: "direct", max: 1, statementTimeoutMs: 1_000 });
  await assert.rejects(pool.query("SELECT 1"), (error: PoolError) => error.code === "connect_failed" && /unsupported startup parameter/.test(error.message));
  await pool.close();
});

test("a statement that its borrower left ends its connection, and PgBouncer is never asked to cancel, which could end it", { skip }, async () => {
  for (const through of ["pgbouncer", "direct"] as const) {
    const pool = open({ through, max: 1 });
    const client = await pool.connect();
    const left = assert.rejects(client.query("SELECT pg_sleep(2)"));
    client.release(true);
    await left;
    await pool.query("SELECT 1");
    await pool.end();
  }
  assert.doesNotMatch(bouncer.process.log(), /cancel request/);
});

test("killed and started again, PgBouncer is found again by the pool itself", { skip }, async () => {
  const pool = open({ max: 3, backoffMsMax: 200 });
  await pool.query("SELECT 1");
  await bouncer.process.kill();
  await eventually(() => assert.equal(pool.held(), 0));
  await bouncer.process.start();
  await eventually(() => pool.query("SELECT 1"));
  await pool.end();
});

test("more clients than PgBouncer takes: those it refuses wait for those it took", { skip }, async () => {
  const pool = open({ max: 20, backoffMsMax: 200, acquireTimeoutMs: 10_000 });
  const lent = await Promise.allSettled(Array.from({ length: 20 }, () => pool.connect()));
  const refused = lent.flatMap((each) => (each.status === "rejected" ? [each.reason as PoolError] : []));
  assert.ok(refused.length > 0);
  for (const { code, message } of refused) assert.match(`${code} ${message}`, /^(connect_failed|acquire_timeout).*no more connections allowed/);
  for (const each of lent) if (each.status === "fulfilled") each.value.release();
  await pool.query("SELECT 1");
  await pool.end();
});
