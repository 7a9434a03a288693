/**
 * Real processes for the durability tests: a child with an engine, plain or under strace, and what it said.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeEnv } from "@holdfast/guard";
import type { Entry } from "../../src/engine.ts";
import { sqliteEngine } from "../../src/engines/index.ts";

const childFile = fileURLToPath(new URL("./durability-child.ts", import.meta.url));

/** What a child says. */
export type Said =
  | { readonly type: "started" }
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "answered"; readonly text: string; readonly ms: number; readonly ok: boolean; readonly code: string | null }
  | { readonly type: "read"; readonly texts: readonly string[]; readonly health: string }
  | { readonly type: "stopped" };

export type Answered = Extract<Said, { type: "answered" }>;

/** A child at work. */
export interface Child {
  readonly process: ChildProcess;
  readonly said: Said[];
  /** Resolves when the child has ended, with everything it said. */
  readonly ended: Promise<readonly Said[]>;
}

/** A folder that is removed after the test. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "holdfast-durability-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Starts a child; `strace` are arguments for strace, when it is to run under it. */
export function startChild(args: readonly string[], strace: readonly string[] | null = null): Child {
  const command = [process.execPath, "--conditions=source", childFile, ...args];
  const [program, ...rest] = strace === null ? command : ["strace", ...strace, ...command];
  const child = spawn(program as string, rest, { stdio: ["ignore", "pipe", "inherit"] });
  const said: Said[] = [];
  let partial = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    const lines = (partial + text).split("\n");
    partial = lines.pop() ?? "";
    for (const line of lines) said.push(JSON.parse(line) as Said);
  });
  const ended = new Promise<readonly Said[]>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => resolve(said));
  });
  return { process: child, said, ended };
}

/** One system call as strace wrote it down. */
export interface Call {
  readonly thread: string;
  readonly name: string;
  /** The line after the name. */
  readonly text: string;
  /** strace changed or delayed it. */
  readonly injected: boolean;
}

/** Runs a child under strace, with an injection or without, and returns what it said and the calls seen. */
export async function traced(
  folder: string,
  args: readonly string[],
  calls: string,
  injection: string | null,
): Promise<{ said: readonly Said[]; calls: readonly Call[] }> {
  const output = join(folder, `strace-${injection?.replace(/\W+/g, "-") ?? "plain"}.txt`);
  const inject = injection === null ? [] : ["-e", `inject=${injection}`];
  const { ended } = startChild(args, ["-f", "-qq", "-e", `trace=${calls},write`, "-e", "signal=none", ...inject, "-o", output]);
  const said = await ended;
  return { said, calls: parseCalls(readFileSync(output, "utf8")) };
}

/** The calls in the order in which they ended. One that another thread interrupted stands on two lines: arguments, then result. */
function parseCalls(output: string): Call[] {
  const calls: Call[] = [];
  const begun = new Map<string, string>();
  for (const line of output.split("\n")) {
    const match = /^(\d+)\s+(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)$/.exec(line);
    if (match === null) continue;
    const [, thread = "", name = "", rest = ""] = match;
    const text = (begun.get(thread) ?? "") + rest;
    begun.delete(thread);
    if (rest.endsWith(unfinished)) begun.set(thread, rest.slice(0, -unfinished.length));
    else calls.push({ thread, name, text, injected: /\((INJECTED|DELAYED)\)/.test(text) });
  }
  return calls;
}

const unfinished = "<unfinished ...>";

/** The answers among what was said. */
export const answersOf = (said: readonly Said[]): Answered[] => said.filter((line) => line.type === "answered");

/** What the child had read at its end. */
export function readingOf(said: readonly Said[]): Extract<Said, { type: "read" }> {
  const reading = said.find((line) => line.type === "read");
  assert.ok(reading !== undefined, `the child has read, it said ${JSON.stringify(said)}`);
  return reading;
}

/** The log as a new engine on the file finds it, without any fault. */
export async function reopened(path: string): Promise<{ entries: readonly Entry[]; texts: readonly string[] }> {
  const engine = sqliteEngine({ env: nodeEnv, path });
  await engine.start();
  try {
    const entries: Entry[] = [];
    for (let more = true; more; ) {
      const page = await engine.read("a", { from: { afterSeq: entries.at(-1)?.seq ?? 0 }, entriesMax: 1_000, bytesMax: 10_000_000 });
      entries.push(...page.entries);
      more = page.more;
    }
    return { entries, texts: entries.map(({ payload }) => JSON.parse(Buffer.from(payload).toString()) as string) };
  } finally {
    await engine.stop();
  }
}
