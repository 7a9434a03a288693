/**
 * Runs the command line of the runner in a process of its own and gives back its JSON.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Violation } from "../checker/violations.ts";

/** The project's root. */
export const root = join(import.meta.dirname, "../..");

/** What `sim/run.ts --json` prints, as far as others use it. */
export interface RunnerOutput {
  readonly seeds: number;
  readonly seconds: number;
  readonly events: { readonly median: number; readonly total: number };
  readonly bad: readonly { readonly seed: number; readonly hash: string; readonly violations: readonly Violation[] }[];
  readonly points: Readonly<Record<string, { readonly seeds: number; readonly hits: number }>>;
}

/** Runs `sim/run.ts` with these arguments. Rejects when it gives no result. */
export function runInChild(args: readonly string[]): Promise<RunnerOutput> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, "sim/run.ts", ...args, "--json"], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    child.on("error", reject);
    child.on("close", () => {
      try {
        resolve(JSON.parse(Buffer.concat(output).toString("utf8")) as RunnerOutput);
      } catch (cause) {
        reject(new Error(`sim/run.ts ${args.join(" ")}: ${Buffer.concat(errors).toString("utf8")}`, { cause }));
      }
    });
  });
}
