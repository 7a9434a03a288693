/**
 * Where the time of one request went, as a browser's network tab shows it. Data only: whoever makes the connection and whoever sends the
 * request write it; `holdfast time`, the metrics and the application read it. A phase that did not happen is null, never 0.
 */
import type { PoolEnd } from "./ends.ts";

/** One request's phases, in ms. They follow one another: their sum is the whole. */
export interface Phases {
  /** From the call until a connection was there or was being made. */
  readonly queueMs: number;
  /** Null: reused, or an address was given. */
  readonly dnsMs: number | null;
  /** Until the winning address had answered. Null: reused. */
  readonly tcpMs: number | null;
  /** Null: reused, or no TLS. */
  readonly tlsMs: number | null;
  /** From the request's first byte to the answer's first. */
  readonly waitMs: number;
  /** From there to the answer's last byte. */
  readonly bodyMs: number;
}

/** What there is to know of one request beside its answer. */
export interface RequestTrace {
  readonly phases: Phases;
  /** The connection had carried a request before: no DNS, TCP, TLS. */
  readonly reused: boolean;
  /** Numbers the connections of the pool, from 1. */
  readonly connection: number;
  /** Requests that the connection has carried, this one included. */
  readonly requestOnConnection: number;
  readonly protocol: "http/1.1" | "h2";
  /** `address:port` of the peer. */
  readonly peer: string;
  /** Null without TLS. */
  readonly tls: { readonly version: string; readonly resumed: boolean } | null;
  /** How often the request was sent again on another connection, because the first was gone before it said anything. */
  readonly retries: number;
  /** Set when the connection ended with this request, and why. */
  readonly ended: PoolEnd | null;
}
