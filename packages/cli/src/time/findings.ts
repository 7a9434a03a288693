/**
 * Everything that `holdfast time` can find: one table, because its output, its exit code and its page must say the same word for the same thing.
 */

/** `broken`: connections are not reused as they could be. `limit`: they are, up to a point that was said. `note`: good to know. */
export type Severity = "broken" | "limit" | "note";

export interface FindingRow {
  readonly severity: Severity;
  readonly meaning: string;
  readonly remedy: string;
}

const row = (severity: Severity, meaning: string, remedy: string): FindingRow => ({ severity, meaning, remedy });

/** In the order in which they are told: what explains most comes first. */
export const findingDocs = {
  says_close: row(
    "broken",
    "Every answer says `Connection: close`: each request pays for a connection of its own",
    "Switch keep-alive on at whoever answers: nginx `keepalive_timeout`, Node `keepAliveTimeout` and no `Connection: close` set by the application",
  ),
  http_1_0: row(
    "broken",
    "The answers end with their connection and do not say so: HTTP/1.0, or a body that has neither a length nor chunks",
    "Look for an old hop in between, and for applications that write bodies by themselves",
  ),
  closed_after_requests: row(
    "broken",
    "The connection is ended after so many requests, and the last answer says so",
    "Raise the limit: nginx `keepalive_requests`, Node `maxRequestsPerSocket`, Apache `MaxKeepAliveRequests`",
  ),
  goaway: row(
    "broken",
    "HTTP/2: the server ended its session by GOAWAY within the run",
    "Look for a small limit of requests or of age per connection, or a deploy",
  ),
  closed_in_silence: row(
    "broken",
    "The connection was closed in a pause between requests, and nothing had said so: whoever reuses it at that moment meets a reset",
    "Raise the receiver's idle timer above the sender's, or announce it (`Keep-Alive: timeout=N`)",
  ),
  closed_unannounced: row(
    "broken",
    "The connection was closed right after an answer that promised more",
    "Look at the server's limit of requests, and at what crashes or restarts; `Connection: close` would have said so",
  ),
  lost_on_reuse: row(
    "broken",
    "A request was sent on a connection that was being closed: it failed, or was sent again on another one",
    "As for `closed_in_silence`: who sends must give up first",
  ),
  unexplained: row(
    "broken",
    "More connections were opened than needed, and nothing says who ended the others",
    "Compare with a request from the server's own machine: what differs is in between",
  ),
  announced_idle: row(
    "limit",
    "The server says how long it keeps an idle connection, and the pause was longer: reuse works for shorter pauses",
    "None is needed, unless the pauses of your service are that long",
  ),
  through_proxy: row(
    "note",
    "The answers came through a proxy: it, and not the server behind it, keeps or ends your connection",
    "Look at the timers of that hop first",
  ),
  tls_not_resumed: row(
    "note",
    "A further TLS connection made a whole handshake although a session could have been resumed",
    "Share ticket keys between the processes behind the name; see whether tickets are switched off",
  ),
  statuses: row("note", "Some answers are errors: their time says little about the others", "Ask for something that the server has"),
  unanswered: row("note", "Some requests were not answered", "The rows say which, and why"),
  cut_short: row("note", "The time was over before all requests were sent", "Raise `--max`"),
} as const satisfies Readonly<Record<string, FindingRow>>;

export type FindingCode = keyof typeof findingDocs;

/** One finding of one run. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What was seen, with its numbers. */
  readonly evidence: string;
  readonly remedy: string;
}

export function finding(code: FindingCode, evidence: string): Finding {
  const { severity, remedy } = findingDocs[code];
  return { code, severity, evidence, remedy };
}
