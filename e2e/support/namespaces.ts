/**
 * A user, a router and a server in network namespaces of their own, and a router that forgets flows: packets of a flow that was idle for too long vanish,
 * in both directions, and nobody is told. Needs `unshare`, `nsenter`, `ip` and `ss`, and the right to use them. Ends with everything that it started.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export const serverAddress = "10.87.2.2";
const pollMs = 50;
const readyMsMax = 10_000;

export interface Namespaces extends AsyncDisposable {
  /** A command as it must be started to run where the user is, or where the server is. */
  inside(where: "user" | "server", command: string, args: readonly string[]): readonly [command: string, args: string[]];
  /** From now on flows to this port are forgotten after so long. Returns how many were so far. */
  forget(port: number, idleMs: number): () => number;
}

export async function openNamespaces(): Promise<Namespaces> {
  const started: ChildProcess[] = [];
  const hold = async (): Promise<number> => {
    // The process is the namespace: when it ends, links, addresses and rules end with it.
    const child = spawn("unshare", ["--net", "sleep", "90"], { stdio: "ignore" });
    started.push(child);
    await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    return child.pid as number;
  };
  const [user, router, server] = [await hold(), await hold(), await hold()];
  const enter = (pid: number, command: string, args: readonly string[]): readonly [string, string[]] => [
    "nsenter",
    ["-t", String(pid), "-n", command, ...args],
  ];
  const inside = async (pid: number, command: string, ...args: readonly string[]): Promise<string> => (await run(...enter(pid, command, args))).stdout;
  const own = (await run("readlink", ["/proc/self/ns/net"])).stdout;
  const untilMs = performance.now() + readyMsMax;
  for (const pid of [user, router, server]) {
    while ((await run("readlink", [`/proc/${pid}/ns/net`])).stdout === own) {
      if (performance.now() > untilMs) throw new Error("no network namespace came about");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  for (const [pid, inner, outer, net] of [
    [user, "u0", "r1", "10.87.1"],
    [server, "s0", "r2", "10.87.2"],
  ] as const) {
    await inside(router, "ip", "link", "add", outer, "type", "veth", "peer", "name", inner);
    await inside(router, "ip", "link", "set", inner, "netns", String(pid));
    await inside(router, "ip", "addr", "add", `${net}.1/24`, "dev", outer);
    await inside(router, "ip", "link", "set", outer, "up");
    await inside(pid, "ip", "addr", "add", `${net}.2/24`, "dev", inner);
    await inside(pid, "ip", "link", "set", inner, "up");
    await inside(pid, "ip", "route", "add", "default", "via", `${net}.1`);
  }
  await inside(router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
  const over = new AbortController();
  const watching: Promise<void>[] = [];
  return {
    inside: (where, command, args) => enter(where === "user" ? user : server, command, args),
    forget: (port, idleMs) => {
      const forgotten = new Set<string>();
      watching.push(watch(port, idleMs, forgotten, inside, router, server, over.signal));
      return () => forgotten.size;
    },
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await Promise.all(watching);
      for (const child of started) child.kill("SIGKILL");
    },
  };
}

type Inside = (pid: number, command: string, ...args: readonly string[]) => Promise<string>;

/** The server's kernel knows for how long each connection has been idle; the router then has a rule for each that it forgot. */
async function watch(port: number, idleMs: number, forgotten: Set<string>, inside: Inside, router: number, server: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const lines = (await inside(server, "ss", "-Htnio", "state", "established", "sport", "=", `:${port}`)).split("\n");
    for (const [i, line] of lines.entries()) {
      const peer = /:(\d+)\s+[\d.]+:(\d+)/.exec(line)?.[2];
      const [sent, received] = ["lastsnd", "lastrcv"].map((name) => Number(new RegExp(`${name}:(\\d+)`).exec(lines[i + 1] ?? "")?.[1] ?? 0));
      if (peer === undefined || forgotten.has(peer) || Math.min(sent ?? 0, received ?? 0) < idleMs) continue;
      forgotten.add(peer);
      for (const [from, to] of [
        [peer, String(port)],
        [String(port), peer],
      ] as const)
        await inside(router, "ip", "rule", "add", "ipproto", "tcp", "sport", from, "dport", to, "blackhole");
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
