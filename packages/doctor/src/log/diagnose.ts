/**
 * What the tally of a log means: a finding for each kind of line, and one for each spike of durations. Pure.
 */
import { type Finding, findingMaker, findSpikes, formatDuration, logFindings, namedSuspects, suspectsOf } from "@holdfast/path";
import type { DurationOf } from "./event.ts";
import type { LogRow, LogTally } from "./tally.ts";

const logFinding = findingMaker(logFindings);

const closedEarlyMin = 5;
const placesShown = 3;

export function diagnoseLog({ rows }: LogTally): Finding[] {
  const ordered = [...rows].sort((a, b) => b.count - a.count);
  return ordered.flatMap((row) => [ofRow(row), ...spikesOf(row, "wait"), ...spikesOf(row, "life")]);
}

function ofRow(row: LogRow): Finding {
  const { code, product, count, first, last, examples, places } = row;
  const doc = logFindings[code];
  const times = first === null ? "" : first === last ? `, at ${first}` : `, from ${first} to ${last}`;
  const where = places.slice(0, placesShown).map(([place, each]) => `${place} (${each})`);
  return logFinding(code, {
    title: `${product}: ${doc.title} (${count === 1 ? "1 line" : `${count} lines`})`,
    // One or two may be a restart.
    ...(code === "log_upstream_closed_early" && count < closedEarlyMin ? { severity: "warning" as const } : {}),
    evidence: [
      `${count === 1 ? "1 line" : `${count} lines`}${times}`,
      ...(where.length === 0 ? [] : [`where: ${where.join(", ")}${places.length > placesShown ? `, and ${places.length - placesShown} others` : ""}`]),
      ...examples.map((line) => `line: ${line}`),
    ],
    advice: [doc.fix],
  });
}

const words: Readonly<Record<DurationOf, string>> = { wait: "after a wait of", life: "at an age of" };

function spikesOf(row: LogRow, of: DurationOf): Finding[] {
  const total = row.durations[of].reduce((sum, { count }) => sum + count, 0);
  return findSpikes(row.durations[of]).map(({ fromMs, toMs, middleMs, count, share }) => {
    const names = namedSuspects(suspectsOf({ of: of === "wait" ? "event-stream" : "websocket", atLeastMs: fromMs, atMostMs: toMs, toleranceMs: 250 }), 4);
    const at = Math.round(middleMs / 100) * 100;
    return logFinding("log_duration_spike", {
      title: `${row.product}: death ${words[of]} ${formatDuration(at)} in ${Math.round(share * 100)} % of ${total} lines${names === null ? "" : `: ${names}`}`,
      evidence: [
        `${count} between ${formatDuration(fromMs)} and ${formatDuration(toMs)} (${row.code})`,
        names === null
          ? "no hop of the database has such a timer by default: look for that figure in your own configuration"
          : `timers with that default: ${names}`,
      ],
      advice: [
        of === "wait"
          ? "the work behind must end before, or the deadline be raised for it"
          : `for streams a heartbeat every ${formatDuration(Math.max(1, Math.floor(fromMs / 2_200)) * 1_000)} or more often, or a longer timer`,
      ],
    });
  });
}
