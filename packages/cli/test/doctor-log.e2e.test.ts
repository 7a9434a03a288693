/**
 * `holdfast doctor log` on the logs of real programs, in which the fault was really made: nginx, HAProxy, PostgreSQL.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Finding } from "@holdfast/path";
import pg from "pg";
import { freePort } from "../../../scripts/test-support/database-process.ts";
import { startPostgres } from "../../../scripts/test-support/databases.ts";
import { needs } from "../../../scripts/test-support/needs.ts";

const program = fileURLToPath(new URL("../src/main.ts", import.meta.url));

interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function doctor(args: readonly string[], input = ""): Promise<Run> {
  return new Promise((resolve) => {
    const command = ["--conditions=source", "--no-warnings", program, "doctor", "log", ...args];
    const child = execFile(process.execPath, command, { timeout: 40_000 }, (fault, stdout, stderr) =>
      resolve({ status: Number(fault?.code ?? 0), stdout, stderr }),
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

async function codesIn(file: string): Promise<string[]> {
  const { stdout, stderr } = await doctor(["--json", file]);
  assert.equal(stderr, "");
  return (JSON.parse(stdout) as { findings: Finding[] }).findings.map(({ code }) => code).sort();
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-log-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function behaving(t: TestContext, on: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    on(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const upgraded = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/** Servers that do wrong, each in its way. */
async function upstreams(t: TestContext): Promise<Readonly<Record<"closes" | "silent" | "socket" | "nobody", number>>> {
  const closes = await behaving(t, (socket) => {
    let requests = 0;
    socket.on("data", () => (++requests === 1 ? socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") : socket.destroy()));
  });
  const silent = await behaving(t, (socket) => socket.resume());
  const socket = await behaving(t, (each) => each.once("data", () => each.write(upgraded)));
  return { closes, silent, socket, nobody: await freePort() };
}

/** Sends one request and waits until the connection ends, or the answer is whole. */
async function ask(port: number, head: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  socket.on("error", () => {});
  socket.write(
    `${head}\r\nHost: x\r\n${head.includes("/w") ? "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" : "Connection: close\r\n"}\r\n`,
  );
  await once(socket, "close");
  return answer;
}

async function askAll(port: number): Promise<void> {
  // On a kept connection to the upstream the second request is not answered.
  await ask(port, "POST /k HTTP/1.1\r\nContent-Length: 0");
  await Promise.all([
    ask(port, "POST /k HTTP/1.1\r\nContent-Length: 0"),
    ask(port, "GET /t?token=s3cr3t HTTP/1.1"),
    ask(port, "GET /r HTTP/1.1"),
    ask(port, "GET /w HTTP/1.1"),
  ]);
}

function started(t: TestContext, command: string, ...args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  // Not SIGKILL: nginx's worker would outlive its master.
  t.after(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  return child;
}

async function listens(port: number): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isUp = await Promise.race([once(socket, "connect").then(() => true), once(socket, "close").then(() => false)]).catch(() => false);
    socket.destroy();
    if (isUp) return;
    assert.ok(performance.now() < deadlineMs, `nobody listens on ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  while (!holds()) {
    assert.ok(performance.now() < deadlineMs, what);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function nginxLog(t: TestContext): Promise<string> {
  const [folder, { closes, silent, socket, nobody }, port] = [folderOf(t), await upstreams(t), await freePort()];
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ");
  const configuration = `daemon off; pid ${folder}/pid; error_log ${folder}/error.log info; worker_processes 1;
events { worker_connections 64; }
http { access_log off; ${temporary}
  upstream kept { server 127.0.0.1:${closes}; keepalive 4; }
  server { listen 127.0.0.1:${port}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_read_timeout 1s;
    location /k { proxy_pass http://kept; }
    location /t { proxy_pass http://127.0.0.1:${silent}; }
    location /r { proxy_pass http://127.0.0.1:${nobody}; }
    location /w { proxy_pass http://127.0.0.1:${socket}; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } } }
`;
  writeFileSync(join(folder, "nginx.conf"), configuration);
  started(t, "nginx", "-c", join(folder, "nginx.conf"));
  await listens(port);
  await askAll(port);
  return join(folder, "error.log");
}

async function haproxyLog(t: TestContext): Promise<string> {
  const [folder, { closes, silent, socket, nobody }, port] = [folderOf(t), await upstreams(t), await freePort()];
  const configuration = `global
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  timeout connect 1s
  timeout client 1s
  timeout server 1s
  retries 0
frontend web
  bind 127.0.0.1:${port}
  use_backend silent if { path_beg /t }
  use_backend tunnel if { path_beg /w }
  use_backend nobody if { path_beg /r }
  default_backend kept
backend kept
  http-reuse always
  server one 127.0.0.1:${closes}
backend silent
  server one 127.0.0.1:${silent}
backend tunnel
  timeout tunnel 1s
  server one 127.0.0.1:${socket}
backend nobody
  server one 127.0.0.1:${nobody}
`;
  writeFileSync(join(folder, "haproxy.cfg"), configuration);
  const child = started(t, "haproxy", "-db", "-f", join(folder, "haproxy.cfg"));
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (log += chunk.toString()));
  await listens(port);
  await askAll(port);
  await until("a line for each request", () => (log.match(/ web /g) ?? []).length >= 5);
  writeFileSync(join(folder, "haproxy.log"), log);
  return join(folder, "haproxy.log");
}

const faults = ["log_stream_cut", "log_upstream_closed_early", "log_upstream_timeout", "log_upstream_unreachable"];

describe("doctor log", { concurrency: 3 }, () => {
  it("reads in nginx's log what happened to each request", { skip: needs("nginx") }, async (t) => {
    const file = await nginxLog(t);
    assert.deepEqual(
      (await codesIn(file)).filter((code) => code !== "log_client_left"),
      faults,
      readFileSync(file, "utf8"),
    );
    const { status, stdout } = await doctor([file]);
    assert.equal(status, 10);
    assert.match(stdout, /GET \/t\?\.\.\./);
    assert.doesNotMatch(stdout, /s3cr3t/);
    const zipped = `${file}.gz`;
    writeFileSync(zipped, gzipSync(readFileSync(file)));
    assert.equal((await doctor([zipped])).stdout, stdout, "gzip or not");
    assert.equal((await doctor(["-"], readFileSync(file, "utf8"))).stdout, stdout, "from standard input");
  });

  it("reads in HAProxy's log who ended each session, and when", { skip: needs("haproxy") }, async (t) => {
    const file = await haproxyLog(t);
    assert.deepEqual(
      (await codesIn(file)).filter((code) => code !== "log_client_left" && code !== "log_client_slow"),
      faults,
      readFileSync(file, "utf8"),
    );
  });

  it("reads in PostgreSQL's log that there were too many clients", { skip: needs("postgres", "proc") }, async () => {
    await using postgres = await startPostgres({ connectionsMax: 5, reserved: 1 });
    const clients = Array.from({ length: 8 }, () => new pg.Client({ ...postgres.address, user: "app" }));
    for (const client of clients) client.on("error", () => {});
    const opened = await Promise.allSettled(clients.map((client) => client.connect()));
    assert.ok(opened.some(({ status }) => status === "rejected"));
    await Promise.allSettled(clients.map((client) => client.end()));
    assert.ok((await codesIn(postgres.process.logFile)).includes("log_database_full"));
  });

  it("says when there is no such file, when it is no gzip after all, and what is wrong with the command", async (t) => {
    const folder = folderOf(t);
    const missing = await doctor([join(folder, "none.log")]);
    assert.deepEqual([missing.status, /ENOENT/.test(missing.stderr)], [1, true]);
    writeFileSync(join(folder, "bad.gz"), Buffer.from([0x1f, 0x8b, 1, 2, 3]));
    assert.equal((await doctor([join(folder, "bad.gz")])).status, 1);
    writeFileSync(join(folder, "empty.log"), "");
    const empty = await doctor([join(folder, "empty.log")]);
    assert.deepEqual([empty.status, empty.stdout], [0, "0 lines read, 0 of them known.\n\nNothing found.\n"]);
    assert.equal((await doctor([])).status, 2);
  });
});
