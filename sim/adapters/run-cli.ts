/**
 * The command line of the runner: arguments in, text or JSON out. A mutant is put in place before anything that it changes is imported.
 */
import { parseArgs } from "node:util";
import type { CampaignResult } from "../campaign.ts";
import { findMutant } from "../mutants/list.ts";
import type { SeedResult } from "../run-seed.ts";
import { patchSources } from "./patch-sources.ts";

interface Arguments {
  readonly from: number;
  readonly seeds: number;
  readonly minutes: number | null;
  readonly mutant: string | null;
  readonly without: ReadonlySet<string>;
  readonly untilCaught: boolean;
  readonly traceLines: number;
  readonly json: boolean;
}

const traceLinesMax = 20_000;

const help = `Plays seeds of the simulator; exits with 1 when one was bad.

  npm run sim -- [options]

  --seeds N         how many seeds (200)
  --minutes M       as many seeds as fit, instead
  --from N          the first one (1)
  --seed N          this one alone
  --trace           what happened, line by line
  --mutant NAME     with a planted defect (docs/mutants.md)
  --until-caught    ends at the first bad seed
  --without K,...   without faults of these kinds
  --json            for machines`;

/** What is asked for; null when it is help. Throws TypeError for what cannot be meant. */
function parse(): Arguments | null {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", short: "h", default: false },
      seeds: { type: "string", default: "200" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      minutes: { type: "string" },
      mutant: { type: "string" },
      without: { type: "string", default: "" },
      "until-caught": { type: "boolean", default: false },
      trace: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const minutes = values.minutes === undefined ? null : Number(values.minutes);
  const counts = { from: Number(values.seed ?? values.from), seeds: values.seed !== undefined ? 1 : minutes === null ? Number(values.seeds) : Infinity };
  for (const [name, value] of Object.entries({ ...counts, minutes: minutes ?? 1 })) {
    if (!(value > 0)) throw new TypeError(`Expected \`--${name}\` to be a number above 0`);
  }
  return {
    ...counts,
    minutes,
    mutant: values.mutant ?? null,
    without: new Set(values.without.split(",").filter((kind) => kind !== "")),
    untilCaught: values["until-caught"],
    traceLines: values.trace ? traceLinesMax : 0,
    json: values.json,
  };
}

/** Runs the command and sets the exit code. */
export async function main(): Promise<void> {
  const given = parse();
  if (given === null) return console.log(help);
  const mutant = given.mutant === null ? null : findMutant(given.mutant);
  if (mutant?.patches !== undefined) patchSources(mutant.patches);
  const { runCampaign } = await import("../campaign.ts");
  const { badSeedLines, campaignLines } = await import("../report.ts");
  const seams = mutant?.seams === undefined ? null : await mutant.seams();
  const startMs = performance.now();
  const endMs = given.minutes === null ? Infinity : startMs + given.minutes * 60_000;
  const now = performance.now.bind(performance);
  const result = await runCampaign({
    ...given,
    ...(seams === null ? {} : { seams }),
    isOver: () => now() > endMs,
    onSeed: (seed) => {
      if (given.json) return;
      if (given.traceLines > 0) for (const line of seed.lines) console.log(line);
      if (given.traceLines > 0) console.log(JSON.stringify(seed.plan));
      if (seed.violations.length > 0) for (const line of badSeedLines(seed, given.mutant)) console.log(line);
    },
  });
  const seconds = (performance.now() - startMs) / 1000;
  if (given.json) console.log(JSON.stringify(toJson(result, seconds)));
  else for (const line of campaignLines(result, seconds)) console.log(line);
  process.exitCode = result.bad.length > 0 ? 1 : 0;
}

/** The result without plans and traces. */
function toJson(result: CampaignResult, seconds: number): object {
  const bad = result.bad.map(({ seed, hash, violations }: SeedResult) => ({ seed, hash, violations }));
  return { ...result, bad, seconds };
}
