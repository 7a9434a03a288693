/**
 * A replica of a service with a database: a pool, and as many workers as it is told, each asking one short statement after the other.
 * It begins when it is told so on stdin, that many may begin at one moment; says what it has done ten times a second; and leaves in order on
 * SIGTERM.
 *
 *     node database-replica.ts '{"kind":"postgres","address":{...},"max":20,"workers":8,"budget":{...}}'
 */
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import type { Budget, BudgetOptions } from "@holdfast/pool/budget";
import { mysqlBudget, mysqlPool } from "@holdfast/pool/mysql";
import { postgresBudget, postgresPool } from "@holdfast/pool/postgres";

export interface ReplicaOrder {
  readonly kind: "postgres" | "mariadb";
  readonly address: { readonly host: string; readonly port: number; readonly database: string };
  readonly max: number;
  readonly workers: number;
  readonly statementMs: number;
  /** How many replicas this process stands for. Under a budget it is one. */
  readonly pools: number;
  /** Null: it has `max` connections, whatever others have. */
  readonly budget: Partial<BudgetOptions> | null;
}

export interface ReplicaReport {
  readonly answers: number;
  /** Calls that the server had no connection for: PostgreSQL's 53300, MariaDB's 1040. */
  readonly tooMany: number;
  /** Of those, refused at the door of the budget. */
  readonly refused: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly state: string;
  readonly ceiling: number;
  readonly lapses: number;
  readonly ended: number;
}

const order = JSON.parse(process.argv[2] as string) as ReplicaOrder;
const failures: Record<string, number> = {};
let answers = 0;
let tooMany = 0;
let isLeaving = false;

process.stdout.write("ready\n");
await once(process.stdin, "data");
process.stdin.unref();

const config = { ...order.address, user: "app" };
const surroundings = { notice: () => {} };
const budget =
  order.budget === null
    ? null
    : order.kind === "postgres"
      ? postgresBudget(order.budget, config, surroundings)
      : mysqlBudget(order.budget, config, surroundings);
const options = { ...config, max: order.max, acquireTimeoutMs: 5_000, warn: () => {}, ...(budget === null ? {} : { budget }) };
const pools = Array.from({ length: order.pools }, () => (order.kind === "postgres" ? postgres() : mariadb()));

function postgres(): { ask: () => Promise<unknown>; end: () => Promise<void> } {
  const pool = postgresPool(options);
  return { ask: () => pool.query("SELECT pg_sleep($1::float8)", [order.statementMs / 1_000]), end: () => pool.end() };
}

function mariadb(): { ask: () => Promise<unknown>; end: () => Promise<void> } {
  const pool = mysqlPool(options);
  return { ask: () => pool.query("SELECT SLEEP(?)", [order.statementMs / 1_000]), end: () => pool.end() };
}

async function work(ask: () => Promise<unknown>): Promise<void> {
  while (!isLeaving) {
    try {
      await ask();
      answers++;
    } catch (fault) {
      const { code = "unknown", errno, cause } = fault as { code?: string; errno?: number; cause?: { code?: string; errno?: number } };
      if ([code, cause?.code].includes("53300") || [errno, cause?.errno].includes(1040)) tooMany++;
      failures[code] = (failures[code] ?? 0) + 1;
      await wait(20);
    }
  }
}

function report(of: Budget | null): void {
  const stats = of?.stats();
  const { refused = 0, state = "alone", ceiling = order.max, lapses = 0, ended = 0 } = stats ?? {};
  const line: ReplicaReport = { answers, tooMany: tooMany + refused, refused, failures, state, ceiling, lapses, ended };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const timer = setInterval(() => report(budget), 100);
const workers = pools.flatMap(({ ask }) => Array.from({ length: order.workers }, () => work(ask)));
process.once("SIGTERM", () => {
  isLeaving = true;
  void Promise.all(workers)
    .then(() => Promise.all(pools.map(({ end }) => end())))
    .finally(() => {
      clearInterval(timer);
      report(budget);
    });
});
