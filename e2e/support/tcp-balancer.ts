/**
 * HAProxy as a balancer of TCP: it passes bytes on to one node after the other, and knows nothing of what they mean.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, listens } from "../../bench/lib/listening.ts";

export interface TcpBalancer extends AsyncDisposable {
  readonly port: number;
}

/** With a path it asks each node whether it is ready, and leads new connections to the first that is; else to one after the other. */
export async function tcpBalancer(nodePorts: readonly number[], connectionsMax: number, readyPath?: string): Promise<TcpBalancer> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-balancer-"));
  const port = await freePort();
  const asking = [
    "  balance first\n  option redispatch 1\n  retries 5",
    `  option httpchk GET ${readyPath} HTTP/1.1\\r\\nHost:\\ localhost`,
    "  timeout check 5s\n  default-server check inter 300ms fall 1 rise 1",
  ];
  const lines = [
    `global\n  maxconn ${connectionsMax}`,
    "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s",
    `frontend all\n  bind 127.0.0.1:${port} backlog 4096\n  default_backend nodes`,
    "backend nodes",
    ...(readyPath === undefined ? ["  balance roundrobin"] : asking),
    ...nodePorts.map((each, i) => `  server node${i} 127.0.0.1:${each}`),
  ];
  writeFileSync(join(folder, "haproxy.cfg"), `${lines.join("\n")}\n`);
  const child = spawn("haproxy", ["-db", "-f", join(folder, "haproxy.cfg")], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said = (said + String(chunk)).slice(-4_000);
  });
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await listens(port, child, () => said);
  } catch (error) {
    await end();
    throw error;
  }
  return { port, [Symbol.asyncDispose]: end };
}
