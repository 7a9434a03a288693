/**
 * Real nginx and HAProxy as the sender of a keep-alive race: a pool of connections towards origins, with a timer of its own.
 * Only what decides the race is set; everything else is as the program ships it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, listens } from "../listening.ts";

/** `nginx, no retries` shows what nginx's own repetition of GETs hides. */
export const edgeNames = ["nginx", "nginx, no retries", "haproxy"] as const;
export type EdgeName = (typeof edgeNames)[number];

export interface EdgeSettings {
  /** Where requests go, in turn. */
  readonly origins: readonly number[];
  /** nginx: `keepalive_timeout` of the upstream. HAProxy has no such timer: its `pool-purge-delay`, rounded up to seconds. */
  readonly idleMs: number;
}

export interface Edge extends AsyncDisposable {
  readonly port: number;
}

/** Connections that clients keep to the edge, and the edge to its origins: never the limit here. */
const connectionsMax = 4_096;

function nginxConfiguration(folder: string, port: number, { origins, idleMs }: EdgeSettings, retries: boolean): string {
  return [
    "daemon off; master_process off; worker_processes 1;",
    `pid ${folder}/pid; error_log /dev/null crit;`,
    `events { worker_connections ${connectionsMax * 2}; }`,
    "http { access_log off; keepalive_timeout 300s; keepalive_requests 1000000;",
    ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`),
    "upstream origins {",
    ...origins.map((origin) => `server 127.0.0.1:${origin};`),
    `keepalive ${connectionsMax}; keepalive_timeout ${idleMs}ms; keepalive_requests 1000000; }`,
    `server { listen 127.0.0.1:${port} backlog=4096;`,
    'location / { proxy_pass http://origins; proxy_http_version 1.1; proxy_set_header Connection "";',
    retries ? "" : "proxy_next_upstream off;",
    "} } }",
  ].join("\n");
}

function haproxyConfiguration(port: number, { origins, idleMs }: EdgeSettings): string {
  const purge = Math.max(1, Math.ceil(idleMs / 1_000));
  return [
    `global\n maxconn ${connectionsMax}\n nbthread 1`,
    "defaults\n mode http\n timeout connect 5s\n timeout client 300s\n timeout server 60s\n option redispatch",
    `frontend edge\n bind 127.0.0.1:${port} backlog 4096\n default_backend origins`,
    "backend origins",
    ...origins.map((origin, i) => ` server origin${i} 127.0.0.1:${origin} pool-purge-delay ${purge}s`),
    "",
  ].join("\n");
}

/** Starts an edge and waits until it listens. */
export async function openEdge(name: EdgeName, settings: EdgeSettings): Promise<Edge> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-edge-"));
  const port = await freePort();
  const file = join(folder, "edge.conf");
  const isNginx = name !== "haproxy";
  writeFileSync(file, isNginx ? nginxConfiguration(folder, port, settings, name === "nginx") : haproxyConfiguration(port, settings));
  const [command, ...args] = isNginx ? ["nginx", "-c", file, "-p", folder] : ["haproxy", "-db", "-f", file];
  let said = "";
  const child = spawn(command as string, args, { stdio: ["ignore", "ignore", "pipe"] });
  child.once("error", (error) => {
    said += error.message;
  });
  child.stderr?.on("data", (chunk) => {
    said = (said + String(chunk)).slice(-4_000);
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      child.kill("SIGKILL"); // It keeps nothing, and a graceful end would wait for its clients.
      await once(child, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await listens(port, child, () => said);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, [Symbol.asyncDispose]: stop };
}
