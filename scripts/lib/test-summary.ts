/**
 * What a run of all tests says at its end. Pure: results in, lines out.
 */
import type { RingResult } from "./run-ring.ts";

/** One part of a run and what it may take. */
export interface Part {
  readonly name: string;
  readonly budgetSeconds: number;
  readonly result: RingResult;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const skippedIn = ({ result }: Part): number => sum(Object.values(result.skipped));

/** Where the time went: a line per part, then their total. `share` is of the total budget. */
export function table(parts: readonly Part[], totalBudgetSeconds: number): string {
  const line = (name: string, seconds: number, budget: number, counts: readonly number[]): string[] => {
    const share = `${Math.round((100 * seconds) / totalBudgetSeconds)} %`;
    return [name, seconds.toFixed(1), String(budget), share, ...counts.map(String), seconds > budget ? "over its budget" : ""];
  };
  const counts = (part: Part): number[] => {
    const { passed, failed } = part.result;
    return [passed + failed + skippedIn(part), passed, failed, skippedIn(part)];
  };
  const all = parts.map(counts);
  const totals = [0, 1, 2, 3].map((i) => sum(all.map((row) => row[i] ?? 0)));
  const seconds = sum(parts.map(({ result }) => result.seconds));
  const rows = [
    ["ring", "seconds", "budget", "share", "tests", "pass", "fail", "skipped", ""],
    ...parts.map((part, i) => line(part.name, part.result.seconds, part.budgetSeconds, all[i] ?? [])),
    line("total", seconds, totalBudgetSeconds, totals),
  ];
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Why tests were skipped, with their number, most frequent first. */
export function skipReasons(parts: readonly Part[]): string[] {
  const reasons = new Map<string, number>();
  for (const { result } of parts) {
    for (const [reason, count] of Object.entries(result.skipped)) reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  return [...reasons].toSorted((a, b) => b[1] - a[1]).map(([reason, count]) => `SKIPPED ${count}: ${reason}`);
}

/** The last line of the run, and whether the run is good. With `noSkips` a skipped test counts as failed. */
export function lastLine(parts: readonly Part[], noSkips: boolean): { readonly text: string; readonly ok: boolean } {
  const passed = sum(parts.map(({ result }) => result.passed));
  const skipped = sum(parts.map(skippedIn));
  const failed = sum(parts.map(({ result }) => result.failed)) + (noSkips ? skipped : 0);
  const rest = skipped > 0 && !noSkips ? `, ${skipped} skipped` : "";
  return { text: `${passed} passed, ${failed} failed${rest}`, ok: failed === 0 && passed > 0 };
}
