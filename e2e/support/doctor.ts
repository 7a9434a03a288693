/**
 * `holdfast doctor agent` and `holdfast doctor` as processes of their own: started, read, and ended by their pid.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Facts } from "@holdfast/doctor";
import type { Finding } from "@holdfast/path";

const main = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));
const listenMsMax = 20_000;
const stopMsMax = 5_000;

export interface RunningAgent {
  readonly url: string;
  readonly port: number;
  stop(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Starts an agent on a free port of the loopback interface and waits until it listens. */
export async function startAgent(flags: readonly string[] = [], variables: Readonly<Record<string, string>> = {}): Promise<RunningAgent> {
  const words = [...process.execArgv.filter((flag) => !flag.startsWith("--test")), main, "doctor", "agent", "--port", "0", "--json", ...flags];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...variables } });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once("exit", (code, signal) => resolve({ code, signal })),
  );
  const url = await listening(child);
  return {
    url,
    port: Number(new URL(url).port),
    stop: async () => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
      const how = await ended;
      clearTimeout(timer);
      return how;
    },
  };
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let errors = "";
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new Error(`holdfast doctor agent ${why}: ${errors}`));
    };
    const timer = setTimeout(() => fail("did not listen in time"), listenMsMax);
    child.stderr?.on("data", (chunk) => {
      errors += String(chunk);
    });
    const left = (code: number | null, signal: NodeJS.Signals | null): void => fail(`ended (${signal ?? code})`);
    child.once("exit", left);
    createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).once("line", (line) => {
      clearTimeout(timer);
      child.off("exit", left);
      resolve((JSON.parse(line) as { url: string }).url);
    });
  });
}

/** What `holdfast doctor --json` prints. */
export interface Examined {
  readonly exit: number | null;
  readonly facts: Facts;
  readonly findings: readonly Finding[];
}

/** Runs `holdfast doctor` against a URL, of which it is told nothing but that. */
export async function examined(url: string, flags: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Examined> {
  const words = [...process.execArgv.filter((flag) => !flag.startsWith("--test")), main, "doctor", url, "--json", ...flags];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...variables } });
  const [text, errors] = await Promise.all([read(child.stdout), read(child.stderr)]);
  const exit = child.exitCode ?? (await new Promise<number | null>((resolve) => child.once("exit", resolve)));
  if (text === "") throw new Error(`holdfast doctor ended with ${exit}: ${errors}`);
  return { exit, ...(JSON.parse(text) as Omit<Examined, "exit">) };
}

async function read(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += chunk;
  return text;
}
