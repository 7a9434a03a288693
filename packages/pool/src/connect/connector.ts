/**
 * How a connection is asked for and what comes back: data only. Pools are written against these types, so that a test, a proxy or another
 * network can stand in for the sockets of connect/adapters.
 */
import type { Socket } from "node:net";
import type { SecureContextOptions, TLSSocket, ConnectionOptions as TlsConnectionOptions } from "node:tls";

/** What may be negotiated, in the order of preference. */
export type Alpn = "h2" | "http/1.1";

/** TLS as Node names it. A pool keeps one object for all connections of a target: its identity is part of the key of stored sessions. */
export type TlsOptions = SecureContextOptions & Pick<TlsConnectionOptions, "checkServerIdentity" | "rejectUnauthorized" | "secureContext" | "minDHSize">;

/** Where to connect. `https:` is TLS from the first byte. */
export interface Target {
  readonly scheme: "http:" | "https:";
  /** A name or an address; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** The name asked for by SNI, against which the certificate is checked. Default: `host`. */
  readonly servername?: string;
  /** Without TLS nothing is negotiated: the first one is what is spoken. */
  readonly alpn: readonly Alpn[];
  readonly tls?: TlsOptions;
}

/** Numbers of making a connection, in ms. */
export interface ConnectPhases {
  /** Null: the host is an address. */
  readonly dnsMs: number | null;
  /** From the first attempt to the connection that won. */
  readonly tcpMs: number;
  readonly tlsMs: number | null;
}

/** A connection that can be spoken on. */
export interface Connected {
  readonly socket: Socket | TLSSocket;
  readonly protocol: Alpn;
  /** `address:port`. */
  readonly peer: string;
  /** The address alone, as the resolver named it. */
  readonly address: string;
  readonly tls: { readonly version: string; readonly resumed: boolean } | null;
  readonly phases: ConnectPhases;
}

/** Makes a connection or throws a PoolError (`connect_failed`, `connect_timeout`) or the signal's reason. */
export type Connect = (target: Target, signal: AbortSignal) => Promise<Connected>;

/** One address of a host. */
export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Names to addresses, in the system's order of preference; what `dns.lookup` does unless a test or an application says otherwise. */
export type Lookup = (host: string) => Promise<readonly Address[]>;

/** What pools need of a connector. */
export interface Connector {
  readonly connect: Connect;
  /** Asks for the addresses of a host now, so that a pool notices that one of its connections leads to an address that is no longer named. */
  resolve(host: string): Promise<readonly Address[]>;
  /** TLS sessions kept for resumption. */
  readonly tlsSessions: number;
}

/** Names a target: connections and sessions of one key may stand in for one another. `tlsId` numbers the TLS options by identity. */
export function targetKey(target: Target, tlsId: number): string {
  return `${target.scheme}//${target.host}|${target.port}|${target.servername ?? ""}|${target.alpn.join(",")}|${tlsId}`;
}
