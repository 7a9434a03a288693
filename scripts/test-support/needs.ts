/**
 * What a test needs of the machine beyond Node: programs and privileges. A test whose need is not met is skipped with a
 * reason that `npm test` counts and prints; as root in CI no skip is accepted.
 *
 *     test("no acknowledgement precedes fsync", { skip: needs("strace") }, async () => { ... });
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { isOnPath } from "../lib/system-packages.ts";

const succeeds = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: "ignore", timeout: 10_000 }).status === 0;

/** Each need: whether it is met, tried rather than assumed, and what to say when it is not. */
const probes = {
  curl: { met: () => isOnPath("curl"), reason: "needs curl" },
  chromium: { met: () => isOnPath("chromium"), reason: "needs chromium" },
  firefox: { met: () => isOnPath("firefox-esr"), reason: "needs firefox-esr" },
  nginx: { met: () => isOnPath("nginx"), reason: "needs nginx" },
  haproxy: { met: () => isOnPath("haproxy"), reason: "needs HAProxy" },
  caddy: { met: () => isOnPath("caddy"), reason: "needs Caddy" },
  apache: { met: () => isOnPath("/usr/sbin/apache2"), reason: "needs Apache (apache2-bin)" },
  varnish: { met: () => isOnPath("varnishd"), reason: "needs Varnish" },
  squid: { met: () => isOnPath("squid"), reason: "needs Squid" },
  iproute: { met: () => isOnPath("ip"), reason: "needs iproute2" },
  slowhttptest: { met: () => isOnPath("slowhttptest"), reason: "needs slowhttptest" },
  sslscan: { met: () => isOnPath("sslscan"), reason: "needs sslscan" },
  testssl: { met: () => isOnPath("testssl"), reason: "needs testssl.sh" },
  pythonWebsockets: {
    met: () => isOnPath("/usr/bin/python3") && succeeds("/usr/bin/python3", "-c", "import websockets"),
    reason: "needs Debian's python3-websockets",
  },
  protoc: { met: () => isOnPath("protoc"), reason: "needs protoc" },
  pythonGrpc: {
    met: () => isOnPath("grpc_python_plugin") && isOnPath("/usr/bin/python3") && succeeds("/usr/bin/python3", "-c", "import grpc"),
    reason: "needs Debian's python3-grpcio and protobuf-compiler-grpc",
  },
  openssl: { met: () => isOnPath("openssl"), reason: "needs openssl" },
  strace: { met: () => isOnPath("strace") && succeeds("strace", "-o", "/dev/null", "true"), reason: "needs strace, and the right to trace" },
  root: { met: () => process.getuid?.() === 0, reason: "needs root" },
  netns: { met: () => isOnPath("unshare") && succeeds("unshare", "--net", "true"), reason: "needs the right to make a network namespace" },
  postgres: { met: () => existsSync("/usr/lib/postgresql"), reason: "needs PostgreSQL" },
  mariadb: { met: () => isOnPath("mariadbd") || existsSync("/usr/sbin/mariadbd"), reason: "needs MariaDB" },
  redis: { met: () => isOnPath("redis-server"), reason: "needs redis-server" },
  pgbouncer: { met: () => isOnPath("pgbouncer"), reason: "needs PgBouncer" },
  proc: { met: () => existsSync("/proc/self/stat"), reason: "needs Linux's /proc" },
} satisfies Record<string, { met: () => boolean; reason: string }>;

/** Something that a test may need. */
export type Need = keyof typeof probes;

const known = new Map<Need, boolean>();

/** False when every need is met; else the reason, to be given to `skip`. */
export function needs(...all: readonly Need[]): string | false {
  const unmet = all.filter((need) => {
    const met = known.get(need) ?? probes[need].met();
    known.set(need, met);
    return !met;
  });
  return unmet.length === 0 ? false : unmet.map((need) => probes[need].reason).join("; ");
}
