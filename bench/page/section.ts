/**
 * A case's result as Markdown, and its place in the page: between `<!-- bench:NAME -->` and `<!-- /bench -->`.
 * What stands outside the markers is written by people and never touched. Pure: text in, text out.
 */
import type { MachineFacts } from "../lib/machine.ts";
import type { CaseResult, Table } from "../lib/result.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");

function drawTable({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(columns), `|${columns.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

/** When and where, in one line. */
export function factsLine(facts: MachineFacts): string {
  const { date, cores, processor, memoryGiB, kernel, node, load } = facts;
  return `Measured on ${date}: Node ${node.slice(1)}, ${cores} cores (${processor}), ${memoryGiB} GiB, ${kernel}, loopback; load average ${load} at the start.`;
}

/** The text between a case's markers. */
export function drawSection(result: CaseResult, facts: MachineFacts, command: string): string {
  const aims: Table = {
    columns: ["aim", "wanted", "measured", ""],
    rows: result.aims.map(({ what, aim, measured, met }) => [what, aim, measured, met ? "met" : "**missed**"]),
  };
  return [
    `${factsLine(facts)} Command: \`${command}\`.`,
    ...result.charts.map(({ name, title }) => `![${title}](performance-${name}.svg)`),
    ...result.tables.map(drawTable),
    ...(result.aims.length > 0 ? [drawTable(aims)] : []),
    ...result.notes,
  ].join("\n\n");
}

/** The page with a case's section replaced; null when it has no such markers. */
export function placeSection(page: string, name: string, text: string): string | null {
  const begin = `<!-- bench:${name} -->`;
  const end = "<!-- /bench -->";
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  if (from < 0 || to < 0) return null;
  return `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`;
}
