/** What reading a log ends in: a row for each kind of line, and the findings. Pure. */
import type { Finding } from "@holdfast/path";
import { drawFindings } from "../render/findings.ts";
import { diagnoseLog } from "./diagnose.ts";
import type { LogTally } from "./tally.ts";

export interface LogReport {
  readonly tally: LogTally;
  readonly findings: readonly Finding[];
}

export function reportLog(tally: LogTally): LogReport {
  return { tally, findings: diagnoseLog(tally) };
}

export function drawLog({ tally, findings }: LogReport): string {
  const { lines, known, cut } = tally;
  const long = cut === 0 ? "" : `; ${cut} were longer than is looked at`;
  return `${lines} ${lines === 1 ? "line" : "lines"} read, ${known} of them known${long}.\n\n${drawFindings(findings)}`;
}
