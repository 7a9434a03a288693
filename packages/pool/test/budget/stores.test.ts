/**
 * Ledgers in PostgreSQL, straight and through PgBouncer, in MariaDB, and in the server of the simulation; and what is special of each.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import mysql from "mysql2";
import pg from "pg";
import { startMariadb, startPgbouncer, startPostgres, type TestDatabase } from "../../../../scripts/test-support/databases.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { queryOf } from "../../src/budget/adapters/mysql-query.ts";
import { mysqlStore } from "../../src/budget/adapters/mysql-store.ts";
import { postgresStore } from "../../src/budget/adapters/postgres-store.ts";
import { tableStatements } from "../../src/budget/ledger-table.ts";
import { resolveBudgetOptions } from "../../src/budget/options.ts";
import { applicationName, postgresTag } from "../../src/budget/postgres-session.ts";
import { DoorRefused, type LeaseStore } from "../../src/budget/store.ts";
import { postgresPool } from "../../src/postgres/index.ts";
import { SimServer } from "./support/sim-server.ts";
import { replicaId, type StoreBench, type StoreConnection, storeSuite } from "./support/store-suite.ts";
import { SimProcess, World } from "./support/world.ts";

const never = new AbortController().signal;
let budgets = 0;
const options = () => resolveBudgetOptions({ name: `budget-${++budgets}` });

async function connectPostgres(config: pg.ClientConfig, store: LeaseStore): Promise<StoreConnection> {
  const client = new pg.Client({ ...config, application_name: store.applicationName ?? "" });
  client.on("error", () => {});
  await client.connect();
  const session = store.session(async (sql, values) => {
    const { rows, rowCount } = await client.query(sql, [...values]);
    return { rows, affected: rowCount ?? 0 };
  });
  const answers = (sql: string): Promise<boolean> =>
    client.query(sql).then(
      () => true,
      () => false,
    );
  return { session, work: (ms) => void answers(`SELECT pg_sleep(${ms / 1_000})`), lives: () => answers("SELECT 1"), close: () => client.end().catch(() => {}) };
}

describe("PostgreSQL", () => {
  const skip = needs("postgres", "proc");
  let database: TestDatabase;
  const config = (): pg.ClientConfig => ({ ...database.address, user: "app" });
  before(async () => {
    if (skip === false) database = await startPostgres({ connectionsMax: 20, reserved: 3 });
  });
  after(() => database?.[Symbol.asyncDispose]());

  storeSuite("PostgreSQL", skip, { shows: true }, (): StoreBench => {
    const resolved = options();
    return { connectionsMax: 17, store: (id) => postgresStore(config(), resolved)(id), connect: (_, store) => connectPostgres(config(), store) };
  });

  test("others are told from replicas and from those at the door, by all their connections", { skip }, async () => {
    const resolved = options();
    const store = postgresStore(config(), resolved)(replicaId());
    const door = await store.door(never);
    const own = await connectPostgres(config(), store);
    const other = new pg.Client({ ...config(), user: "postgres", application_name: "psql" });
    await other.connect();
    const { strangers } = await door.session.look();
    assert.ok(strangers !== null && strangers >= 1);
    await other.end();
    let now = strangers;
    for (let looks = 0; looks < 500 && now !== strangers - 1; looks++) now = (await door.session.look()).strangers ?? -1;
    assert.equal(now, strangers - 1);
    await own.close();
    await door.close();
  });

  test("a borrower that sets its search_path leads the budget to no other ledger", { skip }, async () => {
    await database.admin("CREATE SCHEMA tenant AUTHORIZATION app");
    const store = postgresStore(config(), options())(replicaId());
    const door = await store.door(never);
    const { version } = await door.session.look();
    assert.equal(await door.session.swap(version, "{}"), true);
    await door.close();
    const client = new pg.Client(config());
    await client.connect();
    await client.query("SET search_path TO tenant");
    const session = store.session(async (sql, values) => {
      const { rows, rowCount } = await client.query(sql, [...values]);
      return { rows, affected: rowCount ?? 0 };
    });
    assert.equal((await session.look()).text, "{}");
    assert.equal(await session.swap(1, "{ }"), true);
    assert.deepEqual(await database.admin("SELECT 1 FROM pg_tables WHERE schemaname = 'tenant'"), []);
    await client.end();
  });

  test("an application_name in the connection string does not hide replicas", { skip }, async () => {
    const { host, port, database: name } = database.address;
    const connectionString = `postgres://app@${host}:${port}/${name}?sslmode=disable&application_name=my%20shop&keepalives=1`;
    const pool = postgresPool({ connectionString, max: 2, budget: { name: `budget-${++budgets}`, reserve: 0, ttlMs: 1_000 } });
    const { rows } = await pool.query("SELECT current_setting('application_name') AS name");
    assert.match(rows[0].name, /^my shop hf:budget-\d+:[0-9a-v]{12}$/);
    await pool.end();
    const door = await postgresStore({ connectionString }, options())(replicaId()).door(never);
    assert.equal((await database.admin("SELECT 1 FROM pg_stat_activity WHERE application_name ~ '^my shop hf:budget-[0-9]+:door$'")).length, 1);
    await door.close();
  });

  test("a role's own limit is the user's", { skip }, async () => {
    await database.admin("CREATE ROLE few LOGIN CONNECTION LIMIT 2");
    await database.admin(`GRANT ALL ON ALL TABLES IN SCHEMA public TO few`);
    const door = await postgresStore({ ...config(), user: "few" }, options())(replicaId()).door(never);
    assert.equal((await door.session.look()).userMax, 2);
    await door.close();
  });

  test("no connection left at the door is told as that", { skip }, async () => {
    await database.admin("CREATE ROLE one LOGIN CONNECTION LIMIT 1");
    const store = postgresStore({ ...config(), user: "one" }, options())(replicaId());
    const first = await store.door(never);
    await assert.rejects(store.door(never), DoorRefused);
    await first.close();
  });

  test("where the table may not be made, the error holds the statement that makes it", { skip }, async () => {
    await database.admin("CREATE ROLE guest LOGIN");
    await database.admin("CREATE SCHEMA guest");
    await database.admin("GRANT USAGE ON SCHEMA guest TO guest");
    const guest = { ...config(), user: "guest", options: "-c search_path=guest" };
    const refuses = async (createTable: boolean): Promise<void> => {
      const door = await postgresStore(guest, { ...options(), createTable })(replicaId()).door(never);
      await assert.rejects(
        door.session.look(),
        (fault: Error) => fault.message.includes("budget_unusable") && fault.message.includes(tableStatements.postgres),
      );
      await door.close();
    };
    await refuses(true);
    await refuses(false);
  });

  test("a name keeps what tells replicas apart, however long the application's own is", () => {
    const tag = postgresTag("orders", "0123456789ab");
    assert.equal(applicationName("", tag), "hf:orders:0123456789ab");
    assert.equal(applicationName("shop", tag), "shop hf:orders:0123456789ab");
    const long = applicationName("ü".repeat(100), postgresTag("x".repeat(20), "0123456789ab"));
    assert.ok(Buffer.byteLength(long) <= 63 && long.endsWith(":0123456789ab"));
  });
});

describe("PgBouncer", () => {
  const skip = needs("postgres", "pgbouncer", "proc");
  let [database, bouncer]: TestDatabase[] = [];
  const config = (): pg.ClientConfig => ({ ...(bouncer as TestDatabase).address, user: "app" });
  before(async () => {
    if (skip !== false) return;
    database = await startPostgres({ connectionsMax: 20, reserved: 3 });
    bouncer = await startPgbouncer({ behind: database.address, settings: ["default_pool_size = 3"] });
  });
  after(async () => {
    await bouncer?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
  });

  storeSuite("PgBouncer", skip, { shows: false }, (): StoreBench => {
    const resolved = options();
    return { connectionsMax: 17, store: (id) => postgresStore(config(), resolved)(id), connect: (_, store) => connectPostgres(config(), store) };
  });

  test("a pooler in between is noticed, and nothing is believed of the server's list", { skip }, async () => {
    const store = postgresStore(config(), options())(replicaId());
    const door = await store.door(never);
    const { visible, seen, strangers } = await door.session.look();
    assert.deepEqual([visible, seen.size, strangers], [false, 0, null]);
    await door.close();
  });
});

describe("MariaDB", () => {
  const skip = needs("mariadb", "proc");
  let database: TestDatabase;
  const config = (): mysql.ConnectionOptions => ({ ...database.address, user: "app" });
  before(async () => {
    if (skip === false) database = await startMariadb({ connectionsMax: 20 });
  });
  after(() => database?.[Symbol.asyncDispose]());

  const connect = async (store: LeaseStore): Promise<StoreConnection> => {
    const connection = mysql.createConnection(config());
    connection.on("error", () => {});
    const query = queryOf(connection);
    await store.mark(query);
    const answers = (sql: string): Promise<boolean> =>
      query(sql, []).then(
        () => true,
        () => false,
      );
    const close = (): Promise<void> => new Promise((resolve) => connection.end(() => resolve()));
    return { session: store.session(query), work: (ms) => void answers(`SELECT SLEEP(${ms / 1_000})`), lives: () => answers("SELECT 1"), close };
  };

  storeSuite("MariaDB", skip, { shows: true }, (): StoreBench => {
    const resolved = options();
    return { connectionsMax: 20, store: (id) => mysqlStore(config(), resolved)(id), connect: (_, store) => connect(store) };
  });

  test("a borrower that uses another database leads the budget to no other ledger", { skip }, async () => {
    await database.admin("CREATE DATABASE tenant");
    await database.admin("GRANT ALL ON tenant.* TO app@'%'");
    const store = mysqlStore(config(), options())(replicaId());
    const door = await store.door(never);
    const { version } = await door.session.look();
    assert.equal(await door.session.swap(version, "{}"), true);
    await door.close();
    const connection = mysql.createConnection(config());
    const query = queryOf(connection);
    await query("USE tenant", []);
    const session = store.session(query);
    assert.equal((await session.look()).text, "{}");
    assert.equal(await session.swap(1, "{ }"), true);
    assert.deepEqual((await query("SHOW TABLES FROM tenant", [])).rows, []);
    await new Promise<void>((resolve) => connection.end(() => resolve()));
  });

  test("a user's own limit is told, and no connection left at the door as that", { skip }, async () => {
    await database.admin("CREATE USER few@'%' WITH MAX_USER_CONNECTIONS 1");
    await database.admin("GRANT ALL ON app.* TO few@'%'");
    const store = mysqlStore({ ...config(), user: "few" }, options())(replicaId());
    const door = await store.door(never);
    assert.equal((await door.session.look()).userMax, 1);
    await assert.rejects(store.door(never), DoorRefused);
    await door.close();
  });

  test("where the table may not be made, the error holds the statement that makes it", { skip }, async () => {
    await database.admin("CREATE DATABASE guest");
    await database.admin("CREATE USER guest@'%'");
    await database.admin("GRANT SELECT ON guest.* TO guest@'%'");
    const door = await mysqlStore({ ...config(), user: "guest", database: "guest" }, options())(replicaId()).door(never);
    await assert.rejects(door.session.look(), (fault: Error) => fault.message.includes("budget_unusable") && fault.message.includes(tableStatements.mysql));
    await door.close();
  });
});

describe("the simulation's server", () => {
  storeSuite("simulation", false, { shows: true }, (): StoreBench => {
    const world = new World(1);
    const server = new SimServer(world, 20);
    // Its time passes by itself here.
    const process = new SimProcess(world);
    const timer = setInterval(() => void world.run(world.nowMs + 10, () => {}), 1);
    timer.unref();
    return {
      connectionsMax: 20,
      store: () => server.store(process, () => assert.fail("no text")),
      connect: async (id) => {
        const connection = await server.connect(process, id, never);
        return {
          session: server.session(connection, null),
          work: (ms) => {
            connection.busyUntilMs = world.nowMs + 10 * ms;
          },
          lives: () => Promise.resolve(!connection.isGone),
          close: () => Promise.resolve(server.end(connection)),
        };
      },
    };
  });
});
