/**
 * A pool of MySQL or MariaDB connections: the promise pool of `mysql2` in every respect that users of one rely on (`query`, `execute`,
 * `getConnection`, `end`, `pool` for callbacks), whose connections are kept, lent and ended by the database pool. Inside, the pool of `mysql2`
 * makes connections, and never has a free one of its own: so there is one queue, one maximum, one place that decides.
 */
import type { Socket } from "node:net";
import mysql from "mysql2";
import promises from "mysql2/promise";
import { nodePoolEnv } from "../../adapters/env.ts";
import { mysqlBudget } from "../../budget/adapters/mysql-store.ts";
import type { BudgetOptions } from "../../budget/options.ts";
import type { Budgeted, Pressure, Query } from "../../budget/seam.ts";
import type { Ask, Leak, Lease } from "../../core/index.ts";
import { membership, noticesTo, type PoolBudget } from "../../database/budget.ts";
import { DatabasePool, type DatabaseStats, type Driver, lostInOpening } from "../../database/database-pool.ts";
import { Notices } from "../../database/notices.ts";
import { type DatabasePoolOptions, divideOptions, statementGraceMs } from "../../database/options.ts";
import { isAnswer } from "../../database/outcome.ts";
import type { PoolEnd } from "../../ends.ts";
import type { PoolEnv } from "../../pool-env.ts";
import { PoolError } from "../../pool-error.ts";
import { factsQuestion, limitStatement, type MysqlFacts, mysqlFacts } from "../facts.ts";
import { answered, endOf, isBusy, isLetGo, markLent, quit, socketOf, type Watched, watchStatements } from "./connection.ts";

export interface MysqlPoolOptions extends Partial<DatabasePoolOptions>, Omit<mysql.PoolOptions, RenamedOption | keyof DatabasePoolOptions> {
  /** One budget for all replicas, which decides how many connections the pool may have, up to `max`. Default: false, and it may have `max`. */
  readonly budget?: Partial<BudgetOptions> | PoolBudget | false;
  /** Whoever runs the process is told, one sentence at a time. Default: `process.emitWarning`. */
  readonly warn?: (line: string) => void;
  readonly env?: PoolEnv;
}

export interface MysqlTransactionOptions extends Ask {
  /** What is set before: `ISOLATION LEVEL SERIALIZABLE`, `READ ONLY`. */
  readonly mode?: string;
}

type RenamedOption = keyof typeof renamed;
const renamed = {
  connectionLimit: "`max`",
  connectTimeout: "`connectTimeoutMs`",
  enableKeepAlive: "`tcpKeepAliveMs`",
  idleTimeout: "`idleMs`",
  keepAliveInitialDelay: "`tcpKeepAliveMs`",
  maxIdle: "not there: what is idle ends after `idleMs`",
  queueLimit: "`queueMax`",
  resetOnRelease: "not there: what is left open is not given to anybody else",
  waitForConnections: "`queueMax: 0` for false",
} as const;

type GetCallback = (error: NodeJS.ErrnoException | null, connection: mysql.PoolConnection) => void;

/** The pool of `mysql2` as it is inside. */
interface InnerPool extends mysql.Pool {
  readonly _allConnections: { readonly length: number; get(at: number): mysql.PoolConnection | undefined };
}

/** `mysql2` exports the class, but does not declare it. */
const PromisePool = (promises as unknown as { readonly PromisePool: new (pool: mysql.Pool) => promises.Pool }).PromisePool;

/** A pool of MySQL or MariaDB connections; see docs/databases.md. Throws a PoolError `invalid_option`. */
export function mysqlPool(options: MysqlPoolOptions = {}): MysqlPool {
  return new MysqlPool(options);
}

export class MysqlPool extends PromisePool implements Budgeted {
  readonly #pool: DatabasePool<mysql.PoolConnection>;
  readonly #inner: InnerPool;
  readonly #make: (callback: GetCallback) => void;
  readonly #env: PoolEnv;
  readonly #notices: Notices;
  readonly #leases = new Map<mysql.PoolConnection, Lease<mysql.PoolConnection>>();
  readonly #watched = new WeakMap<mysql.PoolConnection, Watched>();
  readonly #sockets = new WeakMap<mysql.PoolConnection, Socket>();
  #facts: MysqlFacts | null = null;

  constructor(given: MysqlPoolOptions) {
    const { warn = defaultWarn, env = nodePoolEnv, budget: asked = false, ...rest } = given;
    const { options, driver } = divideOptions(rest as Readonly<Record<string, unknown>>, renamed);
    const budget = membership(asked, (it) => mysqlBudget(it, driver, { env, notice: noticesTo(warn) }));
    const inner = mysql.createPool(driverConfig(options, driver)) as InnerPool;
    super(inner);
    this.#inner = inner;
    this.#make = inner.getConnection.bind(inner);
    this.#env = env;
    this.#notices = new Notices(env.clock, warn);
    // Whatever is asked of the inner pool, by callbacks or promises, comes by these three.
    inner.getConnection = (callback) => this.#get(callback);
    inner.releaseConnection = (connection) => this.#takeBack(connection as mysql.PoolConnection);
    inner.end = (callback) => void this.end().then(() => callback?.(null), callback);
    this.#pool = new DatabasePool(this.#driver(), options, env, { leaked: (leak) => this.#leaked(leak), budget });
  }

  /** A connection as promises, with a deadline or a signal of its own; to be given back by its `release`. */
  async acquire(ask: Ask = {}): Promise<promises.PoolConnection> {
    const connection = this.#lend(await this.#pool.acquire(ask));
    return connection.promise() as unknown as promises.PoolConnection;
  }

  /** Runs `run` between START TRANSACTION and COMMIT on one connection; ROLLBACK and the same error when it rejects. */
  async transaction<R>(run: (connection: promises.PoolConnection) => Promise<R>, options: MysqlTransactionOptions = {}): Promise<R> {
    const { mode, ...ask } = options;
    const connection = await this.acquire(ask);
    try {
      if (mode !== undefined) await connection.query(`SET TRANSACTION ${mode}`);
      await connection.query("START TRANSACTION");
      const result = await run(connection);
      await this.#stillIn(connection);
      await connection.query("COMMIT");
      return result;
    } catch (error) {
      // Where the server did not answer, nothing more is asked: the connection is ended, and the server rolls back.
      if (isAnswer(error) || !isBusy(coreOf(connection))) await connection.query("ROLLBACK").catch(() => connection.destroy());
      else connection.destroy();
      throw error;
    } finally {
      connection.release();
    }
  }

  /** Throws where the server has ended the transaction: what was done after that was committed statement by statement. */
  async #stillIn(connection: promises.PoolConnection): Promise<void> {
    const watched = this.#watched.get(coreOf(connection));
    if (watched?.isUnsure === true) await connection.query("DO 0");
    if (watched?.inTransaction !== false) return;
    const how = "by a deadlock whose error was caught and forgotten, or by a statement that commits by itself";
    throw new PoolError("rolled_back", `The transaction was over before its COMMIT, ${how}`, { outcome: "unknown" });
  }

  /** Takes no more calls; resolves when every connection has come back and is closed. */
  override async end(): Promise<void> {
    await this.#pool.drain();
  }

  /** Ends everything at once, under its borrowers too. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  resize(max: number): void {
    this.#pool.resize(max);
  }

  /** Connections that are open, being opened or being closed: what the server counts. */
  held(): number {
    return this.#pool.held();
  }

  pressure(): Pressure {
    return this.#pool.pressure();
  }

  control<R>(run: (query: Query) => Promise<R>, signal: AbortSignal): Promise<R> {
    return this.#pool.control(run, signal);
  }

  stats(): DatabaseStats {
    return this.#pool.stats();
  }

  #get(callback: GetCallback): void {
    const lease = this.#pool.tryAcquire();
    if (lease !== null) {
      const connection = this.#lend(lease);
      process.nextTick(callback, null, connection);
      return;
    }
    this.#pool.acquire().then(
      (it) => callback(null, this.#lend(it)),
      (error: NodeJS.ErrnoException) => callback(error, undefined as unknown as mysql.PoolConnection),
    );
  }

  #lend(lease: Lease<mysql.PoolConnection>): mysql.PoolConnection {
    const connection = lease.value;
    this.#leases.set(connection, lease);
    markLent(connection);
    this.#inner.emit("acquire", connection);
    return connection;
  }

  /** Called by the driver: a borrower has released it, or the inner pool has let go of it. */
  #takeBack(connection: mysql.PoolConnection): void {
    if (isLetGo(connection)) {
      // Its error or end, if that is why, is told in this same turn, and says more.
      process.nextTick(() => this.#lost(connection, "caller_broke_it"));
      return;
    }
    const lease = this.#leases.get(connection);
    if (lease === undefined) return;
    this.#leases.delete(connection);
    if (!isBusy(connection)) this.#giveBack(lease);
    // A statement that just failed is still at hand in this turn.
    else process.nextTick(() => (isBusy(connection) ? this.#awaitAnswers(lease) : this.#giveBack(lease)));
  }

  /** The answer of the last statement is not complete. Until it is, nobody else gets the connection. */
  #awaitAnswers(lease: Lease<mysql.PoolConnection>): void {
    const timer = this.#env.clock.after(this.#pool.options.closeMs, () => this.#destroy(lease.value));
    answered(lease.value)
      .then(
        () => this.#giveBack(lease),
        () => this.#pool.giveBack(lease, "caller_broke_it"),
      )
      .finally(() => timer.cancel());
  }

  #giveBack(lease: Lease<mysql.PoolConnection>): void {
    const connection = lease.value;
    if (this.#watched.get(connection)?.inTransaction === true) {
      this.#notices.tell("left_open", "A connection was given back in the middle of a transaction, and was ended: the transaction is rolled back");
      this.#pool.giveBack(lease, "caller_broke_it");
      return;
    }
    this.#inner.emit("release", connection);
    this.#pool.giveBack(lease);
  }

  #driver(): Driver<mysql.PoolConnection> {
    return {
      open: (signal, gone) => this.#open(signal, gone),
      end: (connection, end) => {
        // One that does not answer any more does not hear a goodbye either.
        if (end === "check_failed") this.#destroy(connection);
        const timer = this.#env.clock.after(this.#pool.options.closeMs, () => this.#destroy(connection));
        this.#sockets.get(connection)?.once("close", () => timer.cancel());
        quit(connection);
      },
      check: (connection) =>
        answered(connection).then(
          () => true,
          () => false,
        ),
      query: (connection) => async (sql, values) => {
        const [result] = await (connection.promise() as unknown as promises.Connection).query(sql, [...values]);
        if (Array.isArray(result)) return { rows: result as Record<string, unknown>[], affected: 0 };
        return { rows: [], affected: result.affectedRows };
      },
    };
  }

  async #open(signal: AbortSignal, gone: () => void): Promise<mysql.PoolConnection> {
    const connection = await this.#connect(signal, gone);
    const { statementTimeoutMs } = this.#pool.options;
    const limitMs = statementTimeoutMs === "never" ? null : statementTimeoutMs + statementGraceMs;
    this.#watched.set(connection, watchStatements(connection, limitMs, this.#env.clock));
    connection.on("error", (error: NodeJS.ErrnoException) => this.#lost(connection, endOf(error)));
    connection.on("end", () => this.#lost(connection, "server_closed"));
    const run = (sql: string): Promise<Record<string, unknown>[]> =>
      (connection.promise() as unknown as promises.Connection).query(sql).then(([rows]) => (Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []));
    if (this.#facts === null) await this.#askFacts(connection, run);
    if (isLetGo(connection)) throw new PoolError("connect_failed", lostInOpening);
    if (statementTimeoutMs !== "never") await run(limitStatement(statementTimeoutMs, this.#facts?.mariadb === true));
    return connection;
  }

  /** Has the inner pool make one. */
  #connect(signal: AbortSignal, gone: () => void): Promise<mysql.PoolConnection> {
    return new Promise((resolve, reject) => {
      let socket: Socket | null = null;
      const abandon = (): void => {
        socket?.destroy();
      };
      this.#make((error, connection) => {
        signal.removeEventListener("abort", abandon);
        if (error === null) resolve(connection);
        else {
          abandon();
          reject(signal.aborted ? signal.reason : error);
        }
      });
      const { _allConnections: all } = this.#inner;
      const connection = all.get(all.length - 1) as mysql.PoolConnection;
      socket = socketOf(connection);
      this.#sockets.set(connection, socket);
      // The inner pool listens to the first error only.
      connection.on("error", () => undefined);
      socket.once("close", gone);
      signal.addEventListener("abort", abandon, { once: true });
    });
  }

  async #askFacts(connection: mysql.PoolConnection, run: (sql: string) => Promise<Record<string, unknown>[]>): Promise<void> {
    const rows = await run(factsQuestion).catch(() => []);
    // One that was cut off has said nothing: the next one is asked.
    if (rows[0] === undefined) return;
    this.#facts = mysqlFacts(rows[0], connection.threadId);
    this.#pool.keepIdleFor(this.#facts.keepMs);
    if (this.#facts.pooled)
      this.#notices.tell(
        "pooler",
        "Something pools connections before the server (ProxySQL? MaxScale?): sessions may keep nothing from one transaction to the next",
      );
  }

  #lost(connection: mysql.PoolConnection, end: PoolEnd): void {
    this.#leases.delete(connection);
    this.#pool.lost(connection, end);
    if (end === "server_idle_limit")
      this.#notices.tell("server_idle_limit", "The server ended an idle connection (`wait_timeout`) before the pool did: `idleMs` is longer than the server's");
    const timer = this.#env.clock.after(this.#pool.options.closeMs, () => this.#destroy(connection));
    this.#sockets.get(connection)?.once("close", () => timer.cancel());
  }

  #destroy(connection: mysql.PoolConnection): void {
    this.#sockets.get(connection)?.destroy();
  }

  #leaked({ connection, heldMs, stack }: Leak<mysql.PoolConnection>): void {
    this.#notices.tell("leak", `Connection ${connection} has been lent for ${Math.round(heldMs)} ms and was not given back. It was borrowed here:\n${stack}`);
  }
}

const coreOf = (connection: promises.PoolConnection): mysql.PoolConnection => connection.connection as unknown as mysql.PoolConnection;

const defaultWarn = (line: string): void => process.emitWarning(line, "HoldfastPoolWarning");

function driverConfig(options: DatabasePoolOptions, driver: Readonly<Record<string, unknown>>): mysql.PoolOptions {
  const { tcpKeepAliveMs, connectTimeoutMs } = options;
  const keepAlive = tcpKeepAliveMs === "never" ? { enableKeepAlive: false } : { enableKeepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs };
  // The inner pool must never be the one that says no: 0 is no limit.
  return { ...driver, ...keepAlive, connectTimeout: connectTimeoutMs, connectionLimit: 0, maxIdle: 0 };
}
