/**
 * From what happened to what is reported: reads the logs, has them compared, and counts by kind of fault.
 */
import { streamUrl } from "../url.ts";
import type { Crew } from "./crew.ts";
import { meaningOf, tallyEnds } from "./ends.ts";
import { type Finding, judgeStream, type LogFault, logFaults, type ReadingFault, readingFaults, type Sent } from "./judge.ts";
import { leastMs, type RowName, rowNames, type Timing, titleOf } from "./kinds.ts";
import { readLog } from "./log.ts";
import type { VerifyParts } from "./parts.ts";
import type { FaultRow, TransportResult } from "./result.ts";
import { newKindTally, spreadOf, type Tallies } from "./tally.ts";
import type { Track } from "./track.ts";
import type { TransportName } from "./transports.ts";

/** Findings that are listed one by one. */
const findingsMax = 100;

export interface SummaryParts {
  readonly parts: VerifyParts;
  readonly transport: TransportName;
  readonly crew: Crew;
  readonly timing: Timing;
  readonly tallies: Tallies;
  readonly payloadBytesMax: number;
  readonly startMs: number;
  readonly isComplete: boolean;
  readonly unanswered: number;
  readonly notes: readonly string[];
}

type Totals = Record<ReadingFault | LogFault, number>;
const noTotals = (): Totals => Object.fromEntries([...readingFaults, ...logFaults].map((fault) => [fault, 0])) as Totals;

/** The result of a transport over which nothing can be shown: there was no link, or it was refused what it needs. */
export function absentResult(
  transport: TransportName,
  verdict: "absent" | "unreachable" | "refused",
  reason: string,
  parts: VerifyParts,
  notes: readonly string[] = [],
): TransportResult {
  return {
    ...{
      transport,
      verdict,
      reason,
      interrupted: parts.stop.aborted,
      elapsedMs: 0,
      heartbeatMs: null,
      streams: [],
      sent: 0,
      acknowledged: 0,
      unanswered: 0,
      failed: {},
    },
    ...{ inLog: 0, delivered: 0, gaps: 0, repaired: { holes: 0, duplicates: 0 }, faults: [], totals: noTotals(), findings: [], ends: [], notes },
  };
}

/** Compares and counts. */
export async function summarize(given: SummaryParts): Promise<TransportResult> {
  const { parts, transport, crew, timing, tallies, startMs } = given;
  const sents = crew.members.flatMap(({ publishing }) => publishing?.sent ?? []);
  const tracks = crew.readings.flatMap((reading) => reading.tracks);
  const compared = await compare(given, sents, tracks);
  const ends = tallyEnds(crew.members.flatMap(({ lane }) => lane.ends));
  const counters = crew.members.map(({ lane }) => lane.client.counters);
  const failed: Record<string, number> = {};
  for (const { code } of sents.flatMap((sent) => sent.failed)) failed[code] = (failed[code] ?? 0) + 1;
  const unanswered = `${given.unanswered} publishes had no answer though nothing was broken any more`;
  const reason = compared.unread ?? (given.unanswered > 0 && !parts.stop.aborted ? unanswered : "");
  const totals = noTotals();
  for (const { fault } of compared.findings) totals[fault]++;
  return {
    transport,
    verdict: compared.findings.length > 0 ? "damaged" : reason === "" ? "clean" : "unverified",
    reason,
    interrupted: parts.stop.aborted,
    elapsedMs: Math.round(parts.clock.monoMs() - startMs),
    heartbeatMs: timing.heartbeatMs,
    streams: [...crew.streams, crew.quietStream],
    sent: sents.reduce((sum, sent) => sum + sent.count, 0),
    acknowledged: sents.reduce((sum, sent) => sum + sent.acknowledged.size, 0),
    unanswered: given.unanswered,
    failed,
    inLog: compared.inLog,
    delivered: tracks.reduce((sum, track) => sum + track.positions.length, 0),
    gaps: tracks.reduce((sum, track) => sum + track.gaps.length, 0),
    repaired: {
      holes: counters.reduce((sum, counter) => sum + counter.holes + counter.audits, 0),
      duplicates: counters.reduce((sum, counter) => sum + counter.duplicates, 0),
    },
    faults: rowNames.map((row) => faultRow(row, tallies, compared.findings, timing, parts)),
    totals,
    findings: compared.findings.slice(0, findingsMax),
    ends,
    notes: [...given.notes, ...compared.notes, ...ends.flatMap((end) => meaningOf(end) ?? []), ...trouble(tallies), ...readErrors(tracks)],
  };
}

interface Compared {
  readonly findings: Finding[];
  readonly inLog: number;
  readonly notes: readonly string[];
  /** Why a log could not be read, or there was nothing in it; null when all were compared. */
  readonly unread: string | null;
}

async function compare(given: SummaryParts, sents: readonly Sent[], tracks: readonly Track[]): Promise<Compared> {
  const { parts, isComplete, payloadBytesMax } = given;
  const findings: Finding[] = [];
  const notes: string[] = [];
  let inLog = 0;
  for (const sent of sents) {
    const log = await readLog(streamUrl(parts.url, sent.stream), sent.stream, payloadBytesMax, parts.get);
    if (!log.ok) return { findings, inLog, notes, unread: `the log of ${sent.stream} cannot be read: ${log.message}` };
    inLog += log.value.entries.length;
    if (log.value.first !== "0") notes.push(`retention has removed the first entries of ${sent.stream}; they were compared with what the publishers were told`);
    findings.push(
      ...judgeStream(
        log.value,
        sent,
        tracks.filter(({ stream }) => stream === sent.stream),
        isComplete,
      ),
    );
  }
  return { findings, inLog, notes, unread: inLog === 0 ? "nothing was published, so nothing was compared" : null };
}

function faultRow(row: RowName, tallies: Tallies, findings: readonly Finding[], timing: Timing, parts: VerifyParts): FaultRow {
  const tally = (row === "undisturbed" ? undefined : tallies.get(row)) ?? newKindTally();
  const counts = Object.fromEntries(readingFaults.map((fault) => [fault, findings.filter((each) => each.fault === fault && each.during === row).length]));
  return {
    kind: row,
    times: tally.times,
    noticedMs: spreadOf(tally.noticedMs),
    recoveredMs: spreadOf(tally.recoveredMs),
    unnoticed: tally.unnoticed,
    unrecovered: tally.unrecovered,
    ...(counts as Record<ReadingFault, number>),
    notDone: row === "undisturbed" || tally.times > 0 ? null : whyNot(leastMs(row, timing), tally.begun, parts),
  };
}

function whyNot(needsMs: number, begun: number, parts: VerifyParts): string {
  if (parts.stop.aborted) return "the run was interrupted";
  if (begun > 0) return "nothing passed that could be broken";
  const needsSeconds = Math.ceil(needsMs / 1_000);
  const isTooShort = needsMs > parts.durationMs;
  return isTooShort
    ? `needs ${needsSeconds} s with this server's beat; give more --minutes`
    : `did not fit beside the others (${needsSeconds} s); give more --minutes`;
}

/** What the clients did not manage in time. It is no loss, but no honest table hides it. */
function trouble(tallies: Tallies): string[] {
  return [...tallies].flatMap(([kind, { unnoticed, unrecovered }]) => [
    ...(unnoticed > 0 ? [`${titleOf(kind)}: not noticed in time, ${unnoticed} of ${tallies.get(kind)?.times} times`] : []),
    ...(unrecovered > 0 ? [`${titleOf(kind)}: not overcome in time, ${unrecovered} of ${tallies.get(kind)?.times} times`] : []),
  ]);
}

function readErrors(tracks: readonly Track[]): string[] {
  return tracks.flatMap(({ reader, stream, error }) => (error === null ? [] : [`${reader} stopped reading ${stream}: ${error}`]));
}
