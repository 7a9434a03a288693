/**
 * `npm run bench -- [NAME...]`: measures Holdfast beside its peers and writes docs/performance.md (docs/timeouts.md for keep-alive-races,
 * docs/keep-alive.md for keep-alive).
 * Names are those of cases, all by default: fan-out, sse, idle-memory, tls-memory, durable, herd, latency, keep-alive, keep-alive-races, http2-windows, client-size.
 *
 *   --only NAME      the same as a name (may be given several times)
 *   --smoke          small numbers: shows that every case runs and counts right; nothing is written
 *   --json           figures as JSON to standard output, tables to standard error
 *   --dry            measure and print, but leave docs/ as it is
 *   --dir FOLDER     where durable cases put their files (default: bench/.data), on the disk that is to be measured
 *   --against TREE   another checkout of this repository, whose Holdfast takes part in fan-out and sse (may be given several times)
 *
 * Exit code 0 when all cases ran, aims met or not; 1 when one failed; 2 for bad arguments.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { cases } from "./cases/list.ts";
import { machineFacts } from "./lib/machine.ts";
import { installPeers } from "./lib/peers.ts";
import type { BenchCase, CaseResult } from "./lib/result.ts";
import { drawChart } from "./page/chart.ts";
import { printResult } from "./page/print.ts";
import { drawSection, factsLine, placeSection } from "./page/section.ts";

const docs = join(import.meta.dirname, "..", "docs");

interface Arguments {
  readonly chosen: readonly BenchCase[];
  readonly smoke: boolean;
  readonly json: boolean;
  readonly dry: boolean;
  readonly directory: string;
  readonly against: readonly string[];
}

function readArguments(): Arguments {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string", multiple: true, default: [] },
      against: { type: "string", multiple: true, default: [] },
      dir: { type: "string", default: join(import.meta.dirname, ".data") },
      smoke: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      dry: { type: "boolean", default: false },
    },
  });
  const names = [...positionals, ...values.only];
  const unknown = names.find((name) => !cases.some((each) => each.name === name));
  if (unknown !== undefined) throw new TypeError(`Expected one of ${cases.map(({ name }) => name).join(", ")}, got ${unknown}`);
  const chosen = names.length === 0 ? cases : cases.filter(({ name }) => names.includes(name));
  const { smoke, json } = values;
  // A page that others read must not depend on a checkout that they do not have.
  const dry = values.dry || smoke || values.against.length > 0;
  return { chosen, smoke, json, dry, directory: resolve(values.dir), against: values.against.map((tree) => resolve(tree)) };
}

const startMs = Date.now();
const say = (line: string): void => {
  process.stderr.write(`${((Date.now() - startMs) / 1_000).toFixed(1).padStart(6)} s  ${line}\n`);
};

function writePage(results: readonly CaseResult[], facts: ReturnType<typeof machineFacts>): void {
  for (const result of results) {
    const name = cases.find((each) => each.name === result.name)?.page ?? "performance.md";
    const file = join(docs, name);
    const placed = placeSection(readFileSync(file, "utf8"), result.name, drawSection(result, facts, `npm run bench -- ${result.name}`));
    if (placed === null) throw new Error(`docs/${name} has no markers for ${result.name}`);
    writeFileSync(file, placed);
    for (const chart of result.charts) writeFileSync(join(docs, `performance-${chart.name}.svg`), drawChart(chart));
    say(`docs/${name}: ${result.name} written`);
  }
}

async function main({ chosen, smoke, json, dry, directory, against }: Arguments): Promise<void> {
  const facts = machineFacts();
  say(factsLine(facts));
  const fault = await installPeers(say);
  if (fault !== null) say(`${fault}: Socket.IO and better-sse are left out`);
  mkdirSync(directory, { recursive: true });
  const results: CaseResult[] = [];
  try {
    for (const { name, title, run } of chosen) {
      const measured = await run({ smoke, against, directory, peers: fault === null, progress: (step) => say(`${name}: ${step}`) });
      // Nothing can be read from small numbers, least of all whether an aim was met.
      const result = smoke ? { ...measured, aims: [] } : measured;
      results.push(result);
      const text = `\n${printResult(title, result)}\n\n`;
      (json ? process.stderr : process.stdout).write(text);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  if (json)
    process.stdout.write(`${JSON.stringify({ facts, smoke, results: results.map(({ name, figures, aims }) => ({ name, figures, aims })) }, null, 2)}\n`);
  if (!dry) writePage(results, facts);
}

let given: Arguments;
try {
  given = readArguments();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(2);
}
try {
  await main(given);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
}
