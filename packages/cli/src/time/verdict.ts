/**
 * Whether keep-alive works, and what breaks it, out of what was seen. Pure: the run in, a verdict out. It claims no more than the traces
 * show: where it can not be told who ended a connection, it says so.
 */
import { formatDuration, plural } from "../amounts.ts";
import { type Finding, type FindingCode, finding, findingDocs } from "./findings.ts";
import { type AnsweredExchange, connectionsOf, isAnswered, type SeenConnection, type TimedRun } from "./run.ts";

export interface Verdict {
  /** Null: the run does not tell. */
  readonly works: boolean | null;
  /** One sentence. */
  readonly words: string;
  readonly findings: readonly Finding[];
}

/** A close so soon after an answer belongs to the answer; a later one to the silence. Generous, because it is seen through two schedulers. */
const atOnceMsMin = 250;
const atOnceMsMax = 500;
const atOnce = (pauseMs: number): number => Math.min(Math.max(pauseMs / 4, atOnceMsMin), atOnceMsMax);

export function judge(run: TimedRun): Verdict {
  const answered = run.exchanges.filter(isAnswered);
  const connections = connectionsOf(run);
  const findings = [...endings(run, connections), ...lostOnReuse(run, answered), ...notes(run, answered, connections)];
  findings.push(...unexplained(run, connections, findings));
  const order = Object.keys(findingDocs) as FindingCode[];
  findings.sort((a, b) => order.indexOf(a.code) - order.indexOf(b.code));
  return { ...conclude(run, answered, findings), findings };
}

function conclude(run: TimedRun, answered: readonly AnsweredExchange[], findings: readonly Finding[]): Pick<Verdict, "works" | "words"> {
  const cause = findings.find(({ severity }) => severity === "broken");
  if (cause !== undefined) return { works: false, words: `keep-alive is broken by ${culprit(cause.code, answered)}: ${cause.evidence}` };
  const reused = answered.filter(({ result }) => result.trace.reused).length;
  const limit = findings.find(({ severity }) => severity === "limit");
  if (limit !== undefined) return { works: true, words: `keep-alive works, within what the server announces: ${limit.evidence}` };
  if (reused === 0)
    return {
      works: null,
      words: `it can not be told: ${plural(answered.length, "request was", "requests were")} answered, none after another on the same way`,
    };
  const share = `${reused} of ${plural(run.exchanges.length, "request", "requests")} reused a connection`;
  return { works: true, words: `keep-alive works: ${share}` };
}

/** Who it was, as far as the answers say. The end of a connection is the act of the nearest hop: the proxy, if there is one. */
function culprit(code: FindingCode, answered: readonly AnsweredExchange[]): string {
  if (code === "unexplained") return "somebody on the way, and it can not be told who";
  const headers = answered.at(-1)?.result.headers ?? {};
  if (headers["via"] !== undefined) return `the proxy in between (Via: ${headers["via"]})`;
  return headers["server"] === undefined ? "the server" : `the server (Server: ${headers["server"]})`;
}

/** Connections that ended for a reason that was seen, by that reason. */
function endings(run: TimedRun, connections: readonly SeenConnection[]): Finding[] {
  const byCause = new Map<FindingCode, SeenConnection[]>();
  for (const connection of connections) {
    const code = causeOf(connection, run.pauseMs);
    if (code !== null) byCause.set(code, [...(byCause.get(code) ?? []), connection]);
  }
  // "Every answer" is only what all of them said; else it is an end after so many, now and then after one.
  const closing = byCause.get("says_close") ?? [];
  if (closing.length > 0 && closing.length < connections.length) {
    byCause.delete("says_close");
    byCause.set("closed_after_requests", [...closing, ...(byCause.get("closed_after_requests") ?? [])]);
  }
  return [...byCause].map(([code, ended]) => finding(code, evidenceOf(code, ended, connections, run)));
}

function causeOf({ exchanges, end, silentMs }: SeenConnection, pauseMs: number): FindingCode | null {
  const last = exchanges.at(-1)?.result;
  switch (end) {
    case "connection_close": {
      if (last === undefined || !saysClose(last.headers)) return "http_1_0";
      return exchanges.length === 1 ? "says_close" : "closed_after_requests";
    }
    case "goaway":
      return "goaway";
    case "server_closed":
    case "server_reset":
    case "network_lost":
      return (silentMs ?? 0) <= atOnce(pauseMs) ? "closed_unannounced" : "closed_in_silence";
    case "idle_limit":
      return announcedMs(last?.headers["keep-alive"]) === null ? null : "announced_idle";
    default:
      return null;
  }
}

/** That no request may follow: `Connection: close`, or none left by `Keep-Alive: max=0`. */
function saysClose({ connection = "", "keep-alive": hint = "" }: Readonly<Record<string, string>>): boolean {
  const words = connection.toLowerCase().split(/\s*,\s*/);
  return words.includes("close") || /(?:^|[,\s])max\s*=\s*0\b/i.test(hint);
}

/** The hint of `Keep-Alive: timeout=5`, in ms. */
export function announcedMs(header: string | undefined): number | null {
  const seconds = /(?:^|[,\s])timeout\s*=\s*"?(\d{1,9})/i.exec(header ?? "")?.[1];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}

function evidenceOf(code: FindingCode, ended: readonly SeenConnection[], all: readonly SeenConnection[], run: TimedRun): string {
  const of = `${ended.length} of ${plural(all.length, "connection", "connections")}`;
  const after = requestsOf(ended);
  const how = ended.some(({ end }) => end === "server_reset") ? "reset" : "closed";
  switch (code) {
    case "says_close":
      return `it answers \`Connection: close\` to every request (${of})`;
    case "http_1_0":
      return `its answers end with the connection and do not say so: HTTP/1.0, or a body without a length (${of})`;
    case "closed_after_requests":
      return `it ends a connection after ${after}, and says so in the last answer (${of})`;
    case "goaway":
      return `it ended the session by GOAWAY after ${after} (${of})`;
    case "closed_in_silence":
      return `it ${how} a connection after ${silenceOf(ended)} of silence without saying so (${of})`;
    case "closed_unannounced":
      return `it ${how} a connection after ${after}, right after an answer that did not say so (${of})`;
    case "announced_idle": {
      const hint = announcedMs(ended[0]?.exchanges.at(-1)?.result.headers["keep-alive"]) ?? 0;
      return `it keeps an idle connection for ${formatDuration(hint)}, and the pause was ${formatDuration(run.pauseMs)} (${of})`;
    }
    default:
      return of;
  }
}

/** `3 requests`, `2 to 5 requests`. */
function requestsOf(connections: readonly SeenConnection[]): string {
  const counts = connections.map(({ exchanges }) => exchanges.length);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? plural(most, "request", "requests") : `${least} to ${plural(most, "request", "requests")}`;
}

function silenceOf(connections: readonly SeenConnection[]): string {
  const silences = connections.map(({ silentMs }) => silentMs ?? 0);
  const [least, most] = [Math.min(...silences), Math.max(...silences)].map(formatDuration);
  return least === most ? `${most}` : `${least} to ${most}`;
}

function lostOnReuse(run: TimedRun, answered: readonly AnsweredExchange[]): Finding[] {
  const again = answered.filter(({ result }) => result.trace.retries > 0).length;
  const lost = run.exchanges.filter(({ number, result }) => !result.ok && result.code === "connection_lost" && number > 1).length;
  if (again + lost === 0) return [];
  const parts = [
    ...(again > 0 ? [`${plural(again, "request was", "requests were")} sent again, because the connection was gone`] : []),
    ...(lost > 0 ? [`${plural(lost, "request was", "requests were")} lost with the connection`] : []),
  ];
  return [finding("lost_on_reuse", parts.join(", "))];
}

/** Connections beyond what so many requests at once need, when nothing else explains them. */
function unexplained(run: TimedRun, connections: readonly SeenConnection[], found: readonly Finding[]): Finding[] {
  const isMultiplexed = connections.some(({ exchanges }) => exchanges[0]?.result.trace.protocol === "h2");
  const needed = isMultiplexed ? 1 : run.concurrency;
  if (connections.length <= needed || found.some(({ severity }) => severity !== "note")) return [];
  return [finding("unexplained", `${connections.length} connections were opened where ${needed} would have done, and nothing says why`)];
}

function notes(run: TimedRun, answered: readonly AnsweredExchange[], connections: readonly SeenConnection[]): Finding[] {
  const found: Finding[] = [];
  const via = answered.at(-1)?.result.headers["via"];
  if (via !== undefined) found.push(finding("through_proxy", `Via: ${via}`));
  const secured = connections.flatMap(({ exchanges }) => exchanges[0]?.result.trace.tls ?? []);
  const whole = secured.slice(1).filter(({ resumed }) => !resumed).length;
  if (whole > 0 && run.concurrency === 1)
    found.push(finding("tls_not_resumed", `${whole} of ${plural(secured.length - 1, "further handshake", "further handshakes")}`));
  const errors = answered.filter(({ result }) => result.status >= 400);
  if (errors.length > 0)
    found.push(finding("statuses", [...new Set(errors.map(({ result }) => result.status))].map((status) => countOf(errors, status)).join(", ")));
  const failed = run.exchanges.filter(({ result }) => !result.ok);
  if (failed.length > 0) found.push(finding("unanswered", `${failed.length} of ${plural(run.exchanges.length, "request", "requests")}`));
  if (run.cutShort) found.push(finding("cut_short", `${plural(run.exchanges.length, "request was", "requests were")} sent`));
  return found;
}

const countOf = (errors: readonly AnsweredExchange[], status: number): string =>
  `${errors.filter(({ result }) => result.status === status).length} x ${status}`;
