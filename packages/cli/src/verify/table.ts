/**
 * A result for people: a table per transport, what was found, what is worth knowing, and one line that says it all. Pure.
 */
import { formatDuration, groupDigits, plural } from "../amounts.ts";
import { codeText } from "../code-text.ts";
import { escapeLine } from "../escape.ts";
import { type LogFault, logFaults, type ReadingFault, readingFaults } from "./judge.ts";
import { titleOf } from "./kinds.ts";
import type { FaultRow, TransportResult, VerifyResult } from "./result.ts";
import type { Spread } from "./tally.ts";

const titles = ["", "times", "noticed ms", "recovered ms", "lost", "dup", "reordered"];
/** Findings that are shown; `--json` has more. */
const shownMax = 10;

/** Everything, with a line end at the end. */
export function resultText(result: VerifyResult): string {
  return [...result.transports.map(transportText), verdictLine(result), ""].join("\n");
}

function transportText(result: TransportResult): string {
  const { transport, verdict, reason } = result;
  if (verdict === "absent") return `${transport}: the server does not offer it (${escapeLine(reason)})\n`;
  if (verdict === "refused" || verdict === "unreachable")
    return [`${transport}: ${verdict === "refused" ? "" : "no link: "}${escapeLine(reason)}`, ...noteLines(result), ""].join("\n");
  const lines = [
    `${transport}: ${plural(result.sent, "entry", "entries")} published, ${groupDigits(result.acknowledged)} acknowledged, ${groupDigits(result.inLog)} in the log, ${groupDigits(result.delivered)} delivered in ${formatDuration(result.elapsedMs)}${result.interrupted ? ", interrupted" : ""}`,
    ...faultTable(result.faults),
    ...logLines(result),
    ...result.findings
      .slice(0, shownMax)
      .map(
        (finding) =>
          `  ${finding.fault}: ${escapeLine(`${finding.stream}: ${finding.reader === null ? "" : `${finding.reader} `}${finding.what}`)}${finding.during === null ? "" : `, ${duringText(finding.during)}`}`,
      ),
    ...(total(result) > shownMax ? [`  ... ${groupDigits(total(result))} in all; --json lists the first 100`] : []),
    ...(result.verdict === "unverified" ? [`  not verified: ${escapeLine(reason)}`] : []),
    ...result.ends.map(
      (end) =>
        `  ended unasked, ${plural(end.times, "time", "times")}: ${escapeLine(codeText(end.code, end.reason))} (age ${range(end.ageMs)}, idle ${range(end.idleMs)})`,
    ),
    ...noteLines(result),
  ];
  return `${lines.join("\n")}\n`;
}

const noteLines = ({ notes }: TransportResult): string[] => notes.map((note) => `  note: ${escapeLine(note)}`);

const duringText = (during: NonNullable<TransportResult["findings"][number]["during"]>): string =>
  during === "undisturbed" ? "before its link was first broken" : `after "${titleOf(during)}"`;

const range = ({ min, max }: { readonly min: number; readonly max: number }): string =>
  min === max ? formatDuration(min) : `${formatDuration(min)} to ${formatDuration(max)}`;

/** Faults that happened; those that did not are told below, with why. */
function faultTable(rows: readonly FaultRow[]): string[] {
  const isShown = (row: FaultRow): boolean => row.times > 0 || row.lost + row.duplicated + row.reordered > 0;
  const cells = rows
    .filter(isShown)
    .map((row) => [
      titleOf(row.kind),
      row.kind === "undisturbed" ? "" : groupDigits(row.times),
      spread(row.noticedMs),
      spread(row.recoveredMs),
      ...[row.lost, row.duplicated, row.reordered].map(groupDigits),
    ]);
  const lines = [titles, ...cells];
  const widths = titles.map((_, column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  const drawn = lines.map(
    (line) => `  ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number))).join("  ")}`,
  );
  const notDone = rows.filter((row) => row.notDone !== null).map((row) => `  not done: ${titleOf(row.kind)}: ${row.notDone}`);
  return [...drawn, ...notDone];
}

/** Median and greatest. */
const spread = (times: Spread | null): string => (times === null ? "-" : `${groupDigits(times.p50)} / ${groupDigits(times.max)}`);

const words: Readonly<Record<ReadingFault | LogFault, string>> = {
  lost: "lost",
  duplicated: "duplicated",
  reordered: "reordered",
  phantom: "delivered and not in the log",
  changed: "changed on the way",
  missing: "acknowledged and not in the log",
  doubled: "twice in the log",
  disordered: "out of order in the log",
  foreign: "in the log and not published",
};

function logLines({ totals, gaps, failed, repaired, verdict }: TransportResult): string[] {
  const found = [...readingFaults, ...logFaults].filter((fault) => totals[fault] > 0).map((fault) => `${groupDigits(totals[fault])} ${words[fault]}`);
  const refused = Object.entries(failed).map(([code, times]) => `${groupDigits(times)} ${code}`);
  // What was not compared, or not whole, is not praised.
  const nothingFound = verdict === "clean" ? "every reader was given every entry, once and in order" : "nothing wrong in what was compared";
  const put = repaired.holes + repaired.duplicates;
  return [
    `  log: ${found.length > 0 ? found.join(", ") : nothingFound}${gaps > 0 ? `; ${plural(gaps, "gap was", "gaps were")} told` : ""}`,
    ...(refused.length > 0 ? [`  publishes without success: ${refused.join(", ")}`] : []),
    ...(put > 0
      ? [
          `  the clients put right ${plural(repaired.holes, "hole", "holes")} and ignored ${plural(repaired.duplicates, "duplicate", "duplicates")} by themselves`,
        ]
      : []),
  ];
}

const total = ({ totals }: TransportResult): number => Object.values(totals).reduce((sum, count) => sum + count, 0);

/** The last line. */
export function verdictLine(result: VerifyResult): string {
  const compared = result.transports.filter(({ verdict }) => verdict === "clean" || verdict === "damaged");
  const over = compared.map(({ transport }) => transport).join(", ");
  const delivered = compared.reduce((sum, each) => sum + each.delivered, 0);
  const times = compared.reduce((sum, each) => sum + each.faults.reduce((all, row) => all + row.times, 0), 0);
  const early = result.interrupted ? "interrupted: " : "";
  switch (result.verdict) {
    case "clean":
      return `${early}CLEAN: nothing lost, duplicated or reordered over ${over}: ${plural(delivered, "delivery", "deliveries")}, ${plural(times, "fault", "faults")} (seed ${result.seed})`;
    case "damaged":
      return `${early}DAMAGED: ${plural(
        compared.reduce((sum, each) => sum + total(each), 0),
        "finding",
        "findings",
      )} over ${compared
        .filter(({ verdict }) => verdict === "damaged")
        .map(({ transport }) => transport)
        .join(", ")} (seed ${result.seed})`;
    case "unverified":
      return `${early}UNVERIFIED: see above what could not be shown`;
    case "refused":
      return `${early}REFUSED: nothing can be said of losses; a run needs to read, publish to and end verify/**`;
    case "unreachable":
      return `${early}UNREACHABLE: no transport got through to ${escapeLine(result.url)}`;
    default:
      return result.verdict satisfies never;
  }
}
