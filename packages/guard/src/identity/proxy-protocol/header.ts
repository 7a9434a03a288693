/**
 * What a PROXY header says, and the three answers of a decoder of it. A decoder is a pure function of the bytes since the accept:
 * the same bytes give the same answer however they were split. It must never guess what is not there.
 */

/** One end of the connection that the proxy took. */
export interface Endpoint {
  /** Canonical text; an IPv4-mapped address is IPv4. */
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
  readonly port: number;
}

/** What a proxy that ended TLS says of it. */
export interface ProxiedTls {
  /** The client came over TLS. */
  readonly encrypted: boolean;
  /** The client showed a certificate on this connection, or earlier in this TLS session. */
  readonly certificate: boolean;
  /** The certificate was checked and found good. */
  readonly verified: boolean;
  /** Such as "TLSv1.3". */
  readonly version: string | null;
  /** Common name of the client's certificate. */
  readonly commonName: string | null;
}

/** The additions of version 2 that are read; others are skipped. */
export interface ProxyAdditions {
  readonly alpn: string | null;
  /** The host name that the client asked for: SNI. */
  readonly authority: string | null;
  readonly uniqueId: Uint8Array | null;
  readonly tls: ProxiedTls | null;
}

export const noAdditions: ProxyAdditions = Object.freeze({ alpn: null, authority: null, uniqueId: null, tls: null });

/**
 * A whole header. `local` is the proxy's own connection (a health check), `unknown` one whose ends it does not know: for both the
 * socket's own addresses count.
 */
export type ProxyHeader =
  | { readonly version: 1 | 2; readonly kind: "local" | "unknown" }
  | { readonly version: 1 | 2; readonly kind: "tcp"; readonly source: Endpoint; readonly destination: Endpoint; readonly additions: ProxyAdditions }
  | { readonly version: 2; readonly kind: "unix"; readonly source: string; readonly destination: string; readonly additions: ProxyAdditions };

/** Why bytes are no header: none of the declared version, one with a fault, one above its limit, one whose checksum is wrong. */
export type HeaderFault = "proxy_header_missing" | "proxy_header_malformed" | "proxy_header_too_long" | "proxy_header_checksum";

export type Decoded =
  /** Good so far; at least `bytesMin` in all are needed for another answer. */
  | { readonly kind: "more"; readonly bytesMin: number }
  /** The header, and where what follows it begins. */
  | { readonly kind: "header"; readonly header: ProxyHeader; readonly byteLength: number }
  | { readonly kind: "fault"; readonly code: HeaderFault; readonly why: string };

export const fault = (code: HeaderFault, why: string): Decoded => ({ kind: "fault", code, why });
