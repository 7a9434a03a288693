/** Envoy and Istio: access logs in their default formats, by response flags. */
import { event, type LogCode, type LogEvent, type LogProduct } from "../event.ts";

/** `"GET /x HTTP/1.1" 503 UC 0 95 1234 - ...`; Istio has details and reasons between the flags and the bytes. */
const access = /"[A-Z-]+ \S+ \S+" (?<status>\d{3}) (?<flags>[A-Z]+(?:,[A-Z]+)*) (?:\S+ \S+ "[^"]*" )?\d+ \d+ (?<ms>\d+) /;
const asJson = /"response_flags":\s*"(?<flags>[A-Z]+(?:,[A-Z]+)*)"/;
const jsonMs = /"duration":\s*"?(?<ms>\d+)/;
const jsonHost = /"upstream_host":\s*"(?<where>[^"]+)"/;

const flagCodes: Readonly<Record<string, LogCode>> = {
  UC: "log_upstream_closed_early",
  UR: "log_upstream_closed_early",
  UT: "log_upstream_timeout",
  UMSDR: "log_upstream_timeout",
  DT: "log_upstream_timeout",
  SI: "log_stream_cut",
  UF: "log_upstream_unreachable",
  UH: "log_upstream_unreachable",
  UO: "log_upstream_unreachable",
  NR: "log_no_route",
  NC: "log_no_route",
  DC: "log_client_left",
};

export const envoyLog: LogProduct = {
  id: "envoy",
  name: "Envoy",
  hint: / \d{3} (?:UC|UR|UT|UMSDR|DT|SI|UF|UH|UO|NR|NC|DC)[, ]|"response_flags"|upstream connect error|upstream request timeout/,
  phrases: [
    { code: "log_upstream_closed_early", pattern: /upstream connect error or disconnect\/reset before headers.*reset reason: connection termination/ },
    { code: "log_upstream_unreachable", pattern: /upstream connect error or disconnect\/reset before headers/ },
    { code: "log_upstream_timeout", pattern: /upstream request timeout/ },
  ],
  read: (line): LogEvent | null => {
    const groups = access.exec(line)?.groups ?? asJson.exec(line)?.groups;
    if (groups === undefined) return null;
    const code = (groups["flags"] ?? "").split(",").flatMap((flag) => flagCodes[flag] ?? [])[0];
    if (code === undefined) return null;
    const ms = groups["ms"] ?? jsonMs.exec(line)?.groups?.["ms"];
    // The upstream is the first address in quotes, after the user agent and the request's id.
    const where = jsonHost.exec(line)?.groups?.["where"] ?? /"(?<where>(?:\d+\.){3}\d+:\d+|\[[0-9a-f:]+\]:\d+)"/.exec(line)?.groups?.["where"] ?? null;
    return event(code, where, ms === undefined ? null : Number(ms), code === "log_upstream_timeout" ? "wait" : "life");
  },
};
