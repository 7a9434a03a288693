/** `holdfast connections` against the admin listener of `holdfast serve`, each a process of its own. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { endAll, folder, run, type Server, serve, start } from "./support/processes.ts";

after(endAll);

const adminOf = (server: Server): string => {
  const line = server.lines().find((each) => each.includes('"event":"listening"')) ?? assert.fail();
  return (JSON.parse(line) as { admin: string }).admin;
};

/** A connection that has sent half a request. */
async function half(port: string): Promise<Socket> {
  const socket = connect(Number(port), "127.0.0.1").on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer canary-token\r\nCookie: id=canary-cookie\r\n");
  return socket;
}

/** A port on which nobody listens any more. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Row {
  readonly id: string;
  readonly peer: string;
}

describe("connections", () => {
  let server: Server;
  let admin: string;
  before(async () => {
    server = await serve(["--port", "0", "--engine", "memory", "--no-vitals", "--no-page", "--log-connections"]);
    admin = adminOf(server);
  });

  test("shows who is connected, and ends one of them, which the log tells", async () => {
    const socket = await half(server.port);
    const peer = `127.0.0.1:${socket.localPort}`;
    const ended = new Promise((resolve) => socket.once("close", resolve));
    const table = await run(["connections", "--admin", admin]);
    assert.equal(table.code, 0, table.stderr);
    assert.match(table.stdout, /^\d+ open of \d/);
    assert.ok(table.stdout.includes(peer), table.stdout);
    const listed = await run(["connections", "--admin", admin, "--json", "--sort", "age", "--limit", "5"]);
    const rows = listed.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Row);
    const mine = rows.find((row) => row.peer === peer) ?? assert.fail(listed.stdout);
    const killed = await run(["connections", "--admin", admin, "--kill", mine.id]);
    assert.deepEqual([killed.code, killed.stdout, killed.stderr], [0, "", ""]);
    await ended;
    await server.until(() => server.lines().some((line) => line.includes('"event":"closed"') && line.includes(peer)), "the end is logged");
    const line = JSON.parse(server.lines().find((each) => each.includes('"event":"closed"') && each.includes(peer)) ?? "") as Record<string, unknown>;
    assert.deepEqual([line["level"], line["code"], line["side"], line["connection"]], ["info", "killed", "guard", mine.id]);
    for (const name of ["timeMs", "ageMs", "silentMs", "requests", "bytesRead"]) assert.equal(typeof line[name], "number", name);
    assert.ok(!server.stdout().includes("canary"));
    const again = await run(["connections", "--admin", admin, "--kill", mine.id]);
    assert.equal(again.code, 4);
    assert.match(again.stderr, /answered 404: not_found, no connection of that id/);
  });

  test("has the server's figures and guard's on one page, and probes beside it", async () => {
    const text = await (await fetch(`${admin}/metrics`)).text();
    for (const name of ["holdfast_links_accepted_total", "holdfast_guard_connections", "holdfast_guard_log_suppressed_total"])
      assert.ok(text.includes(`# TYPE ${name} `), name);
    assert.equal((await fetch(`${admin}/readyz`)).status, 200);
  });

  test("watches until it is told to stop", async () => {
    const watch = start(["connections", "--admin", admin, "--watch"]);
    await watch.until(() => watch.lines().filter((line) => /^\d+ open of/.test(line)).length >= 2, "two lists");
    watch.child.kill("SIGINT");
    assert.equal((await watch.ended).code, 130);
  });

  test("says that nobody listens, and where it looked", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const away = await run(["connections", "--admin", url]);
    assert.equal(away.code, 3);
    assert.ok(away.stderr.startsWith(`holdfast connections: nobody listens at ${url}: connect ECONNREFUSED`), away.stderr);
    const public_ = await run(["connections"], { env: { HOLDFAST_ADMIN_URL: server.url } });
    assert.equal(public_.code, 4, "the public port is no admin listener");
  });

  test("says what is wrong with the command line", async () => {
    for (const words of [
      ["--sort", "name"],
      ["--limit", "0"],
      ["--kill", "../x"],
      ["--kill", "a", "--watch"],
      ["--admin", "ftp://a"],
      ["--token-file", "/nowhere/token"],
    ]) {
      const { code, stderr } = await run(["connections", ...words]);
      assert.equal(code, 2, `${words} ${stderr}`);
    }
  });
});

describe("an admin port beyond loopback", () => {
  test("demands a token, and takes one that cannot be guessed", async () => {
    const file = join(folder(), "token");
    const words = ["serve", "--port", "0", "--engine", "memory", "--no-vitals", "--no-page", "--admin-host", "0.0.0.0"];
    const open = await run(words);
    assert.equal(open.code, 2);
    assert.match(open.stderr, /expected a token for an admin listener on 0\.0\.0\.0/);
    writeFileSync(file, "short\n");
    assert.equal((await run([...words, "--admin-token-file", file])).code, 2);
    writeFileSync(file, "0123456789abcdef\n");
    const server = await serve([...words.slice(1), "--admin-token-file", file]);
    const admin = adminOf(server).replace("0.0.0.0", "127.0.0.1");
    const without = await run(["connections", "--admin", admin]);
    assert.equal(without.code, 4);
    assert.match(without.stderr, /answered 401: unauthorized, .*--token-file/);
    assert.equal((await run(["connections", "--admin", admin, "--token-file", file])).code, 0);
    assert.ok(!server.stdout().includes("0123456789abcdef"));
  });

  test("can be left out", async () => {
    const server = await serve(["--port", "0", "--engine", "memory", "--no-vitals", "--no-page", "--no-admin"]);
    assert.equal(adminOf(server), null);
  });
});
