/**
 * HAProxy as a balancer of TCP: it passes bytes on to one node after the other, and knows nothing of what they mean.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./processes.ts";
import { freePort } from "./proxies.ts";

export interface TcpBalancer extends AsyncDisposable {
  readonly port: number;
}

export async function tcpBalancer(nodePorts: readonly number[], connectionsMax: number): Promise<TcpBalancer> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-balancer-"));
  const port = await freePort();
  const lines = [
    `global\n  maxconn ${connectionsMax}`,
    "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s",
    `frontend all\n  bind 127.0.0.1:${port}\n  default_backend nodes`,
    "backend nodes\n  balance roundrobin",
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
  const isUp = (): Promise<boolean> =>
    new Promise((resolve) => {
      if (child.exitCode !== null) throw new Error(`the balancer has ended: ${said}`);
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
  try {
    await until("the balancer listens", isUp, 10_000);
  } catch (error) {
    await end();
    throw error;
  }
  return { port, [Symbol.asyncDispose]: end };
}
