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
import { bad, type Checked, type CommandSpec, type Given, good, isOn, textFlag } from "../args.ts";
import type { Command } from "../command.ts";
import { escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";
import { planReport } from "../plan/report.ts";
import { type PlanStyle, planText } from "../plan/text.ts";

const fileDefault = "path.yaml";

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

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
    svg: { value: "FILE", what: "Write the ladder as a picture to FILE" },
    emit: { value: "TOOL", what: `Print configuration instead: ${Object.keys(emitters).join(", ")}` },
    hop: { value: "NAME", what: `With --emit: ${lower(emitOptionDocs.hop.what)}` },
    listen: { value: "ADDRESS", what: `With --emit: ${lower(emitOptionDocs.listen.what)} (${emitOptionDocs.listen.default})` },
    to: { value: "ADDRESS", what: `With --emit: ${lower(emitOptionDocs.to.what)} (${emitOptionDocs.to.default})` },
    streams: { value: "PATH", what: `With --emit: ${lower(emitOptionDocs.streams.what)} (${emitOptionDocs.streams.default})` },
  },
  notes: [
    `Without FILE it reads ${fileDefault} where there is one. What may stand in it: docs/plan.md; the hops that are known: docs/hops.md.`,
    "Ends with 10 when an inequality is broken that makes requests or streams fail (severity error).",
  ],
  examples: ["holdfast plan --example > path.yaml", "holdfast plan", "holdfast plan --svg ladder.svg", "holdfast plan --emit nginx --to 10.0.0.7:3000"],
};

interface Ask {
  readonly file: string;
  readonly isNamed: boolean;
  readonly json: boolean;
  readonly strict: boolean;
  readonly svg: string | null;
  readonly emit: EmitTool | null;
  readonly emitOptions: EmitOptions;
}

export const plan: Command = {
  spec,
  prepare: (given): Checked<() => Promise<Exit>> => {
    if (isOn(given, "example")) return good(printExample);
    const ask = askOf(given);
    return ask.ok ? good(() => run(ask.value)) : ask;
  },
};

function askOf(given: Given): Checked<Ask> {
  const [file] = given.operands;
  const tool = textFlag(given, "emit") ?? null;
  if (tool !== null && !Object.hasOwn(emitters, tool))
    return bad(`expected --emit to be one of ${Object.keys(emitters).join(", ")}, got ${JSON.stringify(tool)}`);
  const emitOptions = Object.fromEntries(Object.keys(emitOptionDocs).flatMap((name) => (given.flags.has(name) ? [[name, textFlag(given, name)]] : [])));
  const [stray] = Object.keys(emitOptions);
  if (tool === null && stray !== undefined) return bad(`--${stray} says something about --emit, which is not given`);
  if (tool !== null && isOn(given, "json")) return bad("expected --emit or --json, got both");
  return good({
    file: file ?? fileDefault,
    isNamed: file !== undefined,
    json: isOn(given, "json"),
    strict: isOn(given, "strict"),
    svg: textFlag(given, "svg") ?? null,
    emit: tool as EmitTool | null,
    emitOptions,
  });
}

async function printExample(): Promise<Exit> {
  await standardOutput().write(pathExample);
  return "ok";
}

async function run(ask: Ask): Promise<Exit> {
  const { file, isNamed } = ask;
  const [output, notices] = [standardOutput(), new Notices()];
  if (!isNamed && !existsSync(file)) {
    notices.say(`holdfast plan: no ${file} here. Write the hops of the path from the user inward, one a line, with what is not a default:\n\n${pathExample}`);
    notices.say("`holdfast plan --example > path.yaml` writes this one.");
    return "usage";
  }
  const path = readPathFile(file);
  const planned = path.ok ? attempt(() => planPath(path.value)) : path;
  if (!planned.ok) {
    notices.say(`holdfast plan: ${planned.message.split("\n").map(escapeLine).join("\n")}`);
    return "usage";
  }
  const style = { colour: output.isTerminal, charsMax: output.isTerminal ? Math.min(120, process.stdout.columns || 80) : 80 };
  const shown = textOf(planned.value, ask, style);
  if (!shown.ok) {
    notices.say(`holdfast plan: ${escapeLine(shown.message)}`);
    return "usage";
  }
  await output.write(shown.value);
  const fault = ask.svg === null ? null : writePicture(ask.svg, planned.value);
  if (fault !== null) {
    notices.say(`holdfast plan: ${escapeLine(fault)}`);
    return "failed";
  }
  // What is printed is the set that violates nothing, whatever the path was like before.
  return ask.emit === null ? exitOf(planned.value, ask.strict) : "ok";
}

/** What goes to stdout; a tool for which the path has no hop is an error. */
function textOf(planned: Plan, { json, emit, emitOptions }: Ask, style: PlanStyle): Checked<string> {
  if (json) return good(`${JSON.stringify(planReport(planned))}\n`);
  return emit === null ? good(planText(planned, style)) : attempt(() => emitters[emit](planned, emitOptions));
}

/** What went wrong, or null. */
function writePicture(file: string, planned: Plan): string | null {
  try {
    writeFileSync(file, drawLadder(planned));
    return null;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

function attempt<T>(call: () => T): Checked<T> {
  try {
    return good(call());
  } catch (thrown) {
    if (thrown instanceof PathError) return bad(thrown.message);
    throw thrown;
  }
}

const exitOf = ({ violations }: Plan, strict: boolean): Exit =>
  violations.some(({ severity }) => severity === "error" || (strict && severity === "warning")) ? "findings" : "ok";
