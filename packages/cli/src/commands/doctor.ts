/**
 * `holdfast doctor URL`: examines the way to a URL, shows what was measured, and whom to blame. `doctor host` and the like are commands of their own.
 */
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import {
  type Ask,
  type AskOptions,
  askOptionDocs,
  columnsDefault,
  compareWithPath,
  diagnose,
  differences,
  drawComparison,
  drawFacts,
  drawFindings,
  drawReport,
  examine,
  type Facts,
  outlook,
  type ProbeName,
  resolveAsk,
  wrap,
} from "@holdfast/doctor";
import { type DeclaredPath, formatDuration, parseDuration, planPath } from "@holdfast/path";
import { drawLadder, type MeasuredIdle } from "@holdfast/path/draw";
import { readPathFile } from "../adapters/path-file.ts";
import { Notices, standardOutput, stopSignal } from "../adapters/terminal.ts";
import { bad, type Checked, type CommandSpec, countFlag, type Given, good, isOn, textFlag } from "../args.ts";
import type { Command } from "../command.ts";
import { escapeJson, escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";
import { findingsExit } from "../findings-exit.ts";
import { tokenFlags, tokenSource } from "../token.ts";

const spec: CommandSpec = {
  name: "doctor",
  summary: "Measure the way to a URL: idle timers and who ends what, keep-alive, TLS, WebSocket, event streams; and what to change",
  operands: "URL",
  operandsMin: 1,
  operandsMax: 1,
  flags: {
    max: {
      value: "TIME",
      what: `The examination ends after this; a longer timer is reported as "at least" (default: ${askOptionDocs.maxMs.default / 1_000}s)`,
    },
    only: {
      value: "PROBE",
      multiple: true,
      what: `Only this; may be given several times. ${askOptionDocs.only.what.replace("Only these: ", "").replace(". Empty: all", "")}`,
    },
    except: { value: "PROBE", multiple: true, what: "Not this; may be given several times" },
    header: { value: "LINE", short: "H", multiple: true, what: 'A header for every request, "Name: value"; may be given several times' },
    ...tokenFlags,
    connections: { value: "N", what: `${askOptionDocs.connections.what} (default: ${askOptionDocs.connections.default})` },
    prefix: { value: "PATH", what: `${askOptionDocs.prefix.what} (default: ${askOptionDocs.prefix.default})` },
    ca: { value: "FILE", what: "Trust the certificates in FILE, PEM" },
    insecure: { what: askOptionDocs.insecure.what },
    path: { value: "FILE", what: "Hold what is measured against the path that FILE declares (`holdfast plan --example`)" },
    report: { value: "FILE", what: "Write all of it to FILE as one HTML page, with pictures" },
    strict: { what: "Warnings count as errors for the exit code" },
    json: { what: "Facts and findings as one JSON object" },
  },
  notes: [
    "It asks for the URL as a browser would, on connections of its own, and then mostly waits. With `holdfast doctor agent` where the application stands it sees both ends.",
  ],
  examples: ["holdfast doctor https://example.com/", "holdfast doctor --max 5m --only websocket wss://example.com/socket"],
};

interface Wanted {
  readonly ask: Ask;
  readonly caFile: string | null;
  readonly tokenFile: string | null;
  readonly path: DeclaredPath | null;
  readonly reportFile: string | null;
  readonly strict: boolean;
  readonly json: boolean;
}

export const doctor: Command = {
  spec,
  prepare: (given, variables): Checked<() => Promise<Exit>> => {
    const token = tokenSource(given, variables);
    if (!token.ok) return token;
    const options = optionsOf(given, token.value.kind === "text" ? token.value.token : "");
    if (!options.ok) return options;
    const path = pathOf(given);
    if (!path.ok) return path;
    const caFile = textFlag(given, "ca") ?? null;
    if (caFile !== null && isOn(given, "insecure")) return bad("--insecure and --ca do not go together");
    try {
      const ask = resolveAsk(given.operands[0] ?? "", options.value);
      const tokenFile = token.value.kind === "file" ? token.value.path : null;
      const reportFile = textFlag(given, "report") ?? null;
      return good(() => run({ ask, caFile, tokenFile, path: path.value, reportFile, strict: isOn(given, "strict"), json: isOn(given, "json") }));
    } catch (thrown) {
      return bad((thrown as Error).message.replace(/^E/, "e"));
    }
  },
};

function optionsOf(given: Given, token: string): Checked<Partial<AskOptions>> {
  const max = textFlag(given, "max");
  const maxMs = max === undefined ? askOptionDocs.maxMs.default : parseDuration(max);
  if (typeof maxMs !== "number") return bad(`expected --max to be a time such as 70s or 5m, got ${JSON.stringify(max)}`);
  const connections = countFlag(given, "connections", 1, Number.MAX_SAFE_INTEGER, askOptionDocs.connections.default);
  if (!connections.ok) return connections;
  const headers: [string, string][] = [];
  for (const text of words(given, "header")) {
    const [, name = "", value = ""] = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(text) ?? [];
    if (name === "") return bad(`expected --header to be "Name: value", got ${JSON.stringify(text)}`);
    headers.push([name, value]);
  }
  const [only, except] = [words(given, "only") as ProbeName[], words(given, "except") as ProbeName[]];
  const prefix = textFlag(given, "prefix") ?? askOptionDocs.prefix.default;
  return good({ maxMs, connections: connections.value, headers, only, except, prefix, token, insecure: isOn(given, "insecure") });
}

function words(given: Given, name: string): readonly string[] {
  const value = given.flags.get(name);
  return Array.isArray(value) ? (value as string[]) : [];
}

/** The declared path, null where none is named. */
function pathOf(given: Given): Checked<DeclaredPath | null> {
  const file = textFlag(given, "path");
  if (file === undefined) return good(null);
  return readPathFile(file);
}

async function run({ ask, caFile, tokenFile, path, reportFile, strict, json }: Wanted): Promise<Exit> {
  const [output, notices] = [standardOutput(), new Notices()];
  let read: Ask;
  try {
    const ca = caFile === null ? {} : { ca: readFileSync(caFile, "utf8") };
    const { url, ...rest } = ask;
    // A page that can not be written is said now and not after a minute.
    if (reportFile !== null) closeSync(openSync(reportFile, "a"));
    read = resolveAsk(url, { ...rest, ...ca, ...(tokenFile === null ? {} : { token: readFileSync(tokenFile, "utf8").trim() }) });
  } catch (thrown) {
    notices.say(`holdfast doctor: ${escapeLine((thrown as Error).message)}`);
    return "failed";
  }
  const stop = stopSignal();
  const signal = AbortSignal.any([stop, output.gone]);
  const facts = await examine(read, {
    signal,
    onProgress: ({ leftMs, what }) => notices.status(escapeLine(`${what}; at most ${formatDuration(Math.ceil(leftMs / 1_000) * 1_000)} to go`)),
  });
  notices.status("");
  const comparison = path === null ? null : compareWithPath(facts, path);
  const findings = [...diagnose(facts, path === null ? null : planPath(path)), ...differences(comparison ?? [])];
  const differing = comparison === null ? "" : `${drawComparison(comparison)}\n`;
  const cut = stop.aborted ? [`Interrupted after ${formatDuration(Math.round(facts.tookMs))}: this is what was known by then.`] : [];
  const last = [...cut, ...outlook(facts)].flatMap((line) => wrap("", line)).map((line) => `${line}\n`);
  const text = `${drawFacts(facts)}\n${differing}${drawFindings(findings, columnsDefault)}${last.join("")}`.split("\n").map(escapeLine).join("\n");
  await output.write(json ? `${escapeJson(JSON.stringify({ facts, findings, ...(comparison === null ? {} : { comparison }) }))}\n` : text);
  if (reportFile !== null) {
    const ladder = path === null ? null : drawLadder(planPath(path), measuredOf(facts));
    try {
      writeFileSync(reportFile, drawReport({ facts, startedAt: new Date(facts.startedWallMs).toUTCString(), findings, comparison, ladder }));
    } catch (thrown) {
      notices.say(`holdfast doctor: ${escapeLine((thrown as Error).message)}`);
      return "failed";
    }
  }
  if (stop.aborted) return stop.reason === "SIGTERM" ? "terminated" : "interrupted";
  return facts.tcp.known ? findingsExit(findings, strict) : "unreachable";
}

/** What the picture of the ladder shows of the facts. */
const measuredOf = ({ idle }: Facts): MeasuredIdle[] =>
  idle.filter(({ moving }) => moving === "nothing").map(({ of, atLeastMs, atMostMs }) => ({ hop: null, of, atLeastMs, atMostMs }));
