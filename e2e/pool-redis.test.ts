/** The recipe for Redis, against a real server: blocking readers, a connection that the server ends, a server that is gone. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import type { Pool } from "@holdfast/pool/core";
import type { createClient } from "redis";
import { needs } from "../scripts/test-support/needs.ts";

type Client = ReturnType<typeof createClient>;

/** The functions of the example, which runs once when it is loaded. */
interface Recipe {
  redisPool(url: string, max: number): Pool<Client>;
  nextJob(pool: Pool<Client>, list: string, seconds: number): Promise<string | null>;
}

const file = new URL("../examples/pool-redis.ts", import.meta.url);
const recipe = async (): Promise<Recipe> => (await import(file.href)) as Recipe;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Whether something answers PING there. */
const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.setTimeout(500, () => socket.destroy());
    socket.once("data", (data) => {
      resolve(data.toString().startsWith("+PONG"));
      socket.destroy();
    });
    socket.on("error", () => {});
    socket.once("close", () => resolve(false));
  });

describe("Redis clients in a pool", { skip: needs("redis") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-redis-"));
  let server: ChildProcess;
  let port = 0;

  before(async () => {
    port = await freePort();
    server = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder], { stdio: "ignore" });
    const untilMs = performance.now() + 20_000;
    while (!(await answers(port))) {
      assert.ok(performance.now() < untilMs, "redis-server answers within 20 s");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  after(async () => {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill("SIGKILL");
      await once(server, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it("does every job of the example once, over as many connections as block at once", async () => {
    const flags = process.execArgv.filter((flag) => !flag.startsWith("--test"));
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, file.pathname], {
      env: { ...process.env, REDIS_URL: `redis://127.0.0.1:${port}` },
    });
    const [, jobs, connections] = /^(\d+) jobs done over (\d+) connections/.exec(stdout) ?? [];
    assert.equal(jobs, "20", stdout);
    assert.ok(Number(connections) <= 5, stdout);
  });

  it("makes another client in place of one that the server ended, blocked or idle", async () => {
    process.env["REDIS_URL"] = `redis://127.0.0.1:${port}`;
    const { nextJob, redisPool } = await recipe();
    const pool = redisPool(`redis://127.0.0.1:${port}`, 3);
    const blocked = nextJob(pool, "nothing", 30).catch((error: Error) => error);
    const admin = await pool.acquire();
    const untilMs = performance.now() + 10_000;
    while (!(await admin.value.sendCommand(["CLIENT", "LIST"])).toString().includes("cmd=blpop")) assert.ok(performance.now() < untilMs);
    await admin.value.sendCommand(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    assert.ok((await blocked) instanceof Error, "the reader is told");
    await admin.value.rPush("later", "job");
    admin.release();
    assert.equal(await nextJob(pool, "later", 5), "job");
    await pool.close();
    assert.equal(pool.stats().open, 0);
  });

  it("says why when the server is gone", async () => {
    const { redisPool } = await recipe();
    const gone = redisPool(`redis://127.0.0.1:${await freePort()}`, 1);
    await assert.rejects(
      gone.acquire(),
      (error: { code?: string; cause?: { code?: string } }) => error.code === "connect_failed" && error.cause?.code === "ECONNREFUSED",
    );
    await gone.close();
  });
});
