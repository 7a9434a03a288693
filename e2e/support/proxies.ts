/**
 * Real nginx, HAProxy and Caddy with the configurations of docs/proxies, on free ports, with their files in a folder of their own.
 * Only the two addresses in a configuration are replaced; a test that wants more says so with `edit`.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, listens } from "../../bench/lib/listening.ts";

export const proxyNames = ["nginx", "haproxy", "caddy"] as const;
export type ProxyName = (typeof proxyNames)[number];

export interface RunningProxy extends AsyncDisposable {
  readonly url: string;
  /** Makes it read its configuration again, as an operator would under load. */
  reload(): Promise<void>;
}

/** A certificate in files. */
export interface ProxyCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface ProxyOptions {
  /** The port of the Holdfast server. */
  readonly port: number;
  /** With it the configuration for HTTP/2 is taken, over TLS. */
  readonly certificate?: ProxyCertificate;
  /** Another shipped configuration than that of the name: `nginx-grpc.conf`. */
  readonly file?: string;
  /** Changes the shipped configuration. */
  readonly edit?: (configuration: string) => string;
}

const shipped = (file: string): string => readFileSync(fileURLToPath(new URL(`../../docs/proxies/${file}`, import.meta.url)), "utf8");

/** Replaces one address of a configuration; fails when it is not there, since then something else would be tested. */
function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`expected "${from}" in the configuration`);
  return text.replaceAll(from, to);
}

type Replacement = readonly [from: string, to: string];

interface Recipe {
  readonly file: string;
  readonly listen: (port: number) => Replacement;
  /** The configuration for HTTP/2, where there is one of its own. */
  readonly http2?: { readonly file: string; replacements(port: number, certificate: ProxyCertificate, folder: string): readonly Replacement[] };
  /** Writes what else is needed; returns the command. */
  command(folder: string, configuration: string, adminPort: number): readonly string[];
  reload(folder: string, running: ChildProcess, adminPort: number, file: string): ChildProcess | null;
}

const recipes: Readonly<Record<ProxyName, Recipe>> = {
  nginx: {
    file: "nginx.conf",
    listen: (port) => ["listen 8080", `listen 127.0.0.1:${port}`],
    http2: {
      file: "nginx-http2.conf",
      replacements: (port, { certFile, keyFile }) => [
        ["listen 8443 ssl http2;", `listen 127.0.0.1:${port} ssl http2;`],
        ["/etc/nginx/holdfast.pem", certFile],
        ["/etc/nginx/holdfast.key", keyFile],
      ],
    },
    command: (folder, configuration) => {
      const main = [
        "daemon off; master_process on; worker_processes 1; worker_shutdown_timeout 2s;",
        `pid ${folder}/pid; error_log stderr warn;`,
        "events { worker_connections 512; }",
        "http { access_log off;",
        ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`),
        `include ${configuration}; }`,
      ];
      writeFileSync(join(folder, "main.conf"), main.join("\n"));
      return ["nginx", "-c", join(folder, "main.conf"), "-p", folder];
    },
    reload: (_folder, running) => {
      running.kill("SIGHUP");
      return null;
    },
  },
  haproxy: {
    file: "haproxy.cfg",
    listen: (port) => ["bind 127.0.0.1:8080", `bind 127.0.0.1:${port}`],
    http2: {
      file: "haproxy-http2.cfg",
      replacements: (port, { certFile, keyFile }, folder) => {
        writeFileSync(join(folder, "holdfast.pem"), readFileSync(certFile, "utf8") + readFileSync(keyFile, "utf8"));
        return [
          ["bind 127.0.0.1:8443", `bind 127.0.0.1:${port}`],
          ["/etc/haproxy/holdfast.pem", join(folder, "holdfast.pem")],
        ];
      },
    },
    command: (_folder, configuration) => ["haproxy", "-db", "-f", configuration],
    // A new process takes over the port and tells the old one to finish.
    reload: (folder, running, _adminPort, file) =>
      spawn("haproxy", ["-db", "-f", join(folder, file), "-sf", String(running.pid)], { stdio: ["ignore", "pipe", "pipe"] }),
  },
  caddy: {
    file: "Caddyfile",
    listen: (port) => [":8080 {", `http://127.0.0.1:${port} {`],
    command: (folder, configuration, adminPort) => {
      // Its own administration port and folders, and no wish for certificates.
      const text = readFileSync(configuration, "utf8");
      writeFileSync(
        configuration,
        replaced(text, "grace_period 10s", `grace_period 2s\n\tadmin 127.0.0.1:${adminPort}\n\tauto_https off\n\tstorage file_system ${folder}`),
      );
      return ["caddy", "run", "--adapter", "caddyfile", "--config", configuration];
    },
    reload: (folder, _running, adminPort) => {
      const args = ["reload", "--force", "--adapter", "caddyfile", "--config", join(folder, "Caddyfile"), "--address", `127.0.0.1:${adminPort}`];
      const { status, stderr } = spawnSync("caddy", args, { encoding: "utf8", timeout: 20_000 });
      if (status !== 0) throw new Error(`caddy reload failed: ${stderr}`);
      return null;
    },
  },
};

/** Starts a proxy in front of a server and waits until it listens. */
export async function openProxyServer(name: ProxyName, { port, certificate, file, edit = (text) => text }: ProxyOptions): Promise<RunningProxy> {
  const recipe = recipes[name];
  const folder = mkdtempSync(join(tmpdir(), `holdfast-${name}-`));
  const own = await freePort();
  const adminPort = await freePort();
  const http2 = certificate === undefined ? undefined : recipe.http2;
  if (certificate !== undefined && http2 === undefined) throw new Error(`expected a proxy with a configuration for HTTP/2, got ${name}`);
  const source = file ?? (http2 ?? recipe).file;
  const configuration = join(folder, source);
  const listening = certificate === undefined ? [recipe.listen(own)] : (http2?.replacements(own, certificate, folder) ?? []);
  const text = [...listening, ["127.0.0.1:4150", `127.0.0.1:${port}`] as const].reduce((text, [from, to]) => replaced(text, from, to), shipped(source));
  writeFileSync(configuration, edit(text));
  const [command = "", ...args] = recipe.command(folder, configuration, adminPort);
  let said = "";
  const children: ChildProcess[] = [];
  const keep = (child: ChildProcess): ChildProcess => {
    child.stdout?.resume();
    child.stderr?.on("data", (chunk) => {
      said = (said + String(chunk)).slice(-4_000);
    });
    children.push(child);
    return child;
  };
  let running = keep(spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, HOME: folder } }));
  await listens(own, running, () => said);
  return {
    url: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${own}`,
    reload: async () => {
      const next = recipe.reload(folder, running, adminPort, source);
      if (next !== null) running = keep(next);
      await listens(own, running, () => said);
    },
    [Symbol.asyncDispose]: async () => {
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill("SIGTERM");
        const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
        await once(child, "exit");
        clearTimeout(timer);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The version that is installed, for messages. */
export function proxyVersion(name: ProxyName): string {
  if (name === "nginx") return spawnSync("nginx", ["-v"], { encoding: "utf8" }).stderr.trim();
  return execFileSync(name, name === "caddy" ? ["version"] : ["-v"], { encoding: "utf8" }).split("\n")[0] ?? "";
}
