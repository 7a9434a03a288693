/** AWS Application Load Balancer: its access logs. A target status of `-` beside a 502 is a connection that ended under a request. */
import { event, type LogEvent, type LogProduct } from "../event.ts";
import { msBetween } from "../times.ts";

/** type time elb client:port target:port request target response elb_status target_status ... */
const access =
  /^(?<type>https?|h2|grpcs|wss?) (?<time>\S+Z) \S+ \S+ (?<where>\S+) (?<t1>-?[\d.]+) (?<t2>-?[\d.]+) (?<t3>-?[\d.]+) (?<elb>\d{3}|-) (?<target>\d{3}|-) /;
/** The time at which the request came is the last time of the line. */
const created = / (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z) "/;

export const albLog: LogProduct = {
  id: "alb",
  name: "AWS ALB",
  hint: /^(?:https?|h2|grpcs|wss?) \d{4}-\d\d-\d\dT/,
  phrases: [],
  read: (line): LogEvent | null => {
    const groups = access.exec(line)?.groups;
    if (groups === undefined) return null;
    const { time = "", where = "", elb = "", target = "" } = groups;
    const target_ = where === "-" ? null : where;
    const from = created.exec(line)?.[1];
    const ms = from === undefined ? null : msBetween(from, time);
    if (elb === "502" && target === "-") return event("log_upstream_closed_early", target_, ms, "wait");
    if (elb === "504" && target === "-") return event("log_upstream_timeout", target_, ms, "wait");
    if (elb === "503") return event("log_upstream_unreachable", target_);
    if (elb === "460") return event("log_client_left", target_, ms, "life");
    // WebSockets are logged when they end, whoever ends them: the durations tell.
    return (groups["type"] === "ws" || groups["type"] === "wss") && elb === "101" ? event("log_client_left", target_, ms, "life") : null;
  },
};
