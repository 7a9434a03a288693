/**
 * Why a connection to a listener behind a PROXY header was refused: code, meaning, remedy. The table in docs/who-is-it.md is made of it.
 * Each is counted; none is answered, because who does not speak the header would take an answer for the server's.
 */
import type { HeaderFault } from "./proxy-protocol/header.ts";

/** Ways in which a connection is refused before its client has said a word. */
export type ProxyRefusal =
  | HeaderFault
  | "proxy_peer_untrusted"
  | "proxy_header_timeout"
  | "proxy_header_unfinished"
  | "proxy_peer_left"
  | "proxy_headers_waiting"
  | "proxy_closed";

interface RefusalRow {
  readonly meaning: string;
  readonly remedy: string;
}

export const proxyRefusals = {
  proxy_closed: { meaning: "The listener closed while the header was awaited", remedy: "Nothing: the server was going down" },
  proxy_header_checksum: { meaning: "The header has a CRC32C, and it is another", remedy: "Something between changes bytes; look there" },
  proxy_header_malformed: {
    meaning: "A header with a fault: its length, addresses, ports or additions",
    remedy: "Look at what sends it; the reason is in the log line",
  },
  proxy_header_missing: {
    meaning: "The first bytes are no header of the declared version: plain HTTP, a TLS hello, or the other version",
    remedy: "Let the proxy send it (`send-proxy`, `send-proxy-v2`, `proxy_protocol on`), or declare the listener `off`",
  },
  proxy_header_timeout: { meaning: "No whole header within `proxyHeaderMs`", remedy: "A header leaves with the connection; look at what holds it back" },
  proxy_header_too_long: { meaning: "Above 107 bytes (version 1) or `proxyHeaderBytesMax` (version 2)", remedy: "Send fewer additions, or raise the limit" },
  proxy_header_unfinished: { meaning: "The peer closed within the header", remedy: "Nothing, unless it is frequent" },
  proxy_headers_waiting: { meaning: "`proxyWaitingMax` connections wait for their header already", remedy: "Look at the proxy: it connects and says nothing" },
  proxy_peer_left: {
    meaning: "The peer closed without a byte: a health check of the port alone",
    remedy: "Let the check send the header as well (`check-send-proxy`)",
  },
  proxy_peer_untrusted: { meaning: "The peer is in none of the trusted networks", remedy: "List the proxy's address, or keep others from this port" },
} as const satisfies Readonly<Record<ProxyRefusal, RefusalRow>>;
