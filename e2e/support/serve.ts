/**
 * `holdfast serve` as a real process: started on a port, killed, started again on the same one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));
const listenMsMax = 15_000;

export interface Serving {
  readonly url: string;
  /** Where the admin listener is. */
  readonly admin: string;
  readonly port: number;
  readonly pid: number;
  /** From the start of the process to its first answer. */
  readonly startMs: number;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Starts a server and waits until it answers. `flags` are those of `holdfast serve`. Vital signs are off unless asked for. */
export async function serve(flags: readonly string[], vitals = false): Promise<Serving> {
  const beganMs = performance.now();
  const child = spawn(process.execPath, [...process.execArgv, main, "serve", "--json", ...(vitals ? [] : ["--no-vitals"]), ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { url, admin } = await listening(child);
  // Over TLS that it listens has to do: `fetch` trusts no certificate of a test.
  if (url.startsWith("http:")) await (await fetch(`${url}/healthz`)).body?.cancel();
  return {
    url,
    admin,
    port: Number(new URL(url).port),
    pid: child.pid as number,
    startMs: performance.now() - beganMs,
    kill: (signal) =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once("exit", () => resolve());
        child.kill(signal);
      }),
  };
}

function listening(child: ChildProcess): Promise<{ readonly url: string; readonly admin: string }> {
  return new Promise((resolve, reject) => {
    let errors = "";
    const timer = setTimeout(() => fail("did not listen in time"), listenMsMax);
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new Error(`holdfast serve ${why}: ${errors}`));
    };
    child.stderr?.on("data", (chunk) => {
      errors += String(chunk);
    });
    child.once("exit", (code, signal) => fail(`ended (${signal ?? code})`));
    const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
    lines.on("line", (line) => {
      const event = JSON.parse(line) as { event: string; url: string; admin: string };
      if (event.event !== "listening") return;
      clearTimeout(timer);
      child.removeAllListeners("exit");
      resolve(event);
    });
  });
}
