/**
 * `holdfast pool watch` over real databases: before there is a ledger, while a replica holds a share, and when nobody answers.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { BudgetView } from "@holdfast/pool/budget";
import { mysqlPool } from "@holdfast/pool/mysql";
import { postgresPool } from "@holdfast/pool/postgres";
import { type DatabaseAddress, startMariadb, startPostgres } from "../../../scripts/test-support/databases.ts";
import { needs } from "../../../scripts/test-support/needs.ts";

const program = fileURLToPath(new URL("../src/main.ts", import.meta.url));

interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Beside this process, which goes on renewing meanwhile. */
function run(...args: string[]): Promise<Run> {
  const command = ["--conditions=source", "--no-warnings", program, "pool", "watch"];
  return new Promise((resolve) => {
    execFile(process.execPath, [...command, ...args], { timeout: 30_000 }, (fault, stdout, stderr) =>
      resolve({ status: Number(fault?.code ?? 0), stdout, stderr }),
    );
  });
}

const budget = { name: "orders", label: "v41", reserve: 2, surgeMax: 2, ttlMs: 10_000 };

interface AnyPool {
  query(sql: string): Promise<unknown>;
  end(): Promise<void>;
}

async function watched(url: string, open: () => AnyPool): Promise<void> {
  const none = await run("--once", url);
  assert.deepEqual([none.status, none.stdout], [0, "no budget has a ledger in this database yet\n"], none.stderr);
  assert.equal((await run("--once", "--budget", "other", url)).status, 1);
  const pool = open();
  try {
    await pool.query("SELECT 1");
    const shown = await run("--once", url);
    assert.equal(shown.status, 0, shown.stderr);
    assert.match(shown.stdout, /^orders: \d+ of \d+ leased to 1 replicas \[#+\.*\]; door 2, reserve 2/);
    assert.match(shown.stdout, /v41 +holding/);
    const [line] = (await run("--once", "--json", "--budget", "orders", url)).stdout.split("\n");
    const view = JSON.parse(line ?? "") as BudgetView;
    assert.ok(view.granted >= 1 && view.replicas[0]?.state === "holding", line ?? "");
  } finally {
    await pool.end();
  }
}

const addressOf = ({ host, port, database }: DatabaseAddress): string => `app:secret@${host}:${port}/${database}`;

test("the shares in PostgreSQL are shown, and a server that is gone is named without the password", { skip: needs("postgres", "proc") }, async () => {
  await using database = await startPostgres({ connectionsMax: 20 });
  const url = `postgres://${addressOf(database.address)}`;
  await watched(url, () => postgresPool({ ...database.address, user: "app", max: 4, budget, warn: () => {} }));
  await database.process.kill();
  const gone = await run("--once", url);
  assert.equal(gone.status, 3);
  assert.doesNotMatch(gone.stderr, /secret/);
});

test("the shares in MariaDB are shown", { skip: needs("mariadb", "proc") }, async () => {
  await using database = await startMariadb({ connectionsMax: 20 });
  const { host, port, database: name } = database.address;
  await watched(`mariadb://app@${host}:${port}/${name}`, () => mysqlPool({ ...database.address, user: "app", max: 4, budget, warn: () => {} }));
});
