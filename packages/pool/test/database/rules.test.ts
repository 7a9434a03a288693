/**
 * What is decided without a server: options, outcomes, facts, and what PgBouncer cannot do.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Notices } from "../../src/database/notices.ts";
import { divideOptions } from "../../src/database/options.ts";
import { isAnswer, outcomeOf } from "../../src/database/outcome.ts";
import { limitStatement, mysqlFacts } from "../../src/mysql/facts.ts";
import { PoolError } from "../../src/pool-error.ts";
import { postgresFacts } from "../../src/postgres/facts.ts";
import { poolerRows, refusedThroughPooler } from "../../src/postgres/pooler.ts";
import { ManualClock } from "../support/manual-clock.ts";

test("options are divided between pool and driver; what is misspelt or renamed is an error", () => {
  const { options, driver } = divideOptions({ max: 3, host: "db", leakMs: "never" }, {});
  assert.deepEqual([options.max, options.leakMs, options.idleMs, driver], [3, "never", 60_000, { host: "db" }]);
  assert.throws(() => divideOptions({ idleTimeoutMillis: 3 }, { idleTimeoutMillis: "`idleMs`" }), /here it is `idleMs`/);
  for (const given of [{ idelMs: 3 }, { max: 1.5 }, { closeMs: 0 }, { closeMs: "never" }, { ageMs: 2 ** 31 }]) {
    assert.throws(() => divideOptions(given, {}), { code: "invalid_option" }, JSON.stringify(given));
  }
});

test("what is known of a failed call follows from codes", () => {
  const cases: readonly [unknown, string][] = [
    [{ code: "23505", severity: "ERROR" }, "answered"],
    [{ code: "ER_DUP_ENTRY", errno: 1062, sqlState: "23000" }, "answered"],
    [{ code: "ECONNRESET" }, "unknown"],
    [{ code: "EPIPE" }, "unknown"],
    [{ code: "PROTOCOL_CONNECTION_LOST", fatal: true }, "unknown"],
    [new Error("Connection terminated unexpectedly"), "unknown"],
    [new PoolError("acquire_timeout", "it"), "not_sent"],
    [new PoolError("connection_lost", "it", { outcome: "unknown" }), "unknown"],
    [null, "unknown"],
  ];
  for (const [error, outcome] of cases) assert.equal(outcomeOf(error), outcome, JSON.stringify(error));
  assert.equal(isAnswer(undefined), false);
});

test("a server's idle timer is obeyed with a margin, and a pooler's own is not guessed", () => {
  assert.deepEqual(postgresFacts({ process: 7, idle: "30000" }, 7), { pooled: false, keepMs: 27_000 });
  assert.deepEqual(postgresFacts({ process: 7, idle: "0" }, 7), { pooled: false, keepMs: null });
  assert.deepEqual(postgresFacts({ process: 7, idle: null }, 7), { pooled: false, keepMs: null });
  assert.deepEqual(postgresFacts({ process: 8, idle: "30000" }, 7), { pooled: true, keepMs: null });
  assert.deepEqual(postgresFacts(undefined, null), { pooled: false, keepMs: null });
  assert.deepEqual(mysqlFacts({ connection: 7, idle: 30, version: "10.11.1-MariaDB" }, 7), { pooled: false, keepMs: 27_000, mariadb: true });
  assert.deepEqual(mysqlFacts({ connection: 8, idle: 30, version: "8.4.0" }, 7), { pooled: true, keepMs: null, mariadb: false });
  assert.equal(limitStatement(1_500, true), "SET SESSION max_statement_time = 1.5");
  assert.equal(limitStatement(1_500, false), "SET SESSION max_execution_time = 1500");
});

test("what needs a session is recognised by its beginning, and nothing else is", () => {
  const refused: readonly (readonly [string, keyof typeof poolerRows])[] = [
    ["listen x", "listen"],
    ["/* a */ -- b\n UNLISTEN *", "listen"],
    ["SET TIME ZONE 'UTC'", "set"],
    ["set session work_mem = 1", "set"],
    ["RESET ALL", "set"],
    ["DISCARD ALL", "set"],
    ["select pg_try_advisory_lock(1)", "advisory_lock"],
    ["SELECT pg_advisory_unlock_all()", "advisory_lock"],
    ["create temporary table t (n int)", "temporary_table"],
    ["DECLARE c CURSOR WITH HOLD FOR SELECT 1", "cursor_with_hold"],
    ["PREPARE p AS SELECT 1", "prepare"],
    ["deallocate all", "prepare"],
    ["LOAD 'auto_explain'", "load"],
  ];
  for (const [sql, row] of refused) assert.equal(refusedThroughPooler(sql), poolerRows[row], sql);
  const fine = [
    "SELECT 'listen'",
    "SELECT $$ SELECT pg_advisory_lock(1) $$",
    "SET LOCAL work_mem = 1",
    "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "SET CONSTRAINTS ALL DEFERRED",
    "SELECT pg_advisory_xact_lock(1)",
    "create temp table t (n int) on commit drop",
    "DECLARE c CURSOR FOR SELECT 1",
    "PREPARE TRANSACTION 'it'",
    "NOTIFY x",
    "UPDATE t SET n = 1",
  ];
  for (const sql of fine) assert.equal(refusedThroughPooler(sql), null, sql);
});

test("notices of one kind are said once in 10 s, and counted when they are not", () => {
  const clock = new ManualClock();
  const said: string[] = [];
  const notices = new Notices(clock, (line) => said.push(line));
  notices.tell("leak", "one");
  notices.tell("leak", "two");
  notices.tell("pooler", "three");
  clock.advance(10_000);
  notices.tell("leak", "four");
  assert.deepEqual([said, notices.suppressed], [["one", "three", "four"], 1]);
});
