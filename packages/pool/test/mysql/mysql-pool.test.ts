/**
 * The MySQL pool, with a real MariaDB: what holds of every database pool, and what is its own.
 */
import assert from "node:assert/strict";
import type { EventEmitter } from "node:events";
import { after, before, test } from "node:test";
import type { RowDataPacket } from "mysql2";
import { startMariadb, type TestDatabase } from "../../../../scripts/test-support/databases.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { type MysqlPool, type MysqlPoolOptions, mysqlPool } from "../../src/mysql/index.ts";
import type { PoolError } from "../../src/pool-error.ts";
import { databaseAcceptance, suiteLease } from "../database/acceptance.ts";
import { type AnyPool, databaseSuite, eventually } from "../database/suite.ts";

const skip = needs("mariadb", "proc");
let server: TestDatabase;

before(async () => {
  if (skip === false) server = await startMariadb({ connectionsMax: 40 });
});
after(() => server?.[Symbol.asyncDispose]());

const quiet = (): void => undefined;
const open = (options: MysqlPoolOptions = {}): MysqlPool => mysqlPool({ ...server.address, user: "app", warn: quiet, ...options });
const plain = (rows: unknown): unknown => (Array.isArray(rows) ? rows.map((row) => ({ ...row })) : rows);

function wrapped(pool: MysqlPool): AnyPool {
  return {
    run: async (sql) => plain((await pool.query(sql))[0]),
    borrow: async (ask) => {
      const connection = await pool.acquire(ask);
      return { run: async (sql) => plain((await connection.query(sql))[0]), release: () => connection.release() };
    },
    transaction: (run) => pool.transaction((connection) => run(async (sql) => plain((await connection.query(sql))[0]))),
    stats: () => pool.stats(),
    end: () => pool.end(),
    close: () => pool.close(),
    resize: (max) => pool.resize(max),
    held: () => pool.held(),
    pressure: () => pool.pressure(),
    control: (run, signal) =>
      pool.control(
        async (query) =>
          run(async (sql, values) => {
            const { rows, affected } = await query(sql, values);
            return { rows: rows.map((row) => ({ ...row })), affected };
          }),
        signal,
      ),
  };
}

const ofApp = "FROM information_schema.processlist WHERE user = 'app'";

databaseSuite(
  {
    name: "MariaDB",
    server: () => server,
    open: (options) => wrapped(open(options)),
    count: async () => Number((await server.admin(`SELECT count(*) AS count ${ofApp}`))[0]?.["count"]),
    limit: async (max) => void (await server.admin(`ALTER USER app@'%' WITH MAX_USER_CONNECTIONS ${max}`)),
    killIdle: async () => {
      for (const { id } of await server.admin(`SELECT id ${ofApp} AND command = 'Sleep'`)) await server.admin(`KILL ${id}`);
    },
    sleep: (ms) => `SELECT sleep(${ms / 1_000})`,
  },
  skip,
);

test("callbacks, prepared statements and the inner pool go through the same pool", { skip }, async () => {
  const pool = open({ max: 1 });
  const [rows] = await pool.execute<RowDataPacket[]>("SELECT ? AS it", [3]);
  assert.deepEqual(plain(rows), [{ it: 3 }]);
  const called = await new Promise((resolve, reject) => pool.pool.query("SELECT 4 AS it", (error, result) => (error ? reject(error) : resolve(plain(result)))));
  assert.deepEqual(called, [{ it: 4 }]);
  const connection = await pool.getConnection();
  await connection.beginTransaction();
  await connection.commit();
  connection.release();
  const { opened, acquired } = pool.stats();
  assert.deepEqual({ opened, acquired }, { opened: 1, acquired: 3 });
  await pool.pool.promise().query("SELECT 1");
  await pool.end();
  await assert.rejects(pool.query("SELECT 1"), { code: "closed" });
});

test("a connection that its borrower destroys is gone, and its place is free", { skip }, async () => {
  const pool = open({ max: 1 });
  const connection = await pool.getConnection();
  connection.destroy();
  await pool.query("SELECT 1");
  assert.equal(pool.stats().ends.caller_broke_it, 1);
  await pool.end();
});

test("the server's wait_timeout is obeyed, less a margin", { skip }, async () => {
  await server.admin("SET GLOBAL wait_timeout = 2");
  const pool = open({ max: 1 });
  await pool.query("SELECT 1");
  await eventually(() => assert.equal(pool.stats().ends.idle_limit, 1));
  await server.admin("SET GLOBAL wait_timeout = 28800");
  assert.equal(pool.stats().ends.server_closed, 0);
  await pool.end();
});

test("a transaction that the server ended before its COMMIT is an error: after a deadlock that was caught, and after an implicit commit", {
  skip,
}, async () => {
  const pool = open({ max: 3 });
  await pool.query("CREATE TABLE stock (id int PRIMARY KEY, n int) ENGINE=InnoDB");
  await pool.query("INSERT INTO stock VALUES (1, 0), (2, 0)");
  const arrived: (() => void)[] = [];
  const both = (): Promise<void> =>
    new Promise((resolve) => {
      arrived.push(resolve);
      if (arrived.length === 2) for (const go of arrived) go();
    });
  const cross = (first: number, second: number): Promise<boolean> => {
    let isVictim = false;
    return pool
      .transaction(async (connection) => {
        await connection.query("UPDATE stock SET n = n + 1 WHERE id = ?", [first]);
        await both();
        await connection.query("UPDATE stock SET n = n + 1 WHERE id = ?", [second]).catch((error: { errno?: number }) => {
          assert.equal(error.errno, 1213);
          isVictim = true;
        });
      })
      .then(
        () => isVictim,
        (error: { code?: string }) => {
          assert.equal(error.code, "rolled_back");
          return false;
        },
      );
  };
  assert.deepEqual(await Promise.all([cross(1, 2), cross(2, 1)]), [false, false], "no victim was told that it had committed");
  await assert.rejects(
    pool.transaction(async (connection) => {
      await connection.query("UPDATE stock SET n = 7");
      await connection.query("CREATE TABLE other (id int)");
    }),
    { code: "rolled_back" },
  );
  await pool.transaction(async (connection) => {
    await assert.rejects(connection.query("INSERT INTO stock VALUES (1, 1)"), { errno: 1062 });
    await connection.query("SELECT * FROM stock");
  });
  await pool.end();
});

test("what begins a transaction is known by the server's word, however it is said", { skip }, async () => {
  const pool = open({ max: 1 });
  let ended = 0;
  for (const sql of ["/* trace */ BEGIN", "COMMIT AND CHAIN", "SET @@autocommit = 0"]) {
    const connection = await pool.getConnection();
    await connection.query(sql);
    connection.release();
    await pool.query("SELECT 1");
    assert.equal(pool.stats().ends.caller_broke_it, ++ended, sql);
  }
  await pool.end();
});

test("a limit of statements leaves nothing behind on the connection", { skip }, async () => {
  const pool = open({ max: 1, statementTimeoutMs: 60_000 });
  const connection = await pool.getConnection();
  const { stream } = connection.connection as unknown as { stream: EventEmitter };
  await connection.query("SELECT 1");
  const before = stream.listenerCount("close");
  for (let i = 0; i < 20; i++) await connection.query("SELECT 1");
  assert.equal(stream.listenerCount("close"), before);
  connection.release();
  await pool.end();
});

test("options of mysql2 that the pool takes over are named", { skip }, () => {
  assert.throws(
    () => open({ connectionLimit: 5 } as MysqlPoolOptions),
    (error: PoolError) => error.code === "invalid_option" && error.message.includes("`max`"),
  );
});

if (skip === false) {
  databaseAcceptance(
    "MariaDB",
    () => server,
    (address, options) => {
      const pool = open({ ...address, ...options });
      return {
        acquire: async (ask) => {
          const connection = await pool.acquire(ask);
          return suiteLease(
            connection.connection,
            () => connection.query("SELECT 1"),
            (broken) => (broken ? connection.destroy() : connection.release()),
          );
        },
        stats: () => pool.stats(),
        resize: (max) => pool.resize(max),
        close: () => pool.close(),
      };
    },
  );
}
