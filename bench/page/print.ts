/**
 * A case's result for a terminal. Pure: data in, text out.
 */
import type { CaseResult, Table } from "../lib/result.ts";

function drawTable({ columns, rows }: Table): string {
  const widths = columns.map((column, i) => Math.max(column.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join("   ")
      .trimEnd();
  return [line(columns), ...rows.map(line)].join("\n");
}

export function printResult(title: string, result: CaseResult): string {
  const aims = result.aims.map(({ what, aim, measured, met }) => `${met ? "met   " : "MISSED"}  ${what}: wanted ${aim}, measured ${measured}`);
  return [title, ...result.tables.map(drawTable), ...(aims.length > 0 ? [aims.join("\n")] : []), ...result.notes].join("\n\n");
}
