/**
 * What a part of the guard that watches one connection may do with it, and what is asked of it. Types only.
 */

/** The ways in which HTTP/2 ends a connection. */
export type EndCode =
  | "idle_timeout"
  | "age_limit"
  | "requests_limit"
  | "handshake_timeout"
  | "slow_reader"
  | "zombie"
  | "ping_flood"
  | "reset_flood"
  | "settings_flood"
  | "stray_flood"
  | "draining"
  | "protocol_error"
  | "peer_closed"
  | "peer_reset"
  | "host_closed";

/** What a part may do with a connection. */
export interface Watched {
  readonly id: string;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Ends it gracefully (FIN, lingering) with a code; `final` bytes are written before. */
  end(code: EndCode, final?: Uint8Array): void;
  /** Resets it: queued bytes are not delivered. */
  reset(code: EndCode): void;
  /** Something of the peer was received (proof of life). */
  proof(): void;
}

/** A part of the guard; asked at every sweep. It owns no timers. */
export interface ConnectionPart {
  check(nowMs: number): void;
}
