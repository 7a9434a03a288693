/**
 * HAProxy: its HTTP and TCP logs, whose two letters say who ended a session and in which state it was, and its warnings. A small letter
 * is a timer, a large one an act of that side: `c` and `C` the client, `s` and `S` the server.
 */
import { event, type LogCode, type LogEvent, type LogProduct } from "../event.ts";

/** Names have no slash, so a long path is looked through once: frontend backend/server timers status bytes cookies flags; the TCP log has neither status nor cookies. */
const session =
  / (?<where>[^\s/]+\/[^\s/]+) (?<timers>[-+\d]+(?:\/[-+\d]+){2,4}) (?:(?<status>\d{3}|-1) )?[+\d]+ (?:\S+ \S+ )?(?<flags>[CSPLRIDUKcs-][RQCHDLT-])[A-Z-]{0,2} \d+\//;

const flagCodes: Readonly<Record<string, LogCode>> = {
  cD: "log_stream_cut",
  sD: "log_stream_cut",
  sH: "log_upstream_timeout",
  sQ: "log_upstream_timeout",
  SH: "log_upstream_closed_early",
  SD: "log_stream_cut",
  SC: "log_upstream_unreachable",
  sC: "log_upstream_unreachable",
  cR: "log_client_slow",
  cH: "log_client_left",
  CR: "log_client_left",
  CH: "log_client_left",
  CD: "log_client_left",
  CC: "log_client_left",
  CQ: "log_client_left",
};

export const haproxyLog: LogProduct = {
  id: "haproxy",
  name: "HAProxy",
  hint: /\d\/[-+\d]+\/[+\d-]|missing timeouts|has no server available/,
  phrases: [
    { code: "log_no_timeouts", pattern: /missing timeouts for \w+ '(?<where>[^']+)'/ },
    { code: "log_upstream_unreachable", pattern: /backend '?(?<where>[^\s']+)'? has no server available/ },
  ],
  read: (line): LogEvent | null => {
    const groups = session.exec(line)?.groups;
    if (groups === undefined) return null;
    const { where = "", timers = "", flags = "", status } = groups;
    const code = where.endsWith("/<NOSRV>") && status === "503" ? "log_no_route" : flagCodes[flags];
    if (code === undefined) return null;
    // The last timer is the whole session; a plus says that it was logged before its end.
    const whole = timers.split("/").at(-1) ?? "";
    const ms = whole.startsWith("+") ? null : Number(whole);
    return event(code, where, ms !== null && ms >= 0 ? ms : null, code === "log_upstream_timeout" ? "wait" : "life");
  },
};
