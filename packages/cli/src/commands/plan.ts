/**
 * `holdfast plan`: a declared path on paper. Which timer of which hop breaks which inequality, and the one set of values that breaks none.
 * It asks nothing of any hop.
 */
import { existsSync, writeFileSync } from "node:fs";
import { PathError, type Plan, pathExample, planPath } from "@holdfast/path";
import { drawLadder } from "@holdfast/path/draw";
import { type EmitOptions, type EmitTool, emitOptionDocs, emitters } from "@holdfast/path/emit";
import { readPathFile } from "../adapters/path-file.ts";
import { Notices, standardOutput } from "../adapters/terminal.ts";
import { type Checked, type CommandSpec, choiceFlag, type FlagSpec, type Given, good, isOn, textFlag } from "../args.ts";
import type { Command } from "../command.ts";
import { escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";
import { planReport } from "../plan/report.ts";
import { planText } from "../plan/text.ts";

const fileDefault = "path.yaml";

const tools = Object.keys(emitters) as EmitTool[];
const emitNames = Object.keys(emitOptionDocs) as (keyof EmitOptions)[];

/** What a configuration needs that a path does not say: --hop, --listen, --to, --streams. */
const emitFlags: Readonly<Record<string, FlagSpec>> = Object.fromEntries(
  emitNames.map((name) => {
    const { default: byDefault, unit, what } = emitOptionDocs[name];
    return [name, { value: unit.toUpperCase(), what: `With --emit: ${what}${byDefault === "" ? "" : ` (default: ${byDefault})`}` }];
  }),
);

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
    svg: { value: "FILE", what: "Draw the path into FILE besides: hops across, time down" },
    emit: { value: "TOOL", what: `Print the configuration of a hop instead: ${tools.join(", ")}` },
    ...emitFlags,
  },
  notes: [
    `Without FILE it reads ${fileDefault} where there is one. What may stand in it: docs/plan.md; the hops that are known: docs/hops.md.`,
    "Ends with 10 when an inequality is broken that makes requests or streams fail (severity error).",
  ],
  examples: [
    "holdfast plan --example > path.yaml",
    "holdfast plan",
    "holdfast plan --json path.yaml",
    "holdfast plan path.yaml --svg ladder.svg",
    "holdfast plan path.yaml --emit nginx --to 127.0.0.1:3000 > nginx.conf",
  ],
};

interface Ask {
  readonly file: string;
  readonly isNamed: boolean;
  readonly json: boolean;
  readonly strict: boolean;
  readonly svg: string | null;
  readonly emit: { readonly tool: EmitTool; readonly options: EmitOptions } | null;
}

function emitOf(given: Given): Checked<Ask["emit"]> {
  const options = Object.fromEntries(emitNames.flatMap((name) => (textFlag(given, name) === undefined ? [] : [[name, textFlag(given, name)]]))) as EmitOptions;
  if (textFlag(given, "emit") === undefined) {
    const [stray] = Object.keys(options);
    return stray === undefined ? good(null) : { ok: false, message: `--${stray} needs --emit` };
  }
  const tool = choiceFlag(given, "emit", tools, tools[0] as EmitTool);
  if (!tool.ok) return tool;
  return isOn(given, "json") ? { ok: false, message: "expected --emit or --json, got both" } : good({ tool: tool.value, options });
}

export const plan: Command = {
  spec,
  prepare: (given): Checked<() => Promise<Exit>> => {
    if (isOn(given, "example")) return good(printExample);
    const [file] = given.operands;
    const emit = emitOf(given);
    if (!emit.ok) return emit;
    const outputs = { json: isOn(given, "json"), strict: isOn(given, "strict"), svg: textFlag(given, "svg") ?? null, emit: emit.value };
    return good(() => run({ file: file ?? fileDefault, isNamed: file !== undefined, ...outputs }));
  },
};

async function printExample(): Promise<Exit> {
  await standardOutput().write(pathExample);
  return "ok";
}

async function run(ask: Ask): Promise<Exit> {
  const { file, isNamed, json, strict, svg, emit } = ask;
  const [output, notices] = [standardOutput(), new Notices()];
  if (!isNamed && !existsSync(file)) {
    notices.say(`holdfast plan: no ${file} here. Write the hops of the path from the user inward, one a line, with what is not a default:\n\n${pathExample}`);
    notices.say("`holdfast plan --example > path.yaml` writes this one.");
    return "usage";
  }
  const path = readPathFile(file);
  const refuse = (message: string, exit: Exit): Exit => {
    notices.say(`holdfast plan: ${message.split("\n").map(escapeLine).join("\n")}`);
    return exit;
  };
  const planned = path.ok ? attempt(() => planPath(path.value)) : path;
  if (!planned.ok) return refuse(planned.message, "usage");
  const drawn = svg === null ? good(null) : write(svg, planned.value);
  if (!drawn.ok) return refuse(drawn.message, "failed");
  if (emit !== null) {
    const emitted = attempt(() => emitters[emit.tool](planned.value, emit.options));
    if (!emitted.ok) return refuse(emitted.message, "usage");
    await output.write(emitted.value);
    return "ok"; // What was broken is mended in what was asked for.
  }
  const style = { colour: output.isTerminal, charsMax: output.isTerminal ? Math.min(120, process.stdout.columns || 80) : 80 };
  await output.write(json ? `${JSON.stringify(planReport(planned.value))}\n` : planText(planned.value, style));
  return exitOf(planned.value, strict);
}

function write(file: string, plan: Plan): Checked<null> {
  try {
    writeFileSync(file, drawLadder(plan));
    return good(null);
  } catch (thrown) {
    return { ok: false, message: (thrown as Error).message };
  }
}

function attempt<T>(make: () => T): Checked<T> {
  try {
    return good(make());
  } catch (thrown) {
    if (thrown instanceof PathError) return { ok: false, message: thrown.message };
    throw thrown;
  }
}

const exitOf = ({ violations }: Plan, strict: boolean): Exit =>
  violations.some(({ severity }) => severity === "error" || (strict && severity === "warning")) ? "findings" : "ok";
