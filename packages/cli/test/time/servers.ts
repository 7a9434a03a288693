/** Servers that keep connections, or do not, in one way each. All on ports of their own, all ended by `endServers`. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer, type RequestListener, type ServerOptions } from "node:http";
import { createServer as createHttp2, createSecureServer, type ServerHttp2Session } from "node:http2";
import { createServer as createSecure } from "node:https";
import { type AddressInfo, connect, createServer as createTcp, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const ends: (() => void | Promise<void>)[] = [];

export async function endServers(): Promise<void> {
  await Promise.all(ends.splice(0).map((end) => end()));
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket)).on("error", () => {});
  });
  ends.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const hello: RequestListener = (_, response) => void response.end("hello");

/** Node's own server, as `change` makes it. */
export async function node(change: (server: HttpServer) => void = () => {}, listener = hello, options: ServerOptions = {}): Promise<string> {
  const server = createServer(options, listener);
  change(server);
  return `http://127.0.0.1:${await listen(server)}/`;
}

export async function secure(pair: { readonly cert: string; readonly key: string }, version: "TLSv1.2" | "TLSv1.3", listener = hello): Promise<string> {
  return `https://127.0.0.1:${await listen(createSecure({ ...pair, minVersion: version, maxVersion: version }, listener))}/`;
}

/** With `requestsMax` a session is ended after so many, by GOAWAY. */
export async function http2(pair: { readonly cert: string; readonly key: string } | null, requestsMax = Number.POSITIVE_INFINITY): Promise<string> {
  const answer = (_: unknown, response: { end(text: string): unknown }): void => void response.end("hello");
  const server = pair === null ? createHttp2(answer) : createSecureServer(pair, answer);
  server.on("session", (session: ServerHttp2Session) => {
    let requests = 0;
    session.on("stream", () => ++requests === requestsMax && session.close());
  });
  return `${pair === null ? "http" : "https"}://127.0.0.1:${await listen(server)}/`;
}

/** Answers each request with these bytes, and then does what is said with the socket. With `requestsMax` the next one after so many is not answered but closed on. */
export async function raw(answer: string, then: (socket: Socket) => void = () => {}, requestsMax = Number.POSITIVE_INFINITY): Promise<string> {
  const server = createTcp((socket) => {
    let requests = 0;
    let text = "";
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
      if (!text.includes("\r\n\r\n")) return;
      text = "";
      if (++requests > requestsMax) socket.end();
      else socket.write(answer, () => then(socket));
    });
  });
  return `http://127.0.0.1:${await listen(server)}/`;
}

/** A port that is free at this moment. */
async function freePort(): Promise<number> {
  const server = createTcp();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** A real nginx with these directives in its server block. */
export async function nginx(directives: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-time-nginx-"));
  const port = await freePort();
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join("\n");
  writeFileSync(
    join(folder, "nginx.conf"),
    `pid ${folder}/pid;\nerror_log stderr crit;\nworker_processes 1;\nevents {}\nhttp {\naccess_log off;\n${paths}\nserver { listen 127.0.0.1:${port};\n${directives}\nlocation / { return 200 hello; } } }\n`,
  );
  const child: ChildProcess = spawn("nginx", ["-c", join(folder, "nginx.conf"), "-p", folder, "-g", "daemon off;"], { stdio: "ignore" });
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  ends.push(async () => {
    child.kill("SIGTERM");
    await gone;
    rmSync(folder, { recursive: true, force: true });
  });
  const deadlineMs = performance.now() + 20_000;
  while (!(await answers(port))) {
    if (performance.now() > deadlineMs || child.exitCode !== null) throw new Error("nginx does not listen");
    await sleep(10);
  }
  return `http://127.0.0.1:${port}/`;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
