/**
 * Plays every mutant in a process of its own, two at a time, until a seed finds it; writes the table of docs/mutants.md.
 * Fails when one survives, or when a harmless one is found to be wrong.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mutants } from "../mutants/list.ts";
import type { Mutant } from "../mutants/mutant.ts";
import { isRight, type MutantPlayed, mutantsPage, playedLine } from "../mutants/page.ts";

const root = join(import.meta.dirname, "../..");
const processesMax = 2;

interface Limits {
  /** Seeds after which a mutant has survived. */
  readonly seedsMax: number;
  /** Seeds that must find nothing in a harmless one. */
  readonly harmlessSeeds: number;
}

interface RunnerOutput {
  readonly seeds: number;
  readonly seconds: number;
  readonly bad: readonly { readonly seed: number; readonly violations: readonly { readonly kind: string }[] }[];
}

/** Plays one mutant. Rejects when its process gives no result. */
function play(mutant: Mutant, limits: Limits): Promise<MutantPlayed> {
  const seeds = mutant.isHarmless === true ? limits.harmlessSeeds : limits.seedsMax;
  const args = ["sim/run.ts", "--mutant", mutant.name, "--seeds", String(seeds), "--until-caught", "--json"];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    child.on("error", reject);
    child.on("close", () => {
      try {
        const { seeds: played, seconds, bad } = JSON.parse(Buffer.concat(output).toString("utf8")) as RunnerOutput;
        resolve({ mutant, seeds: played, seconds, foundAs: bad[0]?.violations[0]?.kind ?? null });
      } catch (cause) {
        reject(new Error(`mutant ${mutant.name}: ${Buffer.concat(errors).toString("utf8")}`, { cause }));
      }
    });
  });
}

/** Plays all of them, in the order of the list; `onResult` is told of each as it ends. */
export async function playMutants(limits: Limits, onResult: (result: MutantPlayed) => void = () => {}): Promise<MutantPlayed[]> {
  const results = new Map<Mutant, MutantPlayed>();
  const queue = [...mutants];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const result = await play(next, limits);
      results.set(next, result);
      onResult(result);
    }
  };
  await Promise.all(Array.from({ length: processesMax }, worker));
  return mutants.map((mutant) => results.get(mutant) as MutantPlayed);
}

/** The command: `--seeds N` before a mutant has survived, `--check` to write nothing. */
export async function main(): Promise<void> {
  const { values } = parseArgs({ options: { seeds: { type: "string", default: "3000" }, check: { type: "boolean", default: false } } });
  const results = await playMutants({ seedsMax: Number(values.seeds), harmlessSeeds: 300 }, (result) => console.log(playedLine(result)));
  const wrong = results.filter((played) => !isRight(played));
  if (!values.check && wrong.length === 0) writeFileSync(join(root, "docs/mutants.md"), mutantsPage(results));
  console.log(
    wrong.length === 0 ? `${results.length} mutants, all as they should be` : `not as they should be: ${wrong.map(({ mutant }) => mutant.name).join(", ")}`,
  );
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
