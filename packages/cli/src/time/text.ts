/**
 * A run as text for a terminal: one line a request as in a browser's network tab, the connections, medians and the verdict. Pure: colour and
 * width are given. Whatever a server said is escaped before it is shown.
 */
import { formatBytes, formatDuration, plural } from "../amounts.ts";
import { escapeLine } from "../escape.ts";
import { looks, piecesOf } from "./bars.ts";
import { mediansOf } from "./medians.ts";
import { connectionsOf, type Exchange, isAnswered, type PhaseName, phaseNames, phaseOf, type SeenConnection, type TimedRun, totalOf } from "./run.ts";
import type { Verdict } from "./verdict.ts";

export interface TextStyle {
  readonly colour: boolean;
  readonly charsMax: number;
}

const barCharsMin = 12;
const barCharsMax = 60;
const phaseWidth = 7;

/** Ms for a column: `0.42`, `17.3`, `204`. */
export function shortMs(ms: number | null): string {
  if (ms === null) return "-";
  return ms < 1 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : String(Math.round(ms));
}

/** The whole text, ending in a line break. */
export function drawText(run: TimedRun, verdict: Verdict, style: TextStyle): string {
  const blocks = [
    headline(run),
    [...table(run, style), "", legend(style)].join("\n"),
    connectionLines(connectionsOf(run)).join("\n"),
    medianLines(run).join("\n"),
    verdictLines(verdict, style).join("\n"),
  ];
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

function headline({ url, method, exchanges, concurrency, pauseMs }: TimedRun): string {
  const how = concurrency === 1 ? "one after the other" : `${concurrency} at a time`;
  const pause = pauseMs > 0 ? `, ${formatDuration(pauseMs)} of silence in between` : "";
  return escapeLine(`${method} ${url}: ${plural(exchanges.length, "request", "requests")}, ${how}${pause}`);
}

const ownColumns = "    #  conn";
const endColumns = `${"total".padStart(phaseWidth)}  status      bytes`;

function table(run: TimedRun, style: TextStyle): string[] {
  const head = `${ownColumns}${phaseNames.map((name) => looks[name].label.padStart(phaseWidth)).join("")}${endColumns}`;
  const room = Math.min(barCharsMax, style.charsMax - head.length - 2);
  const longestMs = Math.max(0, ...run.exchanges.filter(isAnswered).map(({ result }) => totalOf(result.trace.phases)));
  return [`${head}   ms`, ...run.exchanges.map((exchange) => line(exchange, longestMs, room, style))];
}

function line(exchange: Exchange, longestMs: number, room: number, style: TextStyle): string {
  const { number, result } = exchange;
  const own = String(number).padStart(5);
  if (!result.ok) return `${own}     -  ${escapeLine(`${result.code}: ${result.message}`).slice(0, Math.max(20, style.charsMax - 14))}`;
  const { phases, connection, reused } = result.trace;
  const setUp = reused ? "reused, 0 ms".padStart(3 * phaseWidth) : cells(phases, ["dns", "tcp", "tls"]);
  const text = [
    `${own}${String(connection).padStart(6)}`,
    cells(phases, ["queue"]),
    setUp,
    cells(phases, ["wait", "body"]),
    shortMs(totalOf(phases)).padStart(phaseWidth),
    String(result.status).padStart(8),
    formatBytes(result.bytes).padStart(11),
    ...(result.trace.retries > 0 ? ["  sent again"] : []),
  ].join("");
  // A request that was sent again says so in the place of its bar.
  return room < barCharsMin || result.trace.retries > 0 ? text : `${text}  ${bar(exchange, longestMs, room, style)}`.trimEnd();
}

const cells = (phases: Parameters<typeof phaseOf>[0], names: readonly PhaseName[]): string =>
  names.map((name) => shortMs(phaseOf(phases, name)).padStart(phaseWidth)).join("");

function bar({ result }: Exchange, longestMs: number, room: number, { colour }: TextStyle): string {
  if (!result.ok) return "";
  return piecesOf(result.trace.phases, longestMs, room)
    .map(({ phase, chars }) => (colour ? coloured("█".repeat(chars), looks[phase].colour) : looks[phase].char.repeat(chars)))
    .join("");
}

const coloured = (text: string, colour: number): string => `\x1b[38;5;${colour}m${text}\x1b[0m`;

function legend({ colour }: TextStyle): string {
  const signs = phaseNames.map((name) => `${colour ? coloured("█", looks[name].colour) : looks[name].char} ${looks[name].label}`);
  return `       ${signs.join("  ")}`;
}

function connectionLines(connections: readonly SeenConnection[]): string[] {
  return connections.slice(0, connectionsShownMax).map(connectionLine).concat(more(connections.length));
}

/** Twenty connections of one request each say the same thing twenty times. */
const connectionsShownMax = 8;
/** Less belongs to the way that the end has to come. */
const silenceShownMsMin = 250;
const more = (count: number): string[] => (count > connectionsShownMax ? [`connection ...: ${count - connectionsShownMax} more`] : []);

function connectionLine({ number, exchanges, end, silentMs }: SeenConnection): string {
  const trace = exchanges[0]?.result.trace;
  const tls = trace?.tls ?? null;
  const parts = [
    trace?.peer ?? "",
    trace?.protocol ?? "",
    ...(tls === null ? [] : [`${tls.version}${tls.resumed ? " resumed" : ""}`]),
    plural(exchanges.length, "request", "requests"),
    end === null
      ? "open at the end"
      : `ended: ${end}${silentMs !== null && silentMs >= silenceShownMsMin ? ` after ${formatDuration(silentMs)} of silence` : ""}`,
  ];
  return escapeLine(`connection ${number}: ${parts.join(", ")}`);
}

function medianLines(run: TimedRun): string[] {
  const kinds = [
    ["first on its connection", mediansOf(run, false)],
    ["reused", mediansOf(run, true)],
  ] as const;
  const rows = kinds.flatMap(([label, medians]) =>
    medians === null
      ? []
      : [
          `${`median of ${medians.requests}, ${label}`.padEnd(38)}${phaseNames.map((name) => shortMs(medians.phases[name]).padStart(phaseWidth)).join("")}${shortMs(medians.totalMs).padStart(phaseWidth)}`,
        ],
  );
  if (rows.length === 0) return [];
  const head = `${"".padEnd(38)}${phaseNames.map((name) => looks[name].label.padStart(phaseWidth)).join("")}${"total".padStart(phaseWidth)}   ms`;
  const [first, reused] = [kinds[0][1], kinds[1][1]];
  const gain =
    first === null || reused === null || reused.totalMs <= 0 ? [] : [`a reused connection is ${(first.totalMs / reused.totalMs).toFixed(1)} times as fast`];
  return [head, ...rows, ...gain];
}

function verdictLines({ works, words, findings }: Verdict, { colour }: TextStyle): string[] {
  const shade = works === null ? 244 : works ? 35 : 160;
  const text = escapeLine(words);
  const lines = findings.map(({ code, severity, evidence, remedy }) => `  ${code} (${severity}): ${escapeLine(evidence)}\n      ${remedy}`);
  return [colour ? coloured(text, shade) : text, ...lines];
}
