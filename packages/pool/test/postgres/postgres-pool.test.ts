/**
 * The PostgreSQL pool, with a real server: what holds of every database pool, and what is its own.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { Registry } from "prom-client";
import { startPostgres, type TestDatabase } from "../../../../scripts/test-support/databases.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import type { PoolError } from "../../src/pool-error.ts";
import { type PostgresPool, type PostgresPoolOptions, poolMetricDocs, poolMetrics, postgresPool } from "../../src/postgres/index.ts";
import { databaseAcceptance, suiteLease } from "../database/acceptance.ts";
import { type AnyPool, databaseSuite, eventually } from "../database/suite.ts";

const skip = needs("postgres", "proc");
let server: TestDatabase;

before(async () => {
  if (skip === false) server = await startPostgres({ connectionsMax: 40 });
});
after(() => server?.[Symbol.asyncDispose]());

const quiet = (): void => undefined;
const open = (options: PostgresPoolOptions = {}): PostgresPool => postgresPool({ ...server.address, user: "app", warn: quiet, ...options });

function wrapped(pool: PostgresPool): AnyPool {
  const rows = async (client: { query(sql: string): Promise<pg.QueryResult> }, sql: string): Promise<unknown> => (await client.query(sql)).rows;
  return {
    run: (sql) => rows(pool, sql),
    borrow: async (ask) => {
      const client = await pool.acquire(ask);
      return { run: (sql) => rows(client, sql), release: () => client.release() };
    },
    transaction: (run) => pool.transaction((client) => run((sql) => rows(client, sql))),
    stats: () => pool.stats(),
    end: () => pool.end(),
    close: () => pool.close(),
    resize: (max) => pool.resize(max),
    held: () => pool.held(),
    pressure: () => pool.pressure(),
    control: (run, signal) => pool.control(run, signal),
  };
}

databaseSuite(
  {
    name: "PostgreSQL",
    server: () => server,
    open: (options) => wrapped(open(options)),
    count: async () => Number((await server.admin("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"))[0]?.["count"]),
    limit: async (max) => void (await server.admin(`ALTER ROLE app CONNECTION LIMIT ${max}`)),
    killIdle: async () => void (await server.admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app' AND state = 'idle'")),
    sleep: (ms) => `SELECT pg_sleep(${ms / 1_000})`,
  },
  skip,
);

test("it is a pg.Pool: by instanceof, callbacks, counts and events", { skip }, async () => {
  const pool: pg.Pool = open({ max: 2 });
  assert.ok(pool instanceof pg.Pool);
  const events: string[] = [];
  for (const event of ["connect", "acquire", "release", "remove"] as const) pool.on(event, () => events.push(event));
  const rows = await new Promise((resolve, reject) =>
    pool.query("SELECT $1::int AS it", [3], (error, result) => (error ? reject(error) : resolve(result.rows))),
  );
  assert.deepEqual(rows, [{ it: 3 }]);
  await new Promise<void>((resolve, reject) => {
    pool.connect((error, client, done) => {
      if (client === undefined) return reject(error);
      assert.deepEqual([pool.totalCount, pool.idleCount, pool.waitingCount], [1, 0, 0]);
      done();
      resolve();
    });
  });
  assert.equal(pool.idleCount, 1);
  const client = await pool.connect();
  client.release();
  assert.throws(() => client.release(), { code: "released_twice" });
  await pool.end();
  assert.deepEqual(events.slice(0, 5), ["connect", "acquire", "release", "acquire", "release"]);
  assert.equal(events.at(-1), "remove");
});

test("a failed statement that nobody waited for ends before anybody else gets the connection", { skip }, async () => {
  const pool = open({ max: 1 });
  const client = await pool.connect();
  const failed = assert.rejects(client.query("BEGIN; SELECT 1/0"), { code: "22012" });
  client.release();
  await failed;
  assert.deepEqual((await pool.query("SELECT 1 AS one")).rows, [{ one: 1 }]);
  assert.equal(pool.stats().ends.caller_broke_it, 1, "it was in a failed transaction");
  await pool.end();
});

test("a statement that its borrower left is ended at the server before its place is free", { skip }, async () => {
  await server.admin("ALTER ROLE app CONNECTION LIMIT 1");
  const pool = open({ max: 1, closeMs: 30_000 });
  const client = await pool.connect();
  const left = assert.rejects(client.query("SELECT pg_sleep(60)"), { code: "57014" });
  client.release(true);
  await left;
  await pool.query("SELECT 1");
  assert.equal(pool.stats().openFailures, 0);
  await pool.end();
  await server.admin("ALTER ROLE app CONNECTION LIMIT -1");
});

test("a COMMIT that undid the transaction is an error", { skip }, async () => {
  const pool = open({ max: 1 });
  await assert.rejects(
    pool.transaction(async (client) => {
      await client.query("SELECT 1/0").catch(() => undefined);
    }),
    { code: "rolled_back" },
  );
  assert.equal(pool.stats().opened, 1);
  await pool.end();
});

test("a server that ends idle connections sooner: no crash, a notice, and the pool gives up before it the next time", { skip }, async () => {
  const said: string[] = [];
  const lost: string[] = [];
  const pool = open({ max: 1, warn: (line) => said.push(line) });
  pool.on("error", (error: Error & { code?: string }) => lost.push(error.code ?? ""));
  await pool.query("SET idle_session_timeout = 50");
  await eventually(() => assert.equal(pool.stats().ends.server_idle_limit, 1));
  assert.deepEqual(lost, ["57P05"]);
  assert.match(said.join("\n"), /57P05/);
  await server.admin("ALTER ROLE app SET idle_session_timeout = 1400");
  await pool.query("SELECT 1");
  await eventually(() => assert.equal(pool.stats().ends.idle_limit, 1));
  await server.admin("ALTER ROLE app RESET idle_session_timeout");
  assert.equal(pool.stats().ends.server_idle_limit, 1);
  await pool.end();
});

test("the kernel probes a silent connection", { skip }, async () => {
  const pool = open({ max: 1, tcpKeepAliveMs: 60_000 });
  const client = await pool.connect();
  const { localPort } = (client as unknown as { connection: { stream: { localPort: number } } }).connection.stream;
  const { readFileSync } = await import("node:fs");
  const line = readFileSync("/proc/self/net/tcp", "utf8")
    .split("\n")
    .find(
      (each) =>
        each.includes(`:${localPort.toString(16).toUpperCase().padStart(4, "0")} `) &&
        each.split(":")[2]?.startsWith(localPort.toString(16).toUpperCase().padStart(4, "0")),
    );
  // Timer 2 is the keepalive's (Documentation/networking/proc_net_tcp).
  assert.match(line ?? "", / 02:[0-9A-F]{8} /);
  client.release();
  await pool.end();
});

test("options of pg that the pool takes over are named, and unknown ones of its own are refused", { skip }, () => {
  assert.throws(
    () => open({ idleTimeoutMillis: 5 } as PostgresPoolOptions),
    (error: PoolError) => error.code === "invalid_option" && error.message.includes("`idleMs`"),
  );
  assert.throws(() => open({ aquireTimeoutMs: 5 } as PostgresPoolOptions), { code: "invalid_option" });
  assert.throws(() => open({ max: -1 }), { code: "invalid_option" });
});

test("metrics of all pools of a process are read from them, by name", { skip }, async () => {
  const [orders, reports] = [open({ max: 2 }), open({ max: 1, acquireTimeoutMs: 50 })];
  const registry = new Registry();
  poolMetrics(registry, { orders, reports });
  await orders.query("SELECT 1");
  const lent = await reports.connect();
  await assert.rejects(reports.query("SELECT 1"), { code: "acquire_timeout" });
  const text = await registry.metrics();
  for (const line of [
    'holdfast_pool_connections{pool="orders",state="idle"} 1',
    'holdfast_pool_connections{pool="reports",state="lent"} 1',
    'holdfast_pool_connections_limit{pool="orders"} 2',
    'holdfast_pool_unserved_total{pool="reports",outcome="timed_out"} 1',
    'holdfast_pool_ended_total{pool="orders",code="shrunk",side="pool"} 0',
    'holdfast_pool_wait_seconds_count{pool="orders"} 1',
  ])
    assert.ok(text.includes(`${line}\n`), line);
  assert.deepEqual(Object.keys(poolMetricDocs).sort(), [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name).sort());
  lent.release();
  await Promise.all([orders.end(), reports.end()]);
});

if (skip === false) {
  databaseAcceptance(
    "PostgreSQL",
    () => server,
    (address, options) => {
      const pool = open({ ...address, ...options });
      return {
        acquire: async (ask) => {
          const client = await pool.acquire(ask);
          return suiteLease(
            client,
            () => client.query("SELECT 1"),
            (broken) => client.release(broken),
          );
        },
        stats: () => pool.stats(),
        resize: (max) => pool.resize(max),
        close: () => pool.close(),
      };
    },
  );
}
