/**
 * What must hold of a database pool, whatever the driver: told by the server's own count of connections, through load, resizing, kills, a
 * restart and a server that answers nothing. Each database runs it with its own verbs.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { TestDatabase } from "../../../../scripts/test-support/databases.ts";
import type { Budgeted } from "../../src/budget/seam.ts";
import { PoolError } from "../../src/pool-error.ts";
import type { DatabasePoolOptions, DatabaseStats, PoolBudget } from "../../src/postgres/index.ts";
import { outcomeOf } from "../../src/postgres/index.ts";

/** One connection, as its borrower has it. */
export interface Borrowed {
  run(sql: string): Promise<unknown>;
  release(): void;
}

/** A pool of either driver. */
export interface AnyPool extends Budgeted {
  run(sql: string): Promise<unknown>;
  borrow(ask?: { signal?: AbortSignal; timeoutMs?: number }): Promise<Borrowed>;
  transaction<R>(run: (run: Borrowed["run"]) => Promise<R>): Promise<R>;
  stats(): DatabaseStats;
  end(): Promise<void>;
  close(): Promise<void>;
}

export interface Database {
  readonly name: string;
  readonly server: () => TestDatabase;
  /** A pool of connections of the user `app`. */
  open(options: Partial<DatabasePoolOptions> & { readonly warn?: (line: string) => void; readonly budget?: PoolBudget }): AnyPool;
  /** Connections of `app` that the server counts. */
  count(): Promise<number>;
  /** From now on the server refuses more of them. */
  limit(max: number): Promise<void>;
  /** Ends all that are idle, at the server. */
  killIdle(): Promise<void>;
  readonly sleep: (ms: number) => string;
}

/** Waits until it is so; throws the last failure at the deadline. */
export async function eventually(check: () => unknown, timeoutMs = 15_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await wait(20);
    }
  }
}

const outcomes = (settled: readonly PromiseSettledResult<unknown>[]): unknown[] =>
  settled.filter(({ status }) => status === "rejected").map((each) => (each as PromiseRejectedResult).reason);

type Fact = (what: string, body: () => Promise<void>) => void;

/** Declares the tests. */
export function databaseSuite(given: Database, skip: string | false): void {
  const opened: AnyPool[] = [];
  const database: Database = {
    ...given,
    open: (options) => {
      const pool = given.open(options);
      opened.push(pool);
      return pool;
    },
  };
  const fact: Fact = (what, body) =>
    void test(`${database.name}: ${what}`, { skip }, async () => {
      try {
        await body();
      } catch (error) {
        // The next fact must not fail for what this one left behind.
        await database.limit(1_000);
        await Promise.allSettled(opened.map((pool) => pool.close()));
        throw error;
      } finally {
        opened.length = 0;
      }
    });
  countFacts(database, fact);
  waitFacts(database, fact);
  lossFacts(database, fact);
  silenceFacts(database, fact);
  statementFacts(database, fact);
  budgetFacts(database, fact);
  endFacts(database, fact);
}

/** The server's own count. */
function countFacts(database: Database, fact: Fact): void {
  fact("a server that takes no more than the maximum refuses nothing, through load in which connections end all the time", async () => {
    await database.limit(4);
    const pool = database.open({ max: 4, requestsMax: 3, queueMax: 500 });
    const calls = await Promise.allSettled(Array.from({ length: 300 }, (_, i) => pool.run(i % 7 === 0 ? database.sleep(5) : "SELECT 1")));
    assert.deepEqual(outcomes(calls), []);
    assert.ok(pool.stats().ends.requests_limit >= 50, "many were replaced");
    assert.equal(pool.stats().openFailures, 0);
    await pool.end();
    assert.equal(pool.held(), 0);
    assert.equal(await database.count(), 0);
    await database.limit(1_000);
  });

  fact("the maximum falls and rises under load: the server never counts more, and nobody gets an error", async () => {
    const pool = database.open({ max: 8 });
    let going = true;
    const callers = Array.from({ length: 24 }, async () => {
      while (going) await pool.run(database.sleep(2));
    });
    for (const max of [8, 3, 6, 1, 8]) {
      pool.resize(max);
      await eventually(() => assert.ok(pool.held() <= max, `${pool.held()} of ${max}`));
      await database.limit(max);
      for (let i = 0; i < 3; i++) assert.ok((await database.count()) <= max);
      await eventually(() => assert.equal(pool.held(), max));
      await database.limit(1_000);
    }
    going = false;
    await Promise.all(callers);
    assert.equal(pool.stats().openFailures, 0);
    await pool.end();
  });

  fact("with the maximum 0 everything stops, and callers wait until it rises", async () => {
    const pool = database.open({ max: 2 });
    const lent = await pool.borrow();
    await pool.run("SELECT 1");
    pool.resize(0);
    const waiting = pool.run("SELECT 1");
    await eventually(() => assert.equal(pool.held(), 1));
    lent.release();
    await eventually(() => assert.equal(pool.held(), 0));
    await eventually(async () => assert.equal(await database.count(), 0));
    assert.equal(pool.pressure().waiting, 1);
    pool.resize(1);
    await waiting;
    assert.equal(pool.held(), 1);
    await pool.end();
  });
}

/** Who waits, and who keeps. */
function waitFacts(database: Database, fact: Fact): void {
  fact("who holds everything is told to who waits in vain, and a full queue refuses at once", async () => {
    const pool = database.open({ max: 1, queueMax: 1, acquireTimeoutMs: 200 });
    const lent = await pool.borrow();
    const inVain = pool.run("SELECT 1");
    await assert.rejects(pool.run("SELECT 1"), { code: "queue_full" });
    await assert.rejects(
      inVain,
      (error: PoolError) => error.code === "acquire_timeout" && error.outcome === "not_sent" && /1 of 1 lent, for \d+ ms on average/.test(error.message),
    );
    lent.release();
    await pool.end();
  });

  fact("whoever keeps a connection is named by where it was borrowed", async () => {
    const said: string[] = [];
    const pool = database.open({ max: 2, leakMs: 50, warn: (line) => said.push(line) });
    await pool.run("SELECT 1");
    const borrowAndForget = (): Promise<Borrowed> => pool.borrow();
    const lent = await borrowAndForget();
    await eventually(() => assert.equal(pool.stats().leaks, 1));
    assert.match(said.join("\n"), /was not given back[\s\S]*borrowAndForget/);
    lent.release();
    await pool.end();
  });
}

/** Servers that end connections. */
function lossFacts(database: Database, fact: Fact): void {
  fact("connections that the server ends while they are idle are replaced, and no caller sees it", async () => {
    const pool = database.open({ max: 3 });
    await Promise.all([1, 2, 3].map(() => pool.run(database.sleep(20))));
    assert.equal(pool.held(), 3);
    await database.killIdle();
    await eventually(() => assert.equal(pool.held(), 0));
    assert.deepEqual(outcomes(await Promise.allSettled([1, 2, 3, 4].map(() => pool.run("SELECT 1")))), []);
    assert.equal(pool.stats().ends.server_closed, 3);
    await pool.end();
  });

  fact("killed while the server runs and started again: errors say what is known, and the pool recovers by itself", async () => {
    const { process: server } = database.server();
    const pool = database.open({ max: 4, acquireTimeoutMs: 10_000, backoffMsMax: 200 });
    await pool.run("SELECT 1");
    let going = true;
    const errors: unknown[] = [];
    let served = 0;
    const callers = Array.from({ length: 8 }, async () => {
      while (going) {
        await pool.run(database.sleep(2)).then(
          () => served++,
          (error: unknown) => errors.push(error),
        );
        await wait(2);
      }
    });
    await eventually(() => assert.ok(served > 20));
    await server.kill();
    await eventually(() => assert.ok(errors.length > 8));
    await server.start();
    const servedBefore = served;
    await eventually(() => assert.ok(served > servedBefore + 50));
    going = false;
    await Promise.all(callers);
    const unknown = errors.filter((error) => outcomeOf(error) === "unknown");
    const notSent = errors.filter((error) => outcomeOf(error) === "not_sent");
    assert.ok(unknown.length <= 4, "only what was under way may have been carried out");
    assert.ok(notSent.length > 0);
    for (const error of notSent) assert.equal((error as PoolError).code, "connect_failed");
    assert.ok((await database.count()) <= 4);
    await pool.end();
  });
}

/** Servers that say nothing. */
function silenceFacts(database: Database, fact: Fact): void {
  fact("a server that answers nothing: deadlines hold, and the pool works when it answers again", async () => {
    const { process: server } = database.server();
    const pool = database.open({
      max: 2,
      checkAfterIdleMs: 1,
      checkTimeoutMs: 200,
      connectTimeoutMs: 400,
      acquireTimeoutMs: 1_500,
      backoffMsMax: 200,
      closeMs: 300,
      statementTimeoutMs: 500,
    });
    const [lent, idle] = [await pool.borrow(), await pool.borrow()];
    idle.release();
    await wait(5);
    server.freeze();
    const startMs = performance.now();
    const [viaCheck, underWay] = await Promise.allSettled([pool.run("SELECT 1"), lent.run("SELECT 1")]);
    const tookMs = performance.now() - startMs;
    server.thaw();
    lent.release();
    assert.ok(
      viaCheck.status === "rejected" && viaCheck.reason instanceof PoolError && viaCheck.reason.outcome === "not_sent",
      String(Object.values(viaCheck)),
    );
    assert.ok(underWay.status === "rejected" && outcomeOf(underWay.reason) === "unknown");
    assert.ok(tookMs < 12_000, `${tookMs}`);
    assert.ok(pool.stats().ends.check_failed >= 1);
    await eventually(() => pool.run("SELECT 1"));
    await eventually(() => assert.ok(pool.held() <= 2));
    await pool.close();
  });

  fact("a dead connection is found out by a question after silence, and the caller gets another", async () => {
    const pool = database.open({ max: 1, checkAfterIdleMs: 1, closeMs: 100 });
    await pool.run("SELECT 1");
    await wait(5);
    await pool.run("SELECT 1");
    assert.equal(pool.stats().checks, 1);
    assert.equal(pool.stats().opened, 1);
    await pool.end();
  });
}

/** Statements and transactions. */
function statementFacts(database: Database, fact: Fact): void {
  fact("a transaction commits, rolls back with the caller's own error, and is not left to the next one", async () => {
    const said: string[] = [];
    const pool = database.open({ max: 1, warn: (line) => said.push(line) });
    await pool.run("CREATE TABLE notes (id int PRIMARY KEY)");
    await pool.transaction((run) => run("INSERT INTO notes VALUES (1)"));
    const mine = new Error("mine");
    await assert.rejects(
      pool.transaction(async (run) => {
        await run("INSERT INTO notes VALUES (2)");
        throw mine;
      }),
      (error) => error === mine,
    );
    await assert.rejects(
      pool.transaction((run) => run("INSERT INTO notes VALUES (1)")),
      (error) => outcomeOf(error) === "answered",
    );
    const lent = await pool.borrow();
    await lent.run("BEGIN");
    await lent.run("INSERT INTO notes VALUES (3)");
    lent.release();
    assert.deepEqual(await pool.run("SELECT id FROM notes ORDER BY id"), [{ id: 1 }]);
    assert.equal(pool.stats().ends.caller_broke_it, 1);
    assert.match(said.join("\n"), /in the middle of a transaction/);
    await pool.run("DROP TABLE notes");
    await pool.end();
  });

  fact("an error of a statement is the driver's own, and costs no connection", async () => {
    const pool = database.open({ max: 1 });
    for (let i = 0; i < 3; i++)
      await assert.rejects(pool.run("SELECT nonsense FROM nowhere"), (error) => !(error instanceof PoolError) && outcomeOf(error) === "answered");
    await pool.run("SELECT 1");
    assert.equal(pool.stats().opened, 1);
    await pool.end();
  });

  fact("a statement beyond its time is ended by the server", async () => {
    const pool = database.open({ max: 1, statementTimeoutMs: 100 });
    await assert.rejects(pool.run(database.sleep(20_000)), (error) => outcomeOf(error) === "answered");
    await pool.run("SELECT 1");
    assert.equal(pool.stats().opened, 1);
    await pool.end();
  });
}

/** The budget, and the end. */
function budgetFacts(database: Database, fact: Fact): void {
  fact("the budget gets a connection before all who wait, and one whose call it gave up is not used again", async () => {
    const pool = database.open({ max: 1 });
    const lent = await pool.borrow();
    const order: string[] = [];
    const waiting = pool.run("SELECT 1").then(() => order.push("caller"));
    const never = new AbortController().signal;
    const control = pool.control(async (query) => {
      order.push("budget");
      return (await query("SELECT 7 AS seven", [])).rows;
    }, never);
    lent.release();
    assert.deepEqual(await control, [{ seven: 7 }]);
    await waiting;
    assert.deepEqual(order, ["budget", "caller"]);
    const abort = new AbortController();
    const slow = pool.control((query) => query(database.sleep(20_000), []), abort.signal);
    await eventually(() => assert.equal(pool.pressure().used, 1));
    await wait(50);
    abort.abort();
    await assert.rejects(slow);
    await pool.run("SELECT 1");
    assert.equal(pool.stats().ends.caller_broke_it, 1);
    await pool.close();
  });

  fact("who waits when the pool ends is served before the share is given back", async () => {
    let left = 0;
    const budget: PoolBudget = {
      applicationName: null,
      mayOpen: () => true,
      mark: async () => undefined,
      join: (it, max) => it.resize(max),
      leave: async () => {
        left++;
        pool.resize(0);
      },
    };
    const pool = database.open({ max: 1, budget });
    const calls = Array.from({ length: 5 }, () => pool.run(database.sleep(20)));
    const ended = pool.end();
    assert.equal((await Promise.allSettled(calls)).filter(({ status }) => status === "rejected").length, 0);
    await ended;
    assert.equal(left, 1);
  });

  fact("nothing is opened while the budget says no", async () => {
    let may = false;
    const marked: unknown[] = [];
    const budget: PoolBudget = {
      applicationName: null,
      mayOpen: () => may,
      mark: async (query) => void marked.push((await query("SELECT 1 AS one", [])).rows),
      join: (it, max) => it.resize(max),
      leave: async () => undefined,
    };
    const pool = database.open({ max: 2, budget });
    const waiting = pool.run("SELECT 1");
    await wait(50);
    assert.equal(pool.held(), 0);
    may = true;
    pool.resize(2);
    await waiting;
    assert.deepEqual(marked, [[{ one: 1 }]]);
    await pool.end();
  });
}

/** Pools that end. */
function endFacts(database: Database, fact: Fact): void {
  fact("the end waits for who has a connection, and refuses who comes", async () => {
    const pool = database.open({ max: 2 });
    const lent = await pool.borrow();
    const ended = pool.end();
    await assert.rejects(pool.run("SELECT 1"), { code: "closed" });
    await lent.run("SELECT 1");
    assert.equal(pool.held(), 1);
    lent.release();
    await ended;
    assert.equal(pool.held(), 0);
  });
}
