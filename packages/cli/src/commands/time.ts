/**
 * `holdfast time`: sends requests to any HTTP server and shows where the time of each went, as a browser's network tab does, and whether the
 * connection is kept for the next one; if it is not, by whom it is ended.
 */
import { writeFileSync } from "node:fs";
import { Notices, standardOutput, stopSignal } from "../adapters/terminal.ts";
import { type Checked, type CommandSpec, good, isOn, textFlag } from "../args.ts";
import type { Command } from "../command.ts";
import { escapeLine } from "../escape.ts";
import type { Exit } from "../exit-codes.ts";
import { timeRequests } from "../time/adapters/runner.ts";
import { type Ask, askOf, concurrencyMax, http2Choices, maxDefault, requestsDefault, requestsMax } from "../time/ask.ts";
import { drawHtml } from "../time/html.ts";
import { report } from "../time/report.ts";
import type { TimedRun } from "../time/run.ts";
import { drawSvg } from "../time/svg.ts";
import { drawText } from "../time/text.ts";
import { judge, type Verdict } from "../time/verdict.ts";

const spec: CommandSpec = {
  name: "time",
  summary: "Show where the time of requests goes, and whether keep-alive works: phases, a waterfall, a verdict",
  operands: "URL",
  operandsMin: 1,
  operandsMax: 1,
  flags: {
    requests: { value: "N", short: "n", what: `Requests, one after the other (default: ${requestsDefault}; from 2 to ${requestsMax})` },
    concurrency: { value: "N", short: "c", what: `So many at a time instead (at most ${concurrencyMax})` },
    pause: { value: "TIME", what: "Silence before each request but the first, as 250ms, 6s or 2m: finds the edge of an idle timer (default: none)" },
    max: { value: "TIME", what: `The run ends after this, done or not (default: ${maxDefault})` },
    method: { value: "NAME", what: "The method (default: GET). No body is sent" },
    header: { value: "LINE", short: "H", multiple: true, what: 'A header, "Name: value"; may be given several times' },
    http2: { value: "CHOICE", what: `${http2Choices.join(", ")}: as the server chooses, HTTP/2 without asking, HTTP/1.1 (default: auto)` },
    ca: { value: "FILE", what: "Trust the certificates in FILE, PEM" },
    insecure: { what: "Trust any certificate" },
    json: { what: "The run as one JSON object" },
    svg: { value: "FILE", what: "Write the waterfall to FILE" },
    html: { value: "FILE", what: "Write a page with all of it to FILE" },
  },
  notes: [
    "Redirects are not followed. The pool keeps every connection for as long as the server allows: whatever ends one is somebody else.",
    "A verdict needs a second request on the same connection: `Connection: keep-alive` in an answer proves nothing.",
  ],
  examples: [
    "holdfast time https://example.com/",
    "holdfast time -n 3 --pause 70s --max 5m https://example.com/",
    "holdfast time --html waterfall.html https://example.com/",
  ],
};

interface Files {
  readonly svg: string | null;
  readonly html: string | null;
}

export const time: Command = {
  spec,
  prepare: (given): Checked<() => Promise<Exit>> => {
    const ask = askOf(given);
    if (!ask.ok) return ask;
    const files: Files = { svg: textFlag(given, "svg") ?? null, html: textFlag(given, "html") ?? null };
    return good(() => run(ask.value, isOn(given, "json"), files));
  },
};

async function run(ask: Ask, json: boolean, files: Files): Promise<Exit> {
  const [output, notices] = [standardOutput(), new Notices()];
  const stop = stopSignal();
  let timed: TimedRun;
  try {
    timed = await timeRequests(ask, AbortSignal.any([stop, output.gone]), (done) => notices.status(`${done} of ${ask.requests}`));
  } catch (thrown) {
    // Before the first request: a file that can not be read, or is not what it should be.
    notices.say(`holdfast time: ${escapeLine((thrown as Error).message)}`);
    return "failed";
  }
  notices.status("");
  const verdict = judge(timed);
  const text = json
    ? `${JSON.stringify(report(timed, verdict))}\n`
    : drawText(timed, verdict, { colour: output.isTerminal, charsMax: output.isTerminal ? process.stdout.columns || 80 : 160 });
  await output.write(text);
  const fault = writeFiles(files, timed, verdict);
  if (fault !== null) {
    notices.say(`holdfast time: ${escapeLine(fault)}`);
    return "failed";
  }
  return stop.aborted ? (stop.reason === "SIGTERM" ? "terminated" : "interrupted") : exitOf(timed, verdict);
}

/** What went wrong, or null. */
function writeFiles({ svg, html }: Files, timed: TimedRun, verdict: Verdict): string | null {
  try {
    if (svg !== null) writeFileSync(svg, drawSvg(timed, verdict));
    if (html !== null) writeFileSync(html, drawHtml(timed, verdict));
    return null;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

function exitOf({ exchanges }: TimedRun, { works }: Verdict): Exit {
  if (works !== null) return works ? "ok" : "keep_alive_broken";
  return exchanges.some(({ result }) => result.ok) ? "failed" : "unreachable";
}
