/**
 * Every way in which guard ends or refuses a connection: one table of codes, because logs, metrics, the table of connections and the
 * docs must say the same word for the same thing. Nothing ends without a row of it.
 */

/** Who ended it: guard, the peer, the host's own code, or the network. */
export type Side = "guard" | "peer" | "host" | "network";

export interface EndRow {
  readonly side: Side;
  /** What the peer is told where HTTP/1.1 still allows it; null: the connection ends without words. */
  readonly http: number | null;
  readonly meaning: string;
  readonly remedy: string;
}

const row = (side: Side, http: number | null, meaning: string, remedy: string): EndRow => ({ side, http, meaning, remedy });

/** In alphabetical order. */
export const ends = {
  age_limit: row("guard", null, "It was open for `ageMs`; the last answer said `Connection: close`", "Nothing: the peer opens another"),
  bad_payload: row("guard", null, "A WebSocket message is not UTF-8, or does not inflate", "Look at the client"),
  bad_proxy_header: row(
    "guard",
    null,
    "The PROXY header is missing, malformed, late, or from an untrusted peer",
    "Compare the proxy's `send-proxy` with the listener's mode",
  ),
  bad_request: row("guard", 400, "What came is not a request", "Look at the client: this is not HTTP/1.1, or somebody probes"),
  binary_unsupported: row("guard", null, "A binary WebSocket message where `kinds` is `text`", "Send text"),
  body_timeout: row("guard", 408, "The request was not complete within `requestMs`", "Raise `requestMs` for slow uploads"),
  body_too_slow: row("guard", 408, "The body came slower than `bodyBytesPerSecondMin`", "Lower the floor for clients on bad networks"),
  connection_close: row("host", null, "An answer said `Connection: close`, as the peer or the application wished", "Nothing"),
  draining: row("guard", 503, "The node is being stopped", "Nothing: the peer opens another connection, which leads to another node"),
  fragment_flood: row("guard", null, "A WebSocket message came in more fragments than `fragmentsMax`", "Send larger fragments"),
  frame_too_large: row("guard", null, "A WebSocket message is larger than `messageBytesMax`", "Send less, or raise the limit"),
  handshake_timeout: row(
    "guard",
    null,
    "No TLS handshake within `handshakeMs` (`headersMs` without a front), or no HTTP/2 preface and SETTINGS within `prefaceMs`",
    "Nothing, unless it happens often: then look for a slow network or an attack",
  ),
  header_timeout: row("guard", 408, "No complete header block within `headersMs`", "Nothing, unless it happens often: then it is slowloris"),
  headers_too_large: row(
    "guard",
    431,
    "The header block is larger than the server reads, or has more than `headersCountMax` lines",
    "Send fewer or smaller cookies",
  ),
  host_closed: row("host", null, "The application closed it", "Nothing"),
  idle_limit: row("guard", null, "Nothing moved for `idleMs` while an answer or a tunnel was open", "Send heartbeats, or raise `idleMs`"),
  idle_timeout: row("guard", null, "No further request within `keepAliveMs`", "Nothing, if the peer's own timer is shorter; else see docs/timeouts.md"),
  killed: row("guard", null, "An operator ended it", "Nothing"),
  message_unfinished: row("guard", null, "A WebSocket message was begun and not finished within `messageMs`", "Nothing, unless it happens often"),
  network_lost: row("network", null, "The network reported an error that neither side sent", "Look at the path: docs/proxies"),
  overloaded: row("guard", 503, "The node takes no more for now: descriptors or memory run short", "Raise the limits or add a node"),
  peer_closed: row("peer", null, "The peer closed it", "Nothing"),
  peer_reset: row("peer", null, "The peer, or a box on its behalf, reset it", "If it comes at a round age or silence, a hop's timer did it"),
  ping_flood: row("guard", null, "More pings than a living peer needs", "Look at the client's heartbeat"),
  protocol_error: row("guard", null, "What came breaks the protocol", "Look at the client"),
  rate_limited: row("guard", null, "More WebSocket messages or bytes per second than allowed", "Send less often, or raise the rate"),
  reclaimed: row("guard", null, "It was the longest idle while connections, descriptors or memory ran short", "Raise the limits or add a node"),
  requests_limit: row("guard", null, "It had served `requestsMax` requests; the last answer said so", "Nothing: the peer opens another"),
  reset_flood: row("guard", null, "More streams were opened and reset than a living peer needs", "Nothing: this is CVE-2023-44487 or its kin"),
  revoked: row("guard", null, "What its subject was allowed was taken back", "Sign in again"),
  settings_flood: row("guard", null, "More SETTINGS frames than a living peer needs", "Look at the client"),
  slow_reader: row("guard", null, "The peer took nothing for `stallMs` while bytes waited for it", "Nothing: it can come back"),
  stray_flood: row("guard", null, "More bytes outside of any HTTP/2 stream than a living peer needs", "Look at the client"),
  tls_failed: row("guard", null, "The TLS handshake failed", "See the counter by reason: version, certificate, or not TLS at all"),
  too_early: row(
    "guard",
    425,
    "A request that changes something came as TLS early data, which anybody may have repeated",
    "Nothing: it comes again after the handshake",
  ),
  too_many_connections: row("guard", 503, "`connectionsMax` connections are open", "Raise it with `ulimit -n`, or add a node"),
  too_many_from_address: row(
    "guard",
    429,
    "`perAddressMax` connections are open from that address (IPv6: its /64)",
    "Raise it if a proxy or an office stands behind it",
  ),
  too_many_of_subject: row("guard", 429, "`perSubjectMax` connections are open of that subject", "Close others, or raise it"),
  unsupported: row(
    "guard",
    426,
    "A method, an expectation or an upgrade that the server does not do (405, 417, 426)",
    "Name other protocols in `upgrades`, if the application speaks them",
  ),
  zombie: row("guard", null, "The peer gave no sign of life in time", "Nothing: it was dead"),
} as const satisfies Record<string, EndRow>;

export type EndCode = keyof typeof ends;

export const endCodes = Object.keys(ends) as readonly EndCode[];
