/**
 * The line that says whether anything was lost: counts, and when they were last compared with the log.
 */
import { byId, setText } from "./dom.ts";
import { clockTime, counted, whole } from "./format.ts";
import { isClean, type Verdict } from "./ledger.ts";

export interface VerdictFacts {
  readonly received: number;
  readonly verdict: Verdict;
  /** Received and not compared yet. */
  readonly waiting: number;
  readonly comparedAtMs: number | null;
  readonly behind: number | null;
  readonly isSilent: boolean;
}

export function drawVerdict({ received, verdict, waiting, comparedAtMs, behind, isSilent }: VerdictFacts): void {
  const { lost, duplicated, reordered, unknown, gaps, compared } = verdict;
  setText(byId("received"), whole(received));
  for (const [id, count] of Object.entries({ lost, duplicated: duplicated + unknown, reordered, gaps })) {
    const cell = byId(id);
    setText(cell, whole(count));
    cell.dataset["bad"] = String(count > 0);
  }
  byId("verdict").dataset["verdict"] = comparedAtMs === null ? "none" : isClean(verdict) ? "clean" : "harmed";
  if (comparedAtMs !== null) {
    const found = `${whole(lost)} lost, ${whole(duplicated)} duplicated, ${whole(reordered)} reordered${unknown > 0 ? `, ${whole(unknown)} not in the log` : ""}`;
    setText(byId("verdict-text"), `${counted(compared, "entry", "entries")}, ${found}; compared with the log at ${clockTime(comparedAtMs)}.`);
  }
  const newer =
    waiting === 0
      ? "Nothing newer has come."
      : `${counted(waiting, "entry", "entries")} came since and ${waiting === 1 ? "waits" : "wait"} for the next comparison.`;
  const missing = behind !== null && behind > 8 ? ` ${counted(behind, "entry", "entries")} of the log ${behind === 1 ? "has" : "have"} not come yet.` : "";
  setText(byId("verdict-note"), isSilent ? "The log cannot be asked now." : `${newer}${missing}`);
}
