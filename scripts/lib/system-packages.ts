/**
 * Programs of the system that tests need: installed where that is allowed (root, apt-get), and otherwise named.
 * Nothing is installed that is already there, and package lists are refreshed only when something is missing.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Each program (or file, by its whole path) that tests need, with the Debian package that brings it. */
export const systemTools: Readonly<Record<string, string>> = {
  strace: "strace",
  curl: "curl",
  chromium: "chromium",
  "firefox-esr": "firefox-esr",
  openssl: "openssl",
  nginx: "nginx-light",
  haproxy: "haproxy",
  caddy: "caddy",
  "/usr/sbin/apache2": "apache2-bin",
  varnishd: "varnish",
  squid: "squid",
  ip: "iproute2",
  h2load: "nghttp2-client",
  slowhttptest: "slowhttptest",
  sslscan: "sslscan",
  testssl: "testssl.sh",
  "/usr/lib/postgresql": "postgresql",
  mariadbd: "mariadb-server-core",
  pgbouncer: "pgbouncer",
  "redis-server": "redis-server",
  protoc: "protobuf-compiler",
  grpc_python_plugin: "protobuf-compiler-grpc",
  "/usr/bin/python3": "python3",
  "/usr/lib/python3/dist-packages/grpc/__init__.py": "python3-grpcio",
  "/usr/lib/python3/dist-packages/websockets/__init__.py": "python3-websockets",
};

/** Whether a program is on the PATH, or a file is there. */
export function isOnPath(tool: string): boolean {
  if (tool.startsWith("/")) return existsSync(tool);
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Installs what is missing, if it may; returns what is missing afterwards. */
export function ensureTools(tools: Readonly<Record<string, string>>, say: (line: string) => void): string[] {
  const missing = (): string[] => Object.keys(tools).filter((tool) => !isOnPath(tool));
  if (missing().length === 0) return [];
  if (process.getuid?.() !== 0 || !isOnPath("apt-get")) {
    say(`not installed, and this user may not install it: ${missing().join(", ")}`);
    return missing();
  }
  const packages = missing().map((tool) => tools[tool] ?? tool);
  say(`installing ${packages.join(", ")} (apt-get) ...`);
  const aptGet = (...args: string[]): boolean => {
    const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, timeout: 180_000, encoding: "utf8" } as const;
    const { status, stderr } = spawnSync("apt-get", args, options);
    if (status !== 0) say(`apt-get ${args.join(" ")} failed: ${stderr.trim().split("\n").at(-1) ?? ""}`);
    return status === 0;
  };
  if (aptGet("update", "-qq")) aptGet("install", "-y", "-qq", "--no-install-recommends", ...packages);
  return missing();
}
