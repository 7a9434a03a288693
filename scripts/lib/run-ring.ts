/**
 * Runs one ring of tests in its own process group, within its time, and reports what it amounted to.
 * A ring that hangs is killed at twice its budget; processes that it leaves behind are ended and count as a failure.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RingCounts } from "./ring-reporter.ts";

/** What one ring amounted to. `problems` are failures of the ring itself, each counted as one failed test. */
export interface RingResult extends RingCounts {
  readonly seconds: number;
}

/** How to run a ring; `files` are relative to `root`. */
export interface RingRun {
  readonly root: string;
  readonly files: readonly string[];
  readonly concurrency: number;
  readonly budgetSeconds: number;
  /** Shows nothing while the ring runs. */
  readonly silent?: boolean;
  /** Ends the ring early, as Ctrl-C does. */
  readonly signal?: AbortSignal;
}

const nothing: RingCounts = { passed: 0, failed: 0, skipped: {}, problems: [] };

/** Runs the ring to its end, whatever that is. */
export async function runRing(run: RingRun): Promise<RingResult> {
  if (run.files.length === 0) return { ...nothing, seconds: 0, failed: 1, problems: ["no test files"] };
  const startMs = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "holdfast-ring-"));
  const target = join(folder, "report.json");
  const mark = `${process.pid}-${folder}`;
  try {
    const child = start(run, target, mark);
    const ending = await endOf(child, run);
    const counts = existsSync(target) ? (JSON.parse(readFileSync(target, "utf8")) as RingCounts) : { ...nothing, problems: ["no report"] };
    const problems = [...counts.problems, ...ending, ...(await endLeftovers(mark))];
    if (child.exitCode !== 0 && counts.failed + problems.length === 0) problems.push(`the runner ended with ${child.exitCode ?? child.signalCode}`);
    return { ...counts, failed: counts.failed + problems.length, problems, seconds: (performance.now() - startMs) / 1000 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(run: RingRun, target: string, mark: string): ChildProcess {
  // A runner inside a test of a runner must not believe that it is the outer one's child.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const flags = [
    ...["--conditions=source", "--test", `--test-concurrency=${run.concurrency}`, `--test-timeout=${run.budgetSeconds * 1000}`],
    ...[`--test-reporter=${join(import.meta.dirname, "ring-reporter.ts")}`, "--test-reporter-destination=stdout"],
  ];
  return spawn(process.execPath, [...flags, ...run.files], {
    cwd: run.root,
    env: { ...env, HOLDFAST_RING_REPORT: target, HOLDFAST_RING: mark },
    stdio: run.silent ? "ignore" : ["ignore", "inherit", "inherit"],
    detached: true,
  });
}

/** Waits for the runner's end; [] when it ended by itself. */
async function endOf(child: ChildProcess, run: RingRun): Promise<string[]> {
  const problems: string[] = [];
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", (error) => {
      problems.push(`the runner did not start: ${error.message}`);
      resolve();
    });
  });
  const stop = (why: string): void => {
    problems.push(why);
    // On SIGINT the runner reports what it has; whatever then still lives is killed with the group.
    child.kill("SIGINT");
    const force = setTimeout(() => killGroup(child), 3000);
    void ended.then(() => clearTimeout(force));
  };
  const timer = setTimeout(() => stop(`killed after ${2 * run.budgetSeconds} s, twice its budget`), 2000 * run.budgetSeconds);
  const onAbort = (): void => stop("interrupted");
  run.signal?.addEventListener("abort", onAbort, { once: true });
  await ended;
  clearTimeout(timer);
  run.signal?.removeEventListener("abort", onAbort);
  if (problems.length > 0) killGroup(child);
  return problems;
}

function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined) kill(-child.pid);
}

/** A negative id is a process group's. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone already, which is what was wanted.
  }
}

/** Ends processes that carry the ring's mark in their environment after the runner's end. Linux only; elsewhere none is found. */
async function endLeftovers(mark: string): Promise<string[]> {
  // A child that was just told to end gets a moment to do so.
  for (let tries = 0; tries < 20 && marked(mark).length > 0; tries++) await sleep(50);
  return marked(mark).map(({ pid, command }) => {
    kill(pid);
    return `left a process behind: ${command}`;
  });
}

function marked(mark: string): { pid: number; command: string }[] {
  if (!existsSync("/proc")) return [];
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (!readFileSync(`/proc/${name}/environ`, "utf8").split("\0").includes(`HOLDFAST_RING=${mark}`)) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      // An ended process that nobody has waited for yet has no command line.
      return command === "" ? [] : [{ pid: Number(name), command }];
    } catch {
      // It ended while it was looked at, or belongs to somebody else.
      return [];
    }
  });
}
