/**
 * `holdfast lint`: reads configurations and says which lines of them break connections, and what to write instead. It changes nothing and asks
 * no server.
 */
import { readFileSync } from "node:fs";
import type { DeclaredPath, Finding, OrderedFinding } from "@holdfast/path";
import { type LintAsk, type LintFile, lintFiles, type ToolId, toolOf, tools } from "@holdfast/path/lint";
import { standardInput } from "../adapters/input.ts";
import { readPathFile } from "../adapters/path-file.ts";
import { Notices, standardOutput } from "../adapters/terminal.ts";
import { bad, type Checked, type CommandSpec, choiceFlag, type Given, good, isOn, textFlag } from "../args.ts";
import type { Command } from "../command.ts";
import { escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";
import { findingsExit } from "../findings-exit.ts";
import { type Gathered, gather, stdinName } from "../lint/adapters/gather.ts";
import { lintLimits } from "../lint/limits.ts";
import { atLeast, drawLint } from "../lint/text.ts";

const ids = tools.map(({ id }) => id);
const severities = ["info", "warning", "error"] as const;
const versioned = ["nginx", "haproxy", "caddy", "node"] as const satisfies readonly ToolId[];

const spec: CommandSpec = {
  name: "lint",
  summary: "Read configurations: which lines break connections, alone and against each other, and what to write instead",
  operands: "FILE...",
  operandsMin: 1,
  operandsMax: Number.POSITIVE_INFINITY,
  flags: {
    path: { value: "FILE", what: "The path that the files are parts of, as `holdfast plan` takes it: the rest of it is held against them" },
    as: { value: "TOOL", what: `Take every file for one of this tool: ${ids.join(", ")}` },
    ...Object.fromEntries(versioned.map((tool) => [`${tool}-version`, { value: "V", what: `Judge files of ${tool} by this version` }])),
    severity: { value: "LEVEL", what: "Show nothing below info, warning or error (default: info)" },
    strict: { what: "Warnings count as errors for the exit code" },
    json: { what: "One JSON object: tools, findings with their symptoms, files of no tool" },
  },
  notes: [
    "Files may be folders, which are looked through, and `-`, which is standard input. Includes are followed. Order matters where files name no addresses: a tool is held against the one behind it.",
    "Ends with 10 when there is an error (with --strict: or a warning). An assumed version is told: `--nginx-version`, or a comment `# nginx/1.24.0` in a file, says which it is.",
  ],
  examples: ["holdfast lint /etc/nginx/nginx.conf", "holdfast lint nginx.conf server.json --path path.yaml", "nginx -T | holdfast lint - --as nginx"],
};

interface Wanted {
  readonly operands: readonly string[];
  readonly as: ToolId | null;
  readonly versions: LintAsk["versions"];
  readonly pathFile: string | null;
  readonly severity: Finding["severity"];
  readonly strict: boolean;
  readonly json: boolean;
}

export const lint: Command = {
  spec,
  prepare: (given): Checked<() => Promise<Exit>> => {
    const wanted = wantedOf(given);
    return wanted.ok ? good(() => run(wanted.value)) : wanted;
  },
};

function wantedOf(given: Given): Checked<Wanted> {
  const as = choiceFlag<ToolId | "">(given, "as", ids, "");
  if (!as.ok) return as;
  const severity = choiceFlag(given, "severity", severities, "info");
  if (!severity.ok) return severity;
  const versions: Record<string, string> = {};
  for (const tool of versioned) {
    const version = textFlag(given, `${tool}-version`);
    if (version === undefined) continue;
    if (!/^v?\d+(\.\d+){0,3}$/.test(version)) return bad(`expected --${tool}-version to be a version such as 1.24.0, got ${JSON.stringify(version)}`);
    versions[tool] = version.replace(/^v/, "");
  }
  if (given.operands.filter((operand) => operand === "-").length > 1) return bad("standard input can be read once");
  return good({
    ...{ operands: given.operands, as: as.value === "" ? null : as.value, versions, pathFile: textFlag(given, "path") ?? null },
    ...{ severity: severity.value, strict: isOn(given, "strict"), json: isOn(given, "json") },
  });
}

async function run(wanted: Wanted): Promise<Exit> {
  const [output, notices] = [standardOutput(), new Notices()];
  const say = (text: string): void => notices.say(`holdfast lint: ${escapeLine(text)}`);
  const path = wanted.pathFile === null ? good<DeclaredPath | null>(null) : readPathFile(wanted.pathFile);
  if (!path.ok) {
    say(path.message);
    return "usage";
  }
  let gathered: Gathered;
  try {
    gathered = await gather(wanted.operands, wanted.as, readStdin);
  } catch (thrown) {
    say((thrown as Error).message);
    return "usage";
  }
  for (const notice of gathered.notices) say(notice);
  const stranger = wanted.as === null ? namedStranger(gathered.files, wanted.operands) : null;
  if (stranger !== null) {
    say(`${stranger} is of no tool that lint knows (${ids.join(", ")}); --as TOOL says which it is`);
    return "usage";
  }
  const result = lintFiles(gathered.files, { as: wanted.as, versions: wanted.versions, path: path.value });
  const shown = atLeast(result.findings, wanted.severity);
  const style = { colour: output.isTerminal, charsMax: output.isTerminal ? process.stdout.columns || 80 : 140 };
  await output.write(
    wanted.json
      ? `${JSON.stringify({ ...result, findings: shown })}\n`
      : drawLint(result, shown, linesOf([...gathered.files, ...pathText(wanted.pathFile)]), style),
  );
  return findingsExit(flat(result.findings), wanted.strict);
}

const flat = (findings: readonly OrderedFinding[]): Finding[] => findings.flatMap(({ finding, symptoms }) => [finding, ...flat(symptoms)]);

/** The first file that was named and is of no tool; those that others include may be anything. */
function namedStranger(files: readonly LintFile[], operands: readonly string[]): string | null {
  const named = new Set(operands.map((operand) => (operand === "-" ? stdinName : operand)));
  return files.find((file) => named.has(file.file) && toolOf(file, null) === null)?.file ?? null;
}

/** The path file too has lines to show; it was read a moment ago, and what has become of it since is of no matter. */
function pathText(file: string | null): LintFile[] {
  try {
    return file === null ? [] : [{ file, text: readFileSync(file, "utf8") }];
  } catch {
    return [];
  }
}

function linesOf(files: readonly LintFile[]) {
  const lines = new Map<string, readonly string[]>();
  const texts = new Map(files.map(({ file, text }) => [file, text]));
  return ({ file, line }: { readonly file: string; readonly line: number }): string | null => {
    const known = lines.get(file) ?? texts.get(file)?.split(/\r?\n/) ?? [];
    lines.set(file, known);
    return known[line - 1] ?? null;
  };
}

async function readStdin(): Promise<string> {
  const [parts, input]: [Uint8Array[], ReturnType<typeof standardInput>] = [[], standardInput()];
  let bytes = 0;
  for await (const chunk of input.chunks()) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes > lintLimits.lintFileBytesMax.value)
      throw new Error(`standard input is longer than lintFileBytesMax, ${lintLimits.lintFileBytesMax.value} bytes`);
  }
  return Buffer.concat(parts).toString("utf8");
}
