/**
 * What lint found, as text for people. Pure; whatever a file says is escaped before it is shown.
 */
import { countFindings, findingDocs, type OrderedFinding, type Place, weightOf } from "@holdfast/path";
import type { LintResult } from "@holdfast/path/lint";
import { plural } from "../amounts.ts";
import { escapeLine } from "../escape.ts";

export interface LintStyle {
  readonly colour: boolean;
  readonly charsMax: number;
}

/** Lines of files, to show the place; null for what was not read. */
export type LineOf = (place: Place) => string | null;

type Severity = OrderedFinding["finding"]["severity"];

const shades: Readonly<Record<Severity, number>> = { error: 160, warning: 172, info: 67 };
const words: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", info: "note" };

/** The findings, then one line that sums up. `shown` are those that the asked-for severity leaves. */
export function drawLint(result: LintResult, shown: readonly OrderedFinding[], lineOf: LineOf, style: LintStyle): string {
  const blocks = shown.map((each) => drawFinding(each, lineOf, style, 0).join("\n"));
  return `${[...blocks, summary(result, shown)].join("\n\n")}\n`;
}

function drawFinding({ finding, symptoms }: OrderedFinding, lineOf: LineOf, style: LintStyle, depth: number): string[] {
  const { code, severity, title, place, related, evidence, advice } = finding;
  const doc = findingDocs[code];
  const head = `${paint(words[severity], shades[severity], style)} ${code}${place === null ? "" : ` ${where(place)}`}`;
  const lines = [
    head,
    ...wrap(title, style, 2),
    ...(place === null ? [] : source(place, lineOf, severity, style)),
    ...(related.length === 0 ? [] : wrap(`also: ${related.map(where).join(", ")}`, style, 2)),
    ...evidence.flatMap((line) => wrap(line, style, 2)),
    ...(doc === undefined ? [] : wrap(`what happens: ${plain(doc.symptom)}`, style, 2)),
    ...(advice.length === 0 ? [] : ["  to mend it:", ...advice.map((line) => `      ${escapeLine(line)}`)]),
    ...(doc === undefined ? [] : [`  docs/findings/${code}.md`]),
    ...symptoms.flatMap((each) => [`  and so:`, ...drawFinding(each, lineOf, style, depth + 1).map((line) => `    ${line}`)]),
  ];
  return lines;
}

const where = ({ file, line }: Place): string => escapeLine(`${file}:${line}`);

/** The line as it is written, with a mark below what it says. */
function source(place: Place, lineOf: LineOf, severity: Severity, style: LintStyle): string[] {
  const text = lineOf(place)?.replaceAll("\t", "    ");
  if (text === undefined || text.trim() === "") return [];
  const shown = escapeLine(text).slice(0, Math.max(20, style.charsMax - 12));
  const from = shown.length - shown.trimStart().length;
  const said = shown.trim().replace(/\s+#.*$/, "");
  const number = String(place.line).padStart(5);
  return [
    `  ${number} | ${shown.trimEnd()}`,
    `  ${" ".repeat(5)} | ${" ".repeat(from)}${paint("^".repeat(Math.max(1, said.length)), shades[severity], style)}`,
  ];
}

/** Words in lines of the width, with an indent. */
function wrap(text: string, { charsMax }: LintStyle, indent: number): string[] {
  const [lines, room] = [[] as string[], Math.max(40, charsMax - indent)];
  for (const word of escapeLine(text).split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 1 <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, i) => `${" ".repeat(i === 0 ? indent : indent + 2)}${line}`);
}

/** Markdown for a page, as one line for a terminal. */
const plain = (markdown: string): string =>
  markdown
    .replace(/```[a-z]*\n|```/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();

const paint = (text: string, shade: number, { colour }: LintStyle): string => (colour ? `\x1b[38;5;${shade}m${text}\x1b[0m` : text);

function summary({ tools, findings, unknown, links }: LintResult, shown: readonly OrderedFinding[]): string {
  const counts = countFindings(findings);
  const found = [plural(counts.error, "error", "errors"), plural(counts.warning, "warning", "warnings"), plural(counts.info, "note", "notes")].join(", ");
  const hidden = findings.length - shown.length;
  const looked = tools.map(({ tool, files, rules, version }) => {
    const judged = version === null ? "" : `, judged as ${version.version}${version.from === "assumed" ? ` (assumed: --${tool}-version says which)` : ""}`;
    return `${tool}: ${plural(files.length, "file", "files")}, ${plural(rules, "rule", "rules")}${judged}`;
  });
  const notes = [
    ...looked,
    ...(links > 0 ? [`${plural(links, "link", "links")} between files`] : []),
    ...(unknown.length > 0 ? [`${plural(unknown.length, "file", "files")} of no tool`] : []),
    ...(hidden > 0 ? [`${hidden} not shown (--severity)`] : []),
  ];
  return escapeLine(`${findings.length === 0 ? "nothing found" : found}; ${notes.join("; ")}`);
}

/** Findings of at least this weight. */
export function atLeast(findings: readonly OrderedFinding[], least: Severity): OrderedFinding[] {
  const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };
  return findings.filter((each) => rank[weightOf(each)] <= rank[least]);
}
