/**
 * The shares of budgets as a table, or as lines that are the same from one look to the next. Pure.
 */
import type { BudgetView, ShareView } from "@holdfast/pool/budget";
import { shortTime } from "../connections/table.ts";
import { escapeLine } from "../escape.ts";

interface Column {
  readonly title: string;
  readonly number?: true;
  readonly cell: (row: ShareView) => string;
}

const columns: readonly Column[] = [
  { title: "replica", cell: ({ replica }) => replica },
  { title: "label", cell: ({ label }) => label },
  { title: "state", cell: ({ state }) => state },
  { title: "share", number: true, cell: ({ granted, ceiling }) => (ceiling < granted ? `${granted}>${ceiling}` : String(granted)) },
  { title: "fair", number: true, cell: ({ target }) => String(target) },
  { title: "used", number: true, cell: ({ used }) => String(used) },
  { title: "waiting", number: true, cell: ({ waiting }) => String(waiting) },
  { title: "p95 wait", number: true, cell: ({ waitP95Ms }) => `${waitP95Ms}ms` },
  { title: "age", number: true, cell: ({ ageMs }) => shortTime(ageMs) },
  { title: "renewed", number: true, cell: ({ renewedMs }) => shortTime(renewedMs) },
  { title: "lapses", number: true, cell: ({ lapses }) => (lapses === 0 ? "" : String(lapses)) },
];

/** One budget after the other: what there is, who has it, and what is wrong. No line is wider than `charsMax`. */
export function sharesTable(views: readonly BudgetView[], charsMax = Number.POSITIVE_INFINITY): string {
  if (views.length === 0) return "no budget has a ledger in this database yet\n";
  return views
    .flatMap((view) => [summary(view), ...drawn(view.replicas), ...view.warnings.map((warning) => `! ${warning}`)])
    .map((line) => `${cut(escapeLine(line), charsMax)}\n`)
    .join("");
}

function summary({ budget, shares, granted, door, reserve, strangers, replicas }: BudgetView): string {
  const others = strangers === null ? "" : `, others have ${strangers}`;
  const bar = "#".repeat(Math.min(40, granted)) + ".".repeat(Math.max(0, Math.min(40, shares) - Math.min(40, granted)));
  return `${budget}: ${granted} of ${shares} leased to ${replicas.length} replicas [${bar}]; door ${door}, reserve ${reserve}${others}`;
}

function drawn(rows: readonly ShareView[]): string[] {
  if (rows.length === 0) return [];
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const lines = [columns.map(({ title }) => title), ...cells];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  const used = columns.map((_, column) => cells.some((line) => line[column] !== ""));
  const aligned = (cell: string, column: number): string => {
    const width = widths[column] as number;
    return columns[column]?.number === true ? cell.padStart(width) : cell.padEnd(width);
  };
  return lines.map((line) =>
    line
      .map(aligned)
      .filter((_, column) => used[column])
      .join("  ")
      .trimEnd(),
  );
}

const cut = (line: string, charsMax: number): string => (line.length <= charsMax ? line : `${line.slice(0, Math.max(0, charsMax - 1))}>`);
