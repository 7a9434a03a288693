/**
 * A result as JUnit's XML: a suite per transport, a case per kind of fault, and one for the comparison with the log. Pure.
 * Nothing that came from elsewhere may break the file: what XML cannot hold is replaced.
 */
import { logFaults, readingFaults } from "./judge.ts";
import { titleOf } from "./kinds.ts";
import type { FaultRow, TransportResult, VerifyResult } from "./result.ts";

/** One case: its outcome is at most one of the two. */
interface Case {
  readonly name: string;
  readonly failure: string | null;
  readonly skipped: string | null;
}

/** The file's content. */
export function junitXml(result: VerifyResult): string {
  const suites = result.transports.map((transport) => suite(result, transport));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="holdfast verify" time="${seconds(result.elapsedMs)}">\n${suites.join("")}</testsuites>\n`;
}

function suite(result: VerifyResult, transport: TransportResult): string {
  const cases = casesOf(transport);
  const failures = cases.filter(({ failure }) => failure !== null).length;
  const skipped = cases.filter(({ skipped: why }) => why !== null).length;
  const name = `holdfast verify ${transport.transport}`;
  const head = `name="${xml(name)}" tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}" time="${seconds(transport.elapsedMs)}"`;
  const properties = { url: result.url, run: result.run, seed: String(result.seed) };
  return [
    `  <testsuite ${head}>\n    <properties>\n`,
    ...Object.entries(properties).map(([key, value]) => `      <property name="${key}" value="${xml(value)}"/>\n`),
    "    </properties>\n",
    ...cases.map((each) => caseText(each, name)),
    "  </testsuite>\n",
  ].join("");
}

function casesOf(transport: TransportResult): Case[] {
  switch (transport.verdict) {
    case "absent":
      return [{ name: "link", failure: null, skipped: `not offered: ${transport.reason}` }];
    case "unreachable":
      return [{ name: "link", failure: `no link: ${transport.reason}`, skipped: null }];
    case "refused":
      return [{ name: "link", failure: `refused: ${transport.reason}`, skipped: null }];
    case "clean":
    case "damaged":
    case "unverified":
      return [...transport.faults.map((row) => faultCase(row, transport)), logCase(transport)];
    default:
      return transport.verdict satisfies never;
  }
}

function faultCase(row: FaultRow, { findings }: TransportResult): Case {
  const counts = readingFaults.filter((fault) => row[fault] > 0).map((fault) => `${row[fault]} ${fault}`);
  const listed = findings.filter(({ during }) => during === row.kind).map(({ stream, reader, what }) => `${stream}: ${reader} ${what}`);
  return {
    name: titleOf(row.kind),
    failure: counts.length === 0 ? null : [counts.join(", "), ...listed].join("\n"),
    skipped: counts.length === 0 ? row.notDone : null,
  };
}

function logCase({ totals, findings, verdict, reason }: TransportResult): Case {
  const counts = logFaults.filter((fault) => totals[fault] > 0).map((fault) => `${totals[fault]} ${fault}`);
  const listed = findings.filter(({ reader }) => reader === null).map(({ stream, what }) => `${stream}: ${what}`);
  const unread = verdict === "unverified" ? `not verified: ${reason}` : null;
  return { name: "comparison with the log", failure: counts.length === 0 ? unread : [counts.join(", "), ...listed].join("\n"), skipped: null };
}

function caseText({ name, failure, skipped }: Case, suiteName: string): string {
  const open = `    <testcase classname="${xml(suiteName)}" name="${xml(name)}"`;
  if (failure !== null) {
    const [first = "", ...rest] = failure.split("\n");
    return `${open}>\n      <failure message="${xml(first)}">${xml(rest.join("\n"))}</failure>\n    </testcase>\n`;
  }
  return skipped === null ? `${open}/>\n` : `${open}>\n      <skipped message="${xml(skipped)}"/>\n    </testcase>\n`;
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(3);

// XML 1.0 has no place for control characters and lone surrogates, not even escaped.
const impossible = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;" };

function xml(text: string): string {
  return text.replace(impossible, "\uFFFD").replace(/[&<>"\n\r\t]/g, (char) => entities[char] as string);
}
