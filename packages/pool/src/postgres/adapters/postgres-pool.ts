/**
 * A pool of PostgreSQL connections: a `pg.Pool` in every respect that users of one rely on (`connect`, `query`, `end`, its events and counts,
 * `instanceof`), whose connections are kept, lent and ended by the database pool. Inside, `pg.Pool` makes connections and ends them, and
 * never has an idle one of its own: so there is one queue, one maximum, one place that decides.
 */
import type { Timer } from "@holdfast/protocol";
import pg from "pg";
import { nodePoolEnv } from "../../adapters/env.ts";
import { postgresBudget } from "../../budget/adapters/postgres-store.ts";
import type { BudgetOptions } from "../../budget/options.ts";
import { withoutName } from "../../budget/postgres-session.ts";
import type { Budgeted, Pressure, Query } from "../../budget/seam.ts";
import type { Ask, Leak, Lease } from "../../core/index.ts";
import { membership, noticesTo, type PoolBudget } from "../../database/budget.ts";
import { DatabasePool, type DatabaseStats, type Driver, lostInOpening } from "../../database/database-pool.ts";
import { Notices } from "../../database/notices.ts";
import { type DatabasePoolOptions, divideOptions, statementGraceMs } from "../../database/options.ts";
import { isAnswer, outcomeOf } from "../../database/outcome.ts";
import type { PoolEnd } from "../../ends.ts";
import { optionFault } from "../../option-docs.ts";
import type { PoolEnv } from "../../pool-env.ts";
import { PoolError } from "../../pool-error.ts";
import { factsQuestion, postgresFacts } from "../facts.ts";
import { poolerStartupParameters } from "../pooler.ts";
import { cancelStatement, destroySocket, endOf, isDead, isSettled, namedProcess, settled } from "./client.ts";
import { clientClass, type Through } from "./client-class.ts";

export interface PostgresPoolOptions extends Partial<DatabasePoolOptions>, Omit<pg.PoolConfig, RenamedOption | keyof DatabasePoolOptions | "Promise"> {
  /** `pgbouncer`: in transaction mode; what cannot work there is refused. Default: `direct`, with a warning where a pooler is noticed. */
  readonly through?: Through;
  /** Named prepared statements. Default: not through PgBouncer, which has them since 1.21 only (`max_prepared_statements`). */
  readonly namedStatements?: boolean;
  /** One budget for all replicas, which decides how many connections the pool may have, up to `max`. Default: false, and it may have `max`. */
  readonly budget?: Partial<BudgetOptions> | PoolBudget | false;
  /** Whoever runs the process is told, one sentence at a time. Default: `process.emitWarning`. */
  readonly warn?: (line: string) => void;
  readonly env?: PoolEnv;
}

export interface TransactionOptions extends Ask {
  /** What follows `BEGIN`: `ISOLATION LEVEL SERIALIZABLE, READ ONLY`. */
  readonly mode?: string;
}

type RenamedOption = keyof typeof renamed;
const renamed = {
  allowExitOnIdle: "always so: idle connections do not keep the process",
  connectionTimeoutMillis: "`connectTimeoutMs`, and `acquireTimeoutMs` for the wait in the queue",
  idleTimeoutMillis: "`idleMs`",
  keepAlive: "`tcpKeepAliveMs`",
  keepAliveInitialDelayMillis: "`tcpKeepAliveMs`",
  maxLifetimeSeconds: "`ageMs`",
  maxUses: "`requestsMax`",
  min: "not there: connections are opened when they are needed",
  query_timeout: "`statementTimeoutMs`",
  statement_timeout: "`statementTimeoutMs`",
} as const;

type ConnectCallback = (error: Error | undefined, client: pg.PoolClient | undefined, done: (release?: unknown) => void) => void;
type Release = (error?: Error | boolean) => void;

const cancelEveryMs = 250;
const noDone = (): void => undefined;

/** A pool of PostgreSQL connections; see docs/databases.md. Throws a PoolError `invalid_option`. */
export function postgresPool(options: PostgresPoolOptions = {}): PostgresPool {
  return new PostgresPool(options);
}

export class PostgresPool extends pg.Pool implements Budgeted {
  readonly #pool: DatabasePool<pg.PoolClient>;
  readonly #env: PoolEnv;
  readonly #notices: Notices;
  readonly #through: Through;
  /** Of each connection, what makes the inner pool end it. */
  readonly #discards = new WeakMap<pg.PoolClient, () => void>();
  readonly #born: { client: pg.PoolClient | null };
  #askedFacts = false;
  /** Something hands connections on before the server. */
  #pooled: boolean;
  #ended: Promise<void> | null = null;

  constructor(given: PostgresPoolOptions) {
    const { through = "direct", namedStatements = through === "direct", warn = defaultWarn, env = nodePoolEnv, budget: asked = false, ...rest } = given;
    const { options, driver } = divideOptions(rest as Readonly<Record<string, unknown>>, renamed);
    const born: { client: pg.PoolClient | null } = { client: null };
    checkThrough(through, options, driver);
    const budget = membership(asked, (it) => postgresBudget(it, driver, { env, notice: noticesTo(warn) }));
    super(driverConfig(options, driver, budget, clientClass((driver["Client"] as typeof pg.Client | undefined) ?? pg.Client, born, through, namedStatements)));
    this.#born = born;
    this.#env = env;
    this.#through = through;
    this.#pooled = through === "pgbouncer";
    this.#notices = new Notices(env.clock, warn);
    this.#pool = new DatabasePool(this.#driver(), options, env, { leaked: (leak) => this.#leaked(leak), budget });
    // What ends while nobody has it is no error of anybody's: without a listener `error` would end the process.
    this.on("error", () => undefined);
    Object.defineProperties(this, {
      totalCount: { get: () => this.held() },
      idleCount: { get: () => this.stats().idle },
      waitingCount: { get: () => this.stats().waiting },
      expiredCount: { value: 0 },
    });
  }

  /** A connection, to be given back by its `release`. With `true`, or an error after which nothing is known of it, it is not used again. */
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    const client = this.acquire();
    if (callback === undefined) return client;
    client.then(
      (it) => callback(undefined, it, it.release as (release?: unknown) => void),
      (error: Error) => callback(error, undefined, noDone),
    );
    return undefined;
  }

  /** The same, with a deadline or a signal of its own. */
  acquire(ask?: Ask): Promise<pg.PoolClient> {
    const lease = ask === undefined ? this.#pool.tryAcquire() : null;
    if (lease !== null) return Promise.resolve(this.#lend(lease));
    return this.#pool.acquire(ask).then((it) => this.#lend(it));
  }

  /** Runs `run` between BEGIN and COMMIT on one connection; ROLLBACK and the same error when it rejects. */
  async transaction<R>(run: (client: pg.PoolClient) => Promise<R>, options: TransactionOptions = {}): Promise<R> {
    const { mode, ...ask } = options;
    const client = await this.acquire(ask);
    let unusable: Error | boolean = false;
    try {
      await client.query(mode === undefined ? "BEGIN" : `BEGIN ${mode}`);
      const result = await run(client);
      const { command } = await client.query("COMMIT");
      if (command === "ROLLBACK")
        throw new PoolError("rolled_back", "A statement of the transaction had failed, so that COMMIT undid it: its error was caught and forgotten");
      return result;
    } catch (error) {
      if (isAnswer(error) || isSettled(client)) {
        await client.query("ROLLBACK").catch((failure: Error) => {
          unusable = failure;
        });
      } else unusable = true;
      throw error;
    } finally {
      client.release(unusable);
    }
  }

  /** Takes no more calls; resolves when every connection has come back and is closed. */
  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | undefined {
    this.#ended ??= this.#pool.drain().then(() => super.end());
    if (callback === undefined) return this.#ended;
    this.#ended.then(callback, callback);
    return undefined;
  }

  /** Ends everything at once, under its borrowers too. */
  async close(): Promise<void> {
    await this.#pool.close();
    await this.end();
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

  #lend(lease: Lease<pg.PoolClient>): pg.PoolClient {
    const client = lease.value;
    client.release = (error) => this.#takeBack(lease, error);
    if (lease.reused) this.emit("acquire", client);
    return client;
  }

  #takeBack(lease: Lease<pg.PoolClient>, error: Error | boolean | undefined): void {
    const client = lease.value;
    client.release = () => {
      throw new PoolError("released_twice", "The connection was given back before: somebody else may have it now");
    };
    if (isDead(client) || (error && outcomeOf(error) === "unknown")) this.#pool.giveBack(lease, "caller_broke_it");
    else if (isSettled(client)) this.#takeBackSettled(lease);
    else {
      // The answer of the last statement is not complete. Until it is, nobody else gets the connection.
      const timer = this.#env.clock.after(this.#pool.options.closeMs, () => destroySocket(client));
      void settled(client).then(() => {
        timer.cancel();
        this.#takeBackSettled(lease);
      });
    }
  }

  #takeBackSettled(lease: Lease<pg.PoolClient>): void {
    const client = lease.value;
    if (client.getTransactionStatus() === "I") {
      this.emit("release", undefined, client);
      this.#pool.giveBack(lease);
      return;
    }
    this.#notices.tell("left_open", "A connection was given back in the middle of a transaction, and was ended: the transaction is rolled back");
    this.#pool.giveBack(lease, "caller_broke_it");
  }

  #driver(): Driver<pg.PoolClient> {
    return {
      open: (signal, gone) => this.#open(signal, gone),
      end: (client, end) => this.#finish(client, end),
      check: (client) =>
        client.query("SELECT 1").then(
          () => true,
          () => false,
        ),
      query: (client) => async (sql, values) => {
        const { rows, rowCount } = await client.query(sql, [...values]);
        return { rows, affected: rowCount ?? 0 };
      },
    };
  }

  /** Ends it in order. A statement that is under way is cancelled first: a server goes on with it, and counts it, although its client is gone. */
  #finish(client: pg.PoolClient, end: PoolEnd): void {
    const discard = (): void => this.#discards.get(client)?.();
    const timer = this.#env.clock.after(this.#pool.options.closeMs, () => destroySocket(client));
    client.once("end", () => timer.cancel());
    // One that does not answer any more can not be asked to stop either. PgBouncer 1.18 is never asked: a cancel request that meets the end of
    // its client ends the whole process (pgbouncer#801).
    if (this.#pooled || end === "check_failed" || isDead(client) || isSettled(client)) {
      discard();
      return;
    }
    let again: Timer | null = null;
    let stopAsking = (): void => undefined;
    // Asked before the statement has begun, it stops nothing: so it is asked until there is an answer.
    const ask = (): void => {
      stopAsking();
      stopAsking = cancelStatement(client);
      again = this.#env.clock.after(cancelEveryMs, ask);
    };
    ask();
    void settled(client).then(() => {
      again?.cancel();
      stopAsking();
      discard();
    });
  }

  async #open(signal: AbortSignal, gone: () => void): Promise<pg.PoolClient> {
    const [client, discard] = await this.#make(signal, gone);
    this.#discards.set(
      client,
      once(() => discard(true)),
    );
    client.on("error", (error: Error) => this.#lost(client, endOf(error), error));
    client.on("end", () => this.#lost(client, "server_closed", null));
    if (!this.#askedFacts) await this.#askFacts(client);
    if (isDead(client)) throw new PoolError("connect_failed", lostInOpening);
    return client;
  }

  /** Has the inner pool make one. */
  #make(signal: AbortSignal, gone: () => void): Promise<[pg.PoolClient, Release]> {
    return new Promise((resolve, reject) => {
      this.#born.client = null;
      super.connect((error, client, done) => {
        signal.removeEventListener("abort", abandon);
        if (client === undefined) reject(signal.aborted ? signal.reason : error);
        else resolve([client, done]);
      });
      const client = this.#born.client as pg.PoolClient | null;
      const abandon = (): void => {
        if (client !== null) destroySocket(client);
      };
      if (client === null) gone();
      else {
        // What ends it between its log-in and its first listener comes in one turn, and would end the process.
        client.on("error", () => undefined);
        // A log-in that fails leaves a socket which nobody else closes.
        client.once("end", gone);
        signal.addEventListener("abort", abandon, { once: true });
      }
    });
  }

  /** What the server says of itself decides for how long an idle connection is relied on. Not every server that speaks the protocol knows it. */
  async #askFacts(client: pg.PoolClient): Promise<void> {
    this.#askedFacts = true;
    const rows = await client.query(factsQuestion).then(
      (result) => result.rows as Record<string, unknown>[],
      () => [],
    );
    // One that was cut off has said nothing: the next one is asked.
    if (isDead(client)) this.#askedFacts = false;
    const { pooled, keepMs } = postgresFacts(rows[0], namedProcess(client));
    this.#pool.keepIdleFor(keepMs);
    this.#pooled ||= pooled;
    if (pooled && this.#through === "direct") {
      this.#notices.tell(
        "pooler",
        'Something pools connections before the server (PgBouncer?). In transaction mode sessions keep nothing: say `through: "pgbouncer"`, so that what cannot work is refused',
      );
    }
  }

  #lost(client: pg.PoolClient, end: PoolEnd, error: Error | null): void {
    this.#pool.lost(client, end);
    this.#discards.get(client)?.();
    if (end === "server_idle_limit") {
      this.#askedFacts = false;
      this.#notices.tell(
        "server_idle_limit",
        "The server ended an idle connection (57P05, `idle_session_timeout`) before the pool did: `idleMs` is longer than the server's",
      );
    }
    if (error !== null) this.emit("error", error, client);
  }

  #leaked({ connection, heldMs, stack }: Leak<pg.PoolClient>): void {
    this.#notices.tell("leak", `Connection ${connection} has been lent for ${Math.round(heldMs)} ms and was not given back. It was borrowed here:\n${stack}`);
  }
}

const defaultWarn = (line: string): void => process.emitWarning(line, "HoldfastPoolWarning");

/** Runs it the first time only. */
function once(run: () => void): () => void {
  let ran = false;
  return () => {
    if (ran) return;
    ran = true;
    run();
  };
}

function checkThrough(through: Through, options: DatabasePoolOptions, driver: Readonly<Record<string, unknown>>): void {
  if (through !== "direct" && through !== "pgbouncer") throw optionFault("through", '"direct" or "pgbouncer"', through);
  if (through === "direct") return;
  if (options.statementTimeoutMs !== "never") {
    throw new PoolError(
      "invalid_option",
      "PgBouncer refuses `statement_timeout` at the log-in: leave `statementTimeoutMs` away, and say `ALTER ROLE ... SET statement_timeout` or `query_timeout` of PgBouncer",
    );
  }
  const refused = poolerStartupParameters.find((name) => driver[name] !== undefined);
  if (refused !== undefined) throw new PoolError("invalid_option", `PgBouncer refuses \`${refused}\` at the log-in: set it on the role, or by \`SET LOCAL\``);
}

function driverConfig(
  options: DatabasePoolOptions,
  driver: Readonly<Record<string, unknown>>,
  budget: PoolBudget | null,
  Client: typeof pg.Client,
): pg.PoolConfig {
  const { tcpKeepAliveMs, statementTimeoutMs } = options;
  const keepAlive = tcpKeepAliveMs === "never" ? {} : { keepAlive: true, keepAliveInitialDelayMillis: tcpKeepAliveMs };
  const statement = statementTimeoutMs === "never" ? {} : { statement_timeout: statementTimeoutMs, query_timeout: statementTimeoutMs + statementGraceMs };
  const name = budget?.applicationName ?? null;
  const named = name === null ? driver : { ...withoutName(driver).config, application_name: name };
  // The inner pool must never be the one that says no, and never keeps an idle connection.
  return { ...named, ...keepAlive, ...statement, max: Number.POSITIVE_INFINITY, idleTimeoutMillis: 0, Client } as unknown as pg.PoolConfig;
}
