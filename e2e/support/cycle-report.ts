/**
 * What a run of kill cycles must show, and how it is told.
 */
import type { CycleReport } from "./cycles.ts";
import { quantile } from "./processes.ts";

/** Back serving within this time, from the start of the process to its first answer; the median, because one start may meet a busy machine. */
const startMsMax = 2_000;

export interface LeastResumes {
  readonly tail: number;
  readonly page: number;
  readonly gap: number;
  readonly midFrame: number;
}

/** Everything that is wrong with a run; empty when it passed. A run that did not see enough of each kind of resume proves nothing. */
export function judgeReport(report: CycleReport, least: LeastResumes): string[] {
  const wrong: string[] = [];
  const { verdict } = report;
  for (const kind of ["lost", "duplicated", "reordered", "phantom", "changed", "errors"] as const) {
    if (verdict[kind].length > 0) wrong.push(`${kind}: ${verdict[kind].length}, first ${verdict[kind][0]}`);
  }
  if (report.missing.length > 0) wrong.push(`acknowledged and not in the log: ${report.missing.length}, first ${report.missing[0]}`);
  if (report.doubled.length > 0) wrong.push(`twice in the log: ${report.doubled.length}, first ${report.doubled[0]}`);
  if (report.publishFailures.length > 0) wrong.push(`publishes failed: ${report.publishFailures.length}, first ${report.publishFailures[0]}`);
  if (report.acknowledged !== report.sent) wrong.push(`${report.sent} sent, ${report.acknowledged} acknowledged`);
  for (const kind of ["tail", "page", "gap", "midFrame"] as const) {
    if (report.resumes[kind] < least[kind]) wrong.push(`only ${report.resumes[kind]} resumes from ${kind}, expected at least ${least[kind]}`);
  }
  const startMs = median(report.startMs);
  if (startMs > startMsMax) wrong.push(`the median start took ${startMs.toFixed(0)} ms, expected at most ${startMsMax}`);
  return wrong;
}

function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** The run in a few lines. */
export function summary(report: CycleReport): string[] {
  const { verdict, resumes, startMs } = report;
  return [
    `published ${report.sent}, acknowledged ${report.acknowledged}, delivered ${verdict.delivered}`,
    `lost ${verdict.lost.length}, duplicated ${verdict.duplicated.length}, reordered ${verdict.reordered.length}, phantom ${verdict.phantom.length}, announced gaps ${verdict.gaps}`,
    `duplicates on the wire, ignored by the clients: ${report.duplicatesOnTheWire}; links ${report.reconnects}`,
    `resumes from tail ${resumes.tail}, from page ${resumes.page}, from a gap ${resumes.gap}, cut in mid-frame ${resumes.midFrame}`,
    `back serving after ${median(startMs).toFixed(0)} ms (median), ${Math.max(...startMs).toFixed(0)} ms (longest)`,
  ];
}
