/**
 * Why a connection to a listener behind a PROXY header was refused: code, the row of `ends` that it is counted under, meaning, remedy.
 * The table in docs/who-is-it.md is made of it. None is answered: who does not speak the header would take an answer for the server's.
 */
import type { EndCode } from "../ends.ts";
import type { HeaderFault } from "./proxy-protocol/header.ts";

/** Ways in which a connection is refused before its client has said a word. */
export type ProxyRefusal =
  | HeaderFault
  | "proxy_address_lost"
  | "proxy_closed"
  | "proxy_header_timeout"
  | "proxy_header_unfinished"
  | "proxy_headers_waiting"
  | "proxy_peer_left"
  | "proxy_peer_untrusted";

export interface ProxyRefusalRow {
  /** What it is in the table of ends. */
  readonly end: EndCode;
  readonly meaning: string;
  readonly remedy: string;
}

const row = (end: EndCode, meaning: string, remedy: string): ProxyRefusalRow => ({ end, meaning, remedy });

/** In alphabetical order. */
export const proxyRefusals = {
  proxy_address_lost: row(
    "bad_proxy_header",
    "TLS is up, but whose connection is below it can not be told: it is reset already, or a Unix socket",
    "Nothing, unless it happens always: take the header of a TLS listener over TCP",
  ),
  proxy_closed: row("draining", "The listener closed while the header was awaited", "Nothing: the server was going down"),
  proxy_header_checksum: row("bad_proxy_header", "The header carries a CRC32C, and its own is another", "Something between changes bytes; look there"),
  proxy_header_malformed: row(
    "bad_proxy_header",
    "A header with a fault: its length, addresses, ports or additions",
    "Look at what sends it; the log line says what is wrong",
  ),
  proxy_header_missing: row(
    "bad_proxy_header",
    "The first bytes are no header of the declared version: plain HTTP, a TLS hello, or the other version",
    "Let the proxy send it (`send-proxy`, `send-proxy-v2`, `proxy_protocol on`), or declare the listener `off`",
  ),
  proxy_header_timeout: row(
    "bad_proxy_header",
    "No whole header within `proxyHeaderMs`",
    "A header leaves with the connection: look at what holds it back, or at a check that connects and waits",
  ),
  proxy_header_too_long: row(
    "bad_proxy_header",
    "Above 107 bytes (version 1) or `proxyHeaderBytesMax` (version 2)",
    "Send fewer additions, or raise the limit",
  ),
  proxy_header_unfinished: row("bad_proxy_header", "The peer closed within the header", "Nothing, unless it is frequent"),
  proxy_headers_waiting: row("overloaded", "`proxyWaitingMax` connections wait for their header already", "Look at the proxy: it connects and says nothing"),
  proxy_peer_left: row(
    "peer_closed",
    "The peer closed or reset before its header was read: mostly a health check of the port alone",
    "Nothing, or let the check ask for something (HAProxy: `option httpchk` with `check-send-proxy`)",
  ),
  proxy_peer_untrusted: row("bad_proxy_header", "The peer is in none of the trusted networks", "List the proxy's address, or keep others from this port"),
} as const satisfies Readonly<Record<ProxyRefusal, ProxyRefusalRow>>;
