/**
 * Plays every mutant in a process of its own, two at a time, until a seed finds it; writes the table of docs/mutants.md.
 * Fails when one survives, or when a harmless one is found to be wrong.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mutants } from "../mutants/list.ts";
import type { Mutant } from "../mutants/mutant.ts";
import { isRight, type MutantPlayed, mutantsPage, playedLine } from "../mutants/page.ts";
import { root, runInChild } from "./child.ts";

const processesMax = 2;
/** Seeds that must find nothing in a harmless one. */
const harmlessSeeds = 300;

/** Plays one mutant in a process of its own, up to so many seeds. Rejects when the process gives no result. */
export async function playMutant(mutant: Mutant, seedsMax: number): Promise<MutantPlayed> {
  const { seeds, seconds, bad } = await runInChild(["--mutant", mutant.name, "--seeds", String(seedsMax), "--until-caught"]);
  return { mutant, seeds, seconds, foundAs: bad[0]?.violations[0]?.kind ?? null };
}

/** The command: `--seeds N` before a mutant has survived, `--check` to write nothing. */
export async function main(): Promise<void> {
  const { values } = parseArgs({ options: { seeds: { type: "string", default: "5000" }, check: { type: "boolean", default: false } } });
  const played = new Map<Mutant, MutantPlayed>();
  const queue = [...mutants];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const result = await playMutant(next, next.isHarmless === true ? harmlessSeeds : Number(values.seeds));
      played.set(next, result);
      console.log(playedLine(result));
    }
  };
  await Promise.all(Array.from({ length: processesMax }, worker));
  const results = mutants.map((mutant) => played.get(mutant) as MutantPlayed);
  const wrong = results.filter((result) => !isRight(result)).map(({ mutant }) => mutant.name);
  if (!values.check && wrong.length === 0) writeFileSync(join(root, "docs/mutants.md"), mutantsPage(results));
  console.log(wrong.length === 0 ? `${results.length} mutants, all as they should be` : `not as they should be: ${wrong.join(", ")}`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
