/**
 * Real processes of the command for tests: started, watched line by line, ended by their pid. Nothing outlives `endAll`.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const main = new URL("../../src/main.ts", import.meta.url).pathname;
const deadlineMs = 20_000;
const lifetimeMs = 60_000;
/** Compiled sources are kept for the processes of one test file: starting takes 60 ms instead of 250. */
const compileCache = mkdtempSync(join(tmpdir(), "holdfast-cli-compiled-"));
const running = new Set<ChildProcess>();
const folders: string[] = [];

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Complete lines of stdout so far. */
  lines(): string[];
  /** Resolves once the condition holds; fails when the process ends before, or takes too long. */
  until(condition: () => boolean, what: string): Promise<void>;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
}

/** A folder that is removed by `endAll`. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
  folders.push(made);
  return made;
}

/** Starts `holdfast WORDS...`. Without `input` stdin stays open. */
export function start(words: readonly string[], options: StartOptions = {}): Running {
  const env: Record<string, string | undefined> = { ...process.env, NODE_COMPILE_CACHE: compileCache, ...options.env };
  for (const name of Object.keys(env)) if (name.startsWith("HOLDFAST_") && options.env?.[name] === undefined) delete env[name];
  const child = spawn(process.execPath, ["--conditions=source", main, ...words], { cwd: options.cwd, env, stdio: "pipe" });
  running.add(child);
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name].setEncoding("utf8").on("data", (chunk: string) => (text[name] += chunk));
  child.stdin.on("error", () => {}); // The process may end before it has read everything.
  if (options.input !== undefined) child.stdin.end(options.input);
  // A process that hangs fails its test instead of hanging it: it ends by a signal that no test expects.
  const lifetime = setTimeout(() => child.kill("SIGABRT"), lifetimeMs);
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (code, signal) => {
      clearTimeout(lifetime);
      running.delete(child);
      resolve({ code, signal, ...text });
    }),
  );
  const until = async (condition: () => boolean, what: string): Promise<void> => {
    const endMs = performance.now() + deadlineMs;
    while (!condition()) {
      const over = child.exitCode !== null || child.signalCode !== null;
      assert.ok(!over || condition(), `the process ended before: ${what}\n${text.stdout.slice(-2_000)}\n${text.stderr}`);
      assert.ok(performance.now() < endMs, `not in time: ${what}\n${text.stdout.slice(-2_000)}\n${text.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return { child, stdout: () => text.stdout, stderr: () => text.stderr, lines: () => text.stdout.split("\n").slice(0, -1), until, ended };
}

/** Runs `holdfast WORDS...` to its end; stdin is empty when there is no input. */
export function run(words: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return start(words, { input: "", ...options }).ended;
}

/** A server that is up, and where. */
export type Server = Running & { readonly url: string; readonly port: string };

export async function serve(words: readonly string[], options: StartOptions = {}): Promise<Server> {
  const server = start(["serve", "--json", ...words], options);
  await server.until(() => server.lines().some((line) => line.includes('"event":"listening"')), "the server listens");
  const { url } = JSON.parse(server.lines().find((line) => line.includes('"event":"listening"')) as string) as { url: string };
  return { ...server, url, port: new URL(url).port };
}

/** Ends a process at once, as a crash would. */
export async function kill({ child, ended }: Running): Promise<Ended> {
  child.kill("SIGKILL");
  return await ended;
}

/** Ends whatever a test left running, and removes its folders. */
export async function endAll(): Promise<void> {
  await Promise.all(
    [...running].map(
      (child) =>
        new Promise<void>((resolve) => {
          child.once("close", () => resolve());
          child.kill("SIGKILL");
        }),
    ),
  );
  for (const path of [...folders.splice(0), compileCache]) rmSync(path, { recursive: true, force: true });
}

/** Lines that say which they are. */
export function numbered(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => `line ${from + i}\n`).join("");
}
