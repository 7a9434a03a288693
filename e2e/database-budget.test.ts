/**
 * One budget for all replicas, over real databases with 30 connections: six replicas under load, a deploy to six others with all twelve at
 * once in between, kill -9 and stopped processes by chance. Nobody is ever refused, everybody is served, and the budget is used. The same
 * without a budget stands beside it, and is refused.
 */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import mysql from "mysql2/promise";
import pg from "pg";
import { startMariadb, startPostgres, type TestDatabase } from "../scripts/test-support/databases.ts";
import { needs } from "../scripts/test-support/needs.ts";
import type { ReplicaOrder } from "./processes/database-replica.ts";
import { Fleet, type Replica, ReplicaProgram } from "./support/database-fleet.ts";
import { until } from "./support/processes.ts";

const connectionsMax = 30;
const ttlMs = 2_000;
/** One for whoever looks on. */
const budget = { name: "orders", reserve: 1, surgeMax: 6, ttlMs };
/** Longest that a running replica may be without an answer: a share of the dead comes back after two leases, and the machine is slow. */
const quietMsMax = 8 * ttlMs;
const chaosMs = 6_000;

/** What the test looks at a server with. */
interface Watch extends AsyncDisposable {
  /** Connections of the replicas that are open; of these, those that are not at the door, where the server tells; and that work on a statement. */
  look(): Promise<{ readonly open: number; readonly leased: number | null; readonly busy: number }>;
  /** Connections that the server has refused, as it says itself. */
  refused(): Promise<number>;
}

async function watchPostgres({ address, process }: TestDatabase): Promise<Watch> {
  const client = new pg.Client({ ...address, user: "postgres" });
  await client.connect();
  const sql =
    "SELECT count(*)::int AS open, (count(*) FILTER (WHERE application_name NOT LIKE '%:door'))::int AS leased, (count(*) FILTER (WHERE state = 'active'))::int AS busy FROM pg_stat_activity WHERE usename = 'app'";
  return {
    look: async () => (await client.query(sql)).rows[0] as { open: number; leased: number; busy: number },
    refused: () =>
      Promise.resolve(process.log().match(/too many clients already|remaining connection slots are reserved|too many connections for/g)?.length ?? 0),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

async function watchMariadb({ address }: TestDatabase): Promise<Watch> {
  const connection = await mysql.createConnection({ ...address, user: "admin" });
  const ask = async (sql: string): Promise<Record<string, unknown>> => ((await connection.query(sql))[0] as Record<string, unknown>[])[0] ?? {};
  const sql = "SELECT count(*) AS open, coalesce(sum(command <> 'Sleep'), 0) AS busy FROM information_schema.processlist WHERE user = 'app'";
  return {
    look: async () => {
      const { open, busy } = await ask(sql);
      return { open: Number(open), leased: null, busy: Number(busy) };
    },
    refused: async () => Number((await ask("SHOW GLOBAL STATUS LIKE 'Connection_errors_max_connections'"))["Value"]),
    [Symbol.asyncDispose]: () => connection.end(),
  };
}

interface Case {
  readonly kind: ReplicaOrder["kind"];
  readonly start: () => Promise<TestDatabase>;
  readonly watch: (database: TestDatabase) => Promise<Watch>;
  /** What the server gives to users, less the reserve and the door. */
  readonly shares: number;
}

const cases: readonly Case[] = [
  {
    kind: "postgres",
    start: () => startPostgres({ connectionsMax, reserved: 3, settings: ["log_connections=off", "log_disconnections=off"] }),
    watch: watchPostgres,
    shares: connectionsMax - 3 - budget.reserve - budget.surgeMax,
  },
  { kind: "mariadb", start: () => startMariadb({ connectionsMax }), watch: watchMariadb, shares: connectionsMax - budget.reserve - budget.surgeMax },
];

const ceilings = (replicas: readonly Replica[]): number => replicas.reduce((sum, { last }) => sum + (last?.ceiling ?? 0), 0);
const pick = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)] as T;

/** Looks all the time, through the deploy and the chaos: the most connections that the server had open at once, those at the door among them. */
function watchPeak(watch: Watch): { stop(): Promise<{ readonly open: number; readonly leased: number; readonly looks: number }> } {
  let going = true;
  const peak = { open: 0, leased: 0, looks: 0 };
  const looking = (async () => {
    while (going) {
      const { open, leased } = await watch.look();
      peak.open = Math.max(peak.open, open);
      peak.leased = Math.max(peak.leased, leased ?? 0);
      peak.looks++;
      await wait(20);
    }
    return peak;
  })();
  return {
    stop: () => {
      going = false;
      return looking;
    },
  };
}

/** Samples of the server in a steady state, as fractions of the shares. */
async function sample(watch: Watch, shares: number, count: number): Promise<{ open: number; busy: number }> {
  const looks: { open: number; busy: number }[] = [];
  for (let look = 0; look < count; look++) {
    looks.push(await watch.look());
    await wait(50);
  }
  const mean = (values: number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length / shares;
  return { open: mean(looks.map(({ open }) => open)), busy: mean(looks.map(({ busy }) => busy)) };
}

/** kill -9 and SIGSTOP in turn, of whom and when by chance; who was killed is replaced, as an orchestrator would do it. */
async function chaos(fleet: Fleet, spare: Replica[]): Promise<{ kills: number; stops: number }> {
  const endMs = performance.now() + chaosMs;
  const stopped: Promise<void>[] = [];
  let [kills, stops] = [0, 0];
  while (performance.now() < endMs) {
    await wait(300 + Math.random() * 500);
    const candidates = fleet.running.filter((replica) => !spare.includes(replica) && replica.last !== null && replica.isServed);
    if (candidates.length < 4) continue;
    const victim = pick(candidates);
    const next = (kills + stops) % 3 === 0 ? spare.pop() : undefined;
    if (next !== undefined) {
      victim.kill();
      next.go();
      kills++;
    } else {
      victim.stop();
      stops++;
      stopped.push(wait(500 + Math.random() * 1.5 * ttlMs).then(() => victim.continue()));
    }
  }
  await Promise.all(stopped);
  return { kills, stops };
}

async function underBudget(t: TestContext, program: ReplicaProgram, { kind, shares }: Case, database: TestDatabase, watch: Watch): Promise<void> {
  const order: ReplicaOrder = { kind, address: database.address, max: 12, workers: 8, statementMs: 50, pools: 1, budget };
  await using fleet = new Fleet(program, order);
  const full = (replicas: () => readonly Replica[]) => async (): Promise<boolean> =>
    ceilings(replicas()) >= 0.9 * shares && replicas().every(({ last }) => (last?.ceiling ?? 0) >= 1);
  const old = await fleet.prepare(6);
  for (const replica of old) replica.go();
  await until(
    "the six have it all",
    full(() => old),
    quietMsMax,
  );
  const steady = await sample(watch, shares, 30);
  const peaks = watchPeak(watch);
  const young = await fleet.prepare(6);
  const surgedMs = performance.now();
  for (const replica of young) replica.go();
  await until("each newcomer is served", async () => young.every(({ answers }) => answers > 0), quietMsMax);
  const servedMs = performance.now() - surgedMs;
  for (const replica of old) replica.leave();
  await Promise.all(old.map(({ exited }) => exited));
  await until(
    "the new ones have it all",
    full(() => young),
    quietMsMax,
  );
  const spare = await fleet.prepare(3);
  const weather = await chaos(fleet, spare);
  const living = (): Replica[] => fleet.running.filter((replica) => !spare.includes(replica));
  // As the server sees it: what a replica that stood still says of its share is old.
  let looks = 0;
  const isUsed = async (): Promise<boolean> => {
    const isFull = (await full(living)()) && (await watch.look()).open >= 0.9 * shares;
    looks = isFull ? looks + 1 : 0;
    return looks >= 8;
  };
  await until("it has settled", isUsed, quietMsMax);
  const peak = await peaks.stop();
  const after = await sample(watch, shares, 20);
  const percent = (fraction: number): string => `${Math.round(fraction * 100)} %`;
  t.diagnostic(
    `${kind}: ${shares} shares of ${connectionsMax} connections; steady ${percent(steady.open)} open, ${percent(steady.busy)} busy; surge to 12: all served after ` +
      `${Math.round(servedMs)} ms; ${weather.kills} kill -9, ${weather.stops} stopped, ${fleet.sum(({ lapses }) => lapses)} lapses, ` +
      `${fleet.sum(({ ended }) => ended)} connections ended; after it ${percent(after.open)} open; ${fleet.sum(({ answers }) => answers)} answers, ` +
      `${fleet.sum(({ tooMany }) => tooMany)} refused, longest wait for an answer ${Math.round(Math.max(...fleet.all.map((each) => each.quietMsMax)))} ms; at most ${peak.open} open at once` +
      `${peak.leased > 0 ? `, ${peak.leased} not at the door` : ""}, in ${peak.looks} looks`,
  );
  assert.ok(peak.looks > 50 && peak.open <= shares + budget.surgeMax, JSON.stringify(peak));
  assert.equal(
    fleet.sum(({ tooMany }) => tooMany),
    0,
    "refused, as the clients say",
  );
  assert.equal(await watch.refused(), 0, "refused, as the server says");
  for (const each of fleet.all) assert.ok(each.quietMsMax < quietMsMax, `a replica had no answer for ${each.quietMsMax} ms`);
  assert.ok(steady.open >= 0.9 && steady.busy >= 0.6 && after.open >= 0.9, JSON.stringify({ steady, after }));
}

/** Each with its fair part of what there is for six: what a careful person would write down. Two processes, each for six replicas. */
async function naive(t: TestContext, program: ReplicaProgram, { kind }: Case, database: TestDatabase, watch: Watch): Promise<void> {
  await using fleet = new Fleet(program, { kind, address: database.address, max: 4, workers: 8, statementMs: 50, pools: 6, budget: null });
  const [old, young] = (await fleet.prepare(2)) as [Replica, Replica];
  const before = await watch.refused();
  old.go();
  await until("the six are served", async () => old.answers > 20, quietMsMax);
  assert.equal(await watch.refused(), before, "six fit");
  young.go();
  await until("somebody is refused", async () => fleet.sum(({ tooMany }) => tooMany) > 0 && (await watch.refused()) > before, quietMsMax);
  await wait(500);
  t.diagnostic(
    `${kind}, pools of 4 without a budget, surge to 12: within half a second ${fleet.sum(({ tooMany }) => tooMany)} calls failed because ` +
      `${(await watch.refused()) - before} connections were refused`,
  );
}

// Side by side: most of the time is waiting for leases to run out.
describe("one budget for all replicas", { concurrency: true }, () => {
  for (const each of cases) {
    test(`${each.kind}: a deploy, kill -9 and stops: nobody is refused, everybody served, nine tenths used; naive pools are refused`, {
      skip: needs(each.kind, "proc"),
    }, async (t) => {
      using program = await ReplicaProgram.make();
      await using database = await each.start();
      await using watch = await each.watch(database);
      await underBudget(t, program, each, database, watch);
      await naive(t, program, each, database, watch);
    });
  }
});
