/**
 * `holdfast plan`: a declared path on paper. Which timer of which hop breaks which inequality, and the one set of values that breaks none.
 * It asks nothing of any hop.
 */
import { existsSync } from "node:fs";
import { type DeclaredPath, PathError, type Plan, pathExample, planPath } from "@holdfast/path";
import { readPathFile } from "../adapters/path-file.ts";
import { Notices, standardOutput } from "../adapters/terminal.ts";
import { type Checked, type CommandSpec, good, isOn } from "../args.ts";
import type { Command } from "../command.ts";
import { escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";
import { planReport } from "../plan/report.ts";
import { planText } from "../plan/text.ts";

const fileDefault = "path.yaml";

const spec: CommandSpec = {
  name: "plan",
  summary: "Derive every timer of a path from its hops, and show what breaks",
  operands: "[FILE]",
  operandsMin: 0,
  operandsMax: 1,
  flags: {
    example: { what: `Print a path file to begin with` },
    strict: { what: "Warnings end with 10 too" },
    json: { what: "The plan as one JSON object" },
  },
  notes: [
    `Without FILE it reads ${fileDefault} where there is one. What may stand in it: docs/plan.md; the hops that are known: docs/hops.md.`,
    "Ends with 10 when an inequality is broken that makes requests or streams fail (severity error).",
  ],
  examples: ["holdfast plan --example > path.yaml", "holdfast plan", "holdfast plan --json path.yaml"],
};

interface Ask {
  readonly file: string;
  readonly isNamed: boolean;
  readonly json: boolean;
  readonly strict: boolean;
}

export const plan: Command = {
  spec,
  prepare: (given): Checked<() => Promise<Exit>> => {
    if (isOn(given, "example")) return good(printExample);
    const [file] = given.operands;
    return good(() => run({ file: file ?? fileDefault, isNamed: file !== undefined, json: isOn(given, "json"), strict: isOn(given, "strict") }));
  },
};

async function printExample(): Promise<Exit> {
  await standardOutput().write(pathExample);
  return "ok";
}

async function run({ file, isNamed, json, strict }: Ask): Promise<Exit> {
  const [output, notices] = [standardOutput(), new Notices()];
  if (!isNamed && !existsSync(file)) {
    notices.say(`holdfast plan: no ${file} here. Write the hops of the path from the user inward, one a line, with what is not a default:\n\n${pathExample}`);
    notices.say("`holdfast plan --example > path.yaml` writes this one.");
    return "usage";
  }
  const path = readPathFile(file);
  const planned = path.ok ? attempt(path.value) : path;
  if (!planned.ok) {
    notices.say(`holdfast plan: ${planned.message.split("\n").map(escapeLine).join("\n")}`);
    return "usage";
  }
  const style = { colour: output.isTerminal, charsMax: output.isTerminal ? Math.min(120, process.stdout.columns || 80) : 80 };
  await output.write(json ? `${JSON.stringify(planReport(planned.value))}\n` : planText(planned.value, style));
  return exitOf(planned.value, strict);
}

function attempt(path: DeclaredPath): Checked<Plan> {
  try {
    return good(planPath(path));
  } catch (thrown) {
    if (thrown instanceof PathError) return { ok: false, message: thrown.message };
    throw thrown;
  }
}

const exitOf = ({ violations }: Plan, strict: boolean): Exit =>
  violations.some(({ severity }) => severity === "error" || (strict && severity === "warning")) ? "findings" : "ok";
