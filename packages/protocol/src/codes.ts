/**
 * Every reason for which Holdfast refuses, closes, drops or warns, in one table shared by server, tools and documentation.
 * Codes travel on the wire; message texts are for people and are never matched. What clients do after a code is in code-rules.ts;
 * nothing that a browser downloads may import this file.
 */
import { type Code, type CodeRule, codeRules, type GapReason } from "./code-rules.ts";

/** One row of the table. */
export interface CodeRow extends CodeRule {
  readonly http: number | null;
  readonly meaning: string;
  readonly remedy: string;
  /** True while the part of Holdfast that sends it is not built yet. */
  readonly later?: true;
}
type Text = Omit<CodeRow, keyof CodeRule>;

const row = (http: number | null, meaning: string, remedy: string): Text => ({ http, meaning, remedy });
const later = (text: Text): Text => ({ ...text, later: true });

const texts: Readonly<Record<Code, Text>> = {
  // A link ends, and the client goes on elsewhere or later.
  draining: row(503, "The server is restarting or leaving", "Nothing: the client resumes within the advised window"),
  overloaded: row(
    503,
    "The server, or whoever it has to ask, has too much to do",
    "Nothing: the client comes back at the advised time. When it lasts, add nodes, or look at the identity service",
  ),
  internal: row(500, "The server met an error of its own", "Read the server's log; report it"),
  slow_consumer: row(null, "Bytes waited for the client and none was taken for too long", "Read faster, or subscribe to less; the place is kept"),
  rate_limited: later(row(429, "More messages or bytes per second than allowed", "Publish in batches")),
  heartbeat_lost: row(null, "No proof of life within the agreed time", "Nothing: the client resumes. If it recurs at one interval, a hop drops idle flows"),
  rotated: row(503, "The link has reached its maximum age", "Nothing: the client moves to a new link before this one ends"),
  token_expired: row(
    401,
    "The token, or the session of the cookie, has run out",
    "Nothing: the client gets another by its `token` function and resumes. When it recurs, that gives old ones",
  ),
  // A link ends, and trying again as before cannot help.
  bad_request: row(400, "A message that the protocol does not allow", "Compare the client with PROTOCOL.md"),
  unauthenticated: row(401, "No valid token: none, one that is not accepted, or access was revoked", "Sign in again; see docs/authorization.md"),
  handshake_timeout: row(408, "No `hello` within the handshake time", "Look for a hop that holds back the first bytes"),
  forbidden: row(403, "Not allowed; said of streams that do not exist as well", "Ask for the permission"),
  too_many_links: row(429, "The node holds as many links as it may", "Raise `linksMax`, or add nodes"),
  protocol_unsupported: row(400, "The peer does not speak `holdfast.v1`", "Update the older side"),
  superseded: later(row(409, "A newer link of the same client took over", "Nothing")),
  binary_unsupported: row(null, "A binary message on a text-only endpoint", "Send JSON text; bytes travel as base64"),
  frame_too_large: row(413, "A message above the limit", "Send larger entries as parts"),
  not_utf8: row(400, "Text that is not UTF-8", "Encode as UTF-8, or publish bytes"),
  protocol_error: row(400, "A frame that RFC 6455 does not allow", "Look for a hop that rewrites bytes"),
  ping_flood: row(null, "More pings than a living peer needs", "Use the heartbeat that the server announces"),
  // A request or a subscription is refused; the link stays.
  bad_stream_name: row(400, "The stream's name is not valid", "1 to 255 bytes, segments between single slashes"),
  bad_position: row(400, "The position is not a token of this server", "Pass positions back exactly as received"),
  bad_payload: row(400, "The payload is not valid JSON in UTF-8", "Fix it, or publish it as bytes"),
  payload_too_deep: row(400, "The payload nests deeper than allowed", "Flatten it, or publish it as bytes"),
  entry_too_large: row(413, "The payload is above `entryBytesMax`", "Split it, or store it elsewhere and publish its address"),
  body_too_large: row(413, "The request body is above its limit, `bodyBytesMax` or `linkBodyBytesMax`", "Send smaller batches"),
  stream_not_found: row(404, "No such stream", "Publish to it first"),
  stream_closed: row(409, "The stream has ended; it takes no more entries", "Publish to another stream"),
  fenced: row(409, "A newer epoch of this producer exists", "Stop the older process"),
  out_of_order: row(409, "A producer sequence number was left out", "Start a new producer epoch at 0"),
  too_many_subscriptions: row(429, "The link holds as many subscriptions as it may", "Raise `subscriptionsMax`, or use several links"),
  too_many_streams: row(507, "The engine holds as many streams as it may", "Raise `streamsMax`, or end streams"),
  unknown_outcome: row(503, "The write may or may not have happened", "Retry with the same producer tuple or dedupe key: nothing is added twice"),
  storage_failed: row(503, "Storage failed; writes have stopped until a restart, readers go on", "Check the disk, then restart the server"),
  storage_full: row(507, "No space is left for entries", "Free space; writes resume by themselves"),
  engine_busy: row(503, "Too many operations wait for the engine", "Nothing: publishers retry"),
  bad_origin: row(403, "The page's origin is not on the list", "Add it to `origins`"),
  bad_host: row(421, "The Host is not one of this server's names", "Add it to `hosts`"),
  method_not_allowed: row(405, "The resource does not know this method", "See the Allow header"),
  not_found: row(404, "No such resource", "Compare the address with the HTTP section of PROTOCOL.md"),
  unsupported_media_type: row(
    415,
    "The content type or encoding is not one that is taken here",
    "Publish as application/json, application/x-ndjson or application/octet-stream, send messages as text/plain; not compressed",
  ),
  // Raised by the client itself.
  connect_failed: row(null, "The server could not be reached", "Check address and network"),
  connect_timeout: row(null, "No answer to the handshake in time", "A hop swallows the handshake; run the doctor"),
  token_failed: row(null, "The application's `token` function failed", "Look at what it calls; the client tries again, later and later"),
  network_offline: later(row(null, "The system reports no network", "Nothing: the client resumes when it returns")),
  response_buffered: row(null, "A hop holds back streamed responses", "Turn off response buffering for `/v1/sse` on that hop; see docs/proxies"),
  origin_connections: row(
    null,
    "Other tabs hold all six HTTP/1.1 connections that a browser opens to one origin",
    "Share one link between tabs, or serve HTTP/2",
  ),
  closed_by_user: row(null, "The application closed the client", "Nothing"),
  aborted: row(null, "The application's signal ended the call; an entry already queued may still be published", "Nothing"),
  outbox_full: row(null, "More unpublished bytes than the outbox may hold", "Wait for earlier publishes, or raise `outboxBytesMax`"),
  outbox_expired: row(null, "An entry could not be published in time; whether it was is unknown", "Publish it anew, knowing it may be there"),
};

const rowOf = (code: Code): CodeRow => ({ ...codeRules[code], ...texts[code] });

export const codes = Object.fromEntries((Object.keys(texts) as Code[]).map((code) => [code, rowOf(code)])) as Readonly<Record<Code, CodeRow>>;

/** Why a position could not be honoured. A gap never closes a link: delivery goes on from the gap's `after`. */
export const gapReasons = {
  trimmed: "Entries after the position were removed by retention",
  epoch: "The log was rewritten after the position: a restore, a fork, or a failover",
  ahead: "The position is beyond the newest entry: the log lost entries that had been read",
  missing: "The stream, or entries in the middle of it, are not there any more",
} as const satisfies Record<GapReason, string>;
