/**
 * Every reason for which Holdfast refuses, closes, drops or warns, in one table shared by server, client and documentation.
 * Codes travel on the wire; message texts are for people and are never matched.
 * Close codes 4000-4499 and 1012/1013 mean "resume"; 4500-4999 mean "stop and tell the user",
 * unless this table says otherwise for a code of it.
 */

/** What a client does after a code: resume at once (jittered), resume after backing off, or stop and tell the user. */
export type Retry = "resume" | "backoff" | "stop";

/** One row of the table. `close` is the WebSocket close code (RFC 6455, section 7.4), null when the code never closes a link. */
export interface CodeRow {
  readonly close: number | null;
  readonly http: number | null;
  readonly retry: Retry;
  readonly meaning: string;
  readonly remedy: string;
  /** True while the part of Holdfast that sends it is not built yet. */
  readonly later?: true;
}

const row = (close: number | null, http: number | null, retry: Retry, meaning: string, remedy: string): CodeRow => ({
  close,
  http,
  retry,
  meaning,
  remedy,
});
const later = (code: CodeRow): CodeRow => ({ ...code, later: true });

export const codes = {
  // A link ends, and the client goes on elsewhere or later.
  draining: row(1012, 503, "resume", "The server is restarting or leaving", "Nothing: the client resumes within the advised window"),
  overloaded: later(
    row(1013, 503, "backoff", "The server admits no more links now", "Nothing: the client comes back at the advised time. Add nodes when it lasts"),
  ),
  internal: row(1011, 500, "backoff", "The server met an error of its own", "Read the server's log; report it"),
  slow_consumer: row(
    4001,
    null,
    "resume",
    "Bytes waited for the client and none was taken for too long",
    "Read faster, or subscribe to less; the place is kept",
  ),
  rate_limited: later(row(4002, 429, "backoff", "More messages or bytes per second than allowed", "Publish in batches")),
  heartbeat_lost: row(
    4003,
    null,
    "resume",
    "No proof of life within the agreed time",
    "Nothing: the client resumes. If it recurs at one interval, a hop drops idle flows",
  ),
  rotated: later(row(4005, 503, "resume", "The link has reached its maximum age", "Nothing: the client moves to a new link before this one ends")),
  token_expired: later(row(4004, 401, "resume", "The credentials ran out", "The client renews them and resumes")),

  // A link ends, and trying again as before cannot help.
  bad_request: row(4500, 400, "stop", "A message that the protocol does not allow", "Compare the client with PROTOCOL.md"),
  unauthenticated: later(row(4501, 401, "stop", "No valid credentials", "Sign in again")),
  handshake_timeout: row(4502, 408, "backoff", "No `hello` within the handshake time", "Look for a hop that holds back the first bytes"),
  forbidden: later(row(4503, 403, "stop", "Not allowed", "Ask for the permission")),
  too_many_links: row(4504, 429, "backoff", "The node holds as many links as it may", "Raise `linksMax`, or add nodes"),
  protocol_unsupported: row(4505, 400, "stop", "The peer does not speak `holdfast.v1`", "Update the older side"),
  superseded: later(row(4507, 409, "stop", "A newer link of the same client took over", "Nothing")),
  binary_unsupported: row(1003, null, "stop", "A binary message on a text-only endpoint", "Send JSON text; bytes travel as base64"),
  frame_too_large: row(1009, 413, "stop", "A message above the limit", "Send larger entries as parts"),
  not_utf8: row(1007, 400, "stop", "Text that is not UTF-8", "Encode as UTF-8, or publish bytes"),
  protocol_error: row(1002, 400, "stop", "A frame that RFC 6455 does not allow", "Look for a hop that rewrites bytes"),
  ping_flood: row(1008, null, "backoff", "More pings than a living peer needs", "Use the heartbeat that the server announces"),

  // A request or a subscription is refused; the link stays.
  bad_stream_name: row(null, 400, "stop", "The stream's name is not valid", "1 to 255 bytes, segments between single slashes"),
  bad_position: row(null, 400, "stop", "The position is not a token of this server", "Pass positions back exactly as received"),
  bad_payload: row(null, 400, "stop", "The payload is not valid JSON in UTF-8", "Fix it, or publish it as bytes"),
  payload_too_deep: row(null, 400, "stop", "The payload nests deeper than allowed", "Flatten it, or publish it as bytes"),
  entry_too_large: row(null, 413, "stop", "The payload is above `entryBytesMax`", "Split it, or store it elsewhere and publish its address"),
  body_too_large: row(null, 413, "stop", "The request body is above `bodyBytesMax`", "Send smaller batches"),
  stream_not_found: row(null, 404, "stop", "No such stream", "Publish to it first"),
  stream_closed: row(null, 409, "stop", "The stream has ended; it takes no more entries", "Publish to another stream"),
  fenced: row(null, 409, "stop", "A newer epoch of this producer exists", "Stop the older process"),
  out_of_order: row(null, 409, "stop", "A producer sequence number was left out", "Start a new producer epoch at 0"),
  too_many_subscriptions: row(null, 429, "stop", "The link holds as many subscriptions as it may", "Raise `subscriptionsMax`, or use several links"),
  too_many_streams: row(null, 507, "stop", "The engine holds as many streams as it may", "Raise `streamsMax`, or end streams"),
  unknown_outcome: row(
    null,
    503,
    "backoff",
    "The write may or may not have happened",
    "Retry with the same producer tuple or dedupe key: nothing is added twice",
  ),
  storage_failed: row(null, 503, "backoff", "Storage failed; writes have stopped until a restart, readers go on", "Check the disk, then restart the server"),
  storage_full: row(null, 507, "backoff", "No space is left for entries", "Free space; writes resume by themselves"),
  engine_busy: row(null, 503, "backoff", "Too many operations wait for the engine", "Nothing: publishers retry"),
  bad_origin: row(null, 403, "stop", "The page's origin is not on the list", "Add it to `origins`"),
  bad_host: row(null, 421, "stop", "The Host is not one of this server's names", "Add it to `hosts`"),
  method_not_allowed: row(null, 405, "stop", "The resource does not know this method", "See the Allow header"),
  not_found: row(null, 404, "stop", "No such resource", "Compare the address with the HTTP section of PROTOCOL.md"),
  unsupported_media_type: row(
    null,
    415,
    "stop",
    "The content type or encoding is not one that can be published",
    "application/json, application/x-ndjson or application/octet-stream, not compressed",
  ),

  // Raised by the client itself.
  connect_failed: row(null, null, "backoff", "The server could not be reached", "Check address and network"),
  connect_timeout: row(null, null, "backoff", "No answer to the handshake in time", "A hop swallows the handshake; run the doctor"),
  network_offline: later(row(null, null, "resume", "The system reports no network", "Nothing: the client resumes when it returns")),
  response_buffered: later(
    row(null, null, "backoff", "A hop holds back streamed responses", "Turn off response buffering for `/v1/sse` on that hop; see docs/proxies"),
  ),
  origin_connections: later(
    row(
      null,
      null,
      "backoff",
      "Other tabs hold all six HTTP/1.1 connections that a browser opens to one origin",
      "Share one link between tabs, or serve HTTP/2",
    ),
  ),
  closed_by_user: row(1000, null, "stop", "The application closed the client", "Nothing"),
  aborted: row(null, null, "stop", "The application's signal ended the call; an entry already queued may still be published", "Nothing"),
  outbox_full: row(null, null, "stop", "More unpublished bytes than the outbox may hold", "Wait for earlier publishes, or raise `outboxBytesMax`"),
  outbox_expired: row(null, null, "stop", "An entry could not be published in time; whether it was is unknown", "Publish it anew, knowing it may be there"),
} as const satisfies Record<string, CodeRow>;

/** A code of the table. */
export type Code = keyof typeof codes;

/** Whether a text received from a peer is a code that this version knows. */
export function isCode(text: unknown): text is Code {
  return typeof text === "string" && Object.hasOwn(codes, text);
}

/**
 * What to do after a WebSocket close code: by the table, else by its range, so that old clients obey new codes.
 * An end that no Holdfast server declares (1000 and 1001, no code, a broken connection) is no verdict: hops end links so,
 * and a client that stopped for it would stay stale for ever.
 */
export function retryOfClose(closeCode: number): Retry {
  if (closeCode < 1002 || closeCode === 1005 || closeCode === 1006) return "resume";
  for (const known of Object.values(codes)) if (known.close === closeCode) return known.retry;
  return closeCode >= 4500 && closeCode <= 4999 ? "stop" : "backoff";
}

/** Why a position could not be honoured. A gap never closes a link: delivery goes on from the gap's `after`. */
export const gapReasons = {
  trimmed: "Entries after the position were removed by retention",
  epoch: "The log was rewritten after the position: a restore, a fork, or a failover",
  ahead: "The position is beyond the newest entry: the log lost entries that had been read",
  missing: "The stream, or entries in the middle of it, are not there any more",
} as const;

/** A reason of `gapReasons`. */
export type GapReason = keyof typeof gapReasons;
