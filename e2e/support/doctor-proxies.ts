/**
 * Real proxies in front of the doctor's agent, each with the timers and the faults that a test gives it. Unlike proxies.ts these are not the
 * configurations that we advise: most are wrong in one way, because that is what has to be found.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, listens } from "../../bench/lib/listening.ts";

/** Where a proxy stands: what it listens on, whom it forwards to, and a folder of its own. */
export interface Stand {
  readonly port: number;
  readonly backend: number;
  readonly folder: string;
}

export interface Hop extends AsyncDisposable {
  readonly url: string;
}

/** Writes its configuration and says how it is started. */
export type Recipe = (stand: Stand) => readonly string[];

const endMsMax = 3_000;

/** Starts a proxy and waits until it listens. */
export async function startHop(recipe: Recipe, backend: number): Promise<Hop> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-hop-"));
  // Some change to a user of their own.
  chmodSync(folder, 0o777);
  const port = await freePort();
  const [command = "", ...args] = recipe({ port, backend, folder });
  const child: ChildProcess = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, HOME: folder } });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      said = (said + String(chunk)).slice(-4_000);
    });
  }
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const left = once(child, "exit");
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), endMsMax);
      await left;
      clearTimeout(timer);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await listens(port, child, () => said);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: stop };
}

function file({ folder }: Stand, name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

/** `location`: the directives beside `proxy_pass`; `upstream`: those of an upstream block, where one is wanted. */
export const nginx =
  (location: readonly string[], upstream: readonly string[] | null = null): Recipe =>
  (stand) => {
    const { port, backend, folder } = stand;
    const configuration = file(stand, "nginx.conf", [
      `daemon off; master_process off; pid ${folder}/pid; error_log stderr crit;`,
      "events { worker_connections 512; }",
      "http { access_log off;",
      ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`),
      "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }",
      ...(upstream === null ? [] : [`upstream app { server 127.0.0.1:${backend}; ${upstream.join(" ")} }`]),
      `server { listen 127.0.0.1:${port}; location / { proxy_pass http://${upstream === null ? `127.0.0.1:${backend}` : "app"};`,
      ...location,
      "} } }",
    ]);
    return ["nginx", "-c", configuration, "-p", folder];
  };

export const haproxy =
  (defaults: readonly string[], backend: readonly string[] = []): Recipe =>
  (stand) => [
    "haproxy",
    "-db",
    "-f",
    file(stand, "haproxy.cfg", [
      "global",
      "  maxconn 1000",
      "defaults",
      "  mode http",
      "  timeout connect 3s",
      ...defaults.map((line) => `  ${line}`),
      "frontend front",
      `  bind 127.0.0.1:${stand.port}`,
      "  default_backend app",
      "backend app",
      ...backend.map((line) => `  ${line}`),
      `  server app 127.0.0.1:${stand.backend}`,
    ]),
  ];

/** `proxy`: what stands within `reverse_proxy`. */
export const caddy =
  (proxy: readonly string[], site: readonly string[] = []): Recipe =>
  (stand) => [
    "caddy",
    "run",
    "--adapter",
    "caddyfile",
    "--config",
    file(stand, "Caddyfile", [
      "{",
      "\tadmin off",
      "\tauto_https off",
      `\tstorage file_system ${stand.folder}`,
      "}",
      `http://127.0.0.1:${stand.port} {`,
      ...site.map((line) => `\t${line}`),
      `\treverse_proxy 127.0.0.1:${stand.backend} {`,
      ...proxy.map((line) => `\t\t${line}`),
      "\t}",
      "}",
    ]),
  ];

/** `parameters` of the ProxyPass that is for all; `more` directives, with the modules that they need. */
export const apache =
  (parameters: string, more: readonly string[] = [], modules: readonly string[] = []): Recipe =>
  (stand) => {
    const { port, backend, folder } = stand;
    const load = ["mpm_event", "authz_core", "proxy", "proxy_http", "proxy_wstunnel", ...modules];
    const configuration = file(stand, "httpd.conf", [
      ...load.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
      `ServerRoot ${folder}`,
      `PidFile ${folder}/pid`,
      `DefaultRuntimeDir ${folder}`,
      "ServerName localhost",
      `Listen 127.0.0.1:${port}`,
      `ErrorLog ${folder}/error.log`,
      "LogLevel crit",
      "StartServers 1",
      "ServerLimit 2",
      "ThreadsPerChild 64",
      "ThreadLimit 64",
      "MaxRequestWorkers 128",
      "<IfModule unixd_module>",
      "User nobody",
      "Group nogroup",
      "</IfModule>",
      ...more,
      `ProxyPass / http://127.0.0.1:${backend}/ upgrade=websocket ${parameters}`,
    ]);
    return ["/usr/sbin/apache2", "-f", configuration, "-DFOREGROUND"];
  };

/** `parameters` of varnishd. WebSockets are piped, all else is passed and streamed. */
export const varnish =
  (parameters: Readonly<Record<string, string>>): Recipe =>
  (stand) => {
    const { port, backend, folder } = stand;
    const vcl = file(stand, "default.vcl", [
      "vcl 4.1;",
      `backend app { .host = "127.0.0.1"; .port = "${backend}"; }`,
      'sub vcl_recv { if (req.http.upgrade ~ "(?i)websocket") { return (pipe); } return (pass); }',
      "sub vcl_pipe { if (req.http.upgrade) { set bereq.http.upgrade = req.http.upgrade; set bereq.http.connection = req.http.connection; } }",
    ]);
    const name = join(folder, "work");
    mkdirSync(name, { mode: 0o777 });
    const own = Object.entries({ thread_pools: "1", thread_pool_min: "20", ...parameters }).flatMap(([key, value]) => ["-p", `${key}=${value}`]);
    return ["varnishd", "-F", "-n", name, "-a", `127.0.0.1:${port}`, "-f", vcl, "-s", "malloc,16M", "-j", "none", ...own];
  };

export const squid =
  (directives: readonly string[]): Recipe =>
  (stand) => {
    const { port, backend, folder } = stand;
    const configuration = file(stand, "squid.conf", [
      `http_port 127.0.0.1:${port} accel defaultsite=127.0.0.1 no-vhost`,
      `cache_peer 127.0.0.1 parent ${backend} 0 no-query originserver name=app`,
      "http_access allow all",
      "cache deny all",
      "never_direct allow all",
      `pid_filename ${folder}/pid`,
      "access_log none",
      `cache_log ${folder}/cache.log`,
      "cache_store_log none",
      `coredump_dir ${folder}`,
      "shutdown_lifetime 1 seconds",
      "pinger_enable off",
      "http_upgrade_request_protocols websocket allow all",
      "netdb_filename none",
      ...directives,
    ]);
    return ["squid", "-N", "-f", configuration];
  };
