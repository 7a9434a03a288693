/**
 * A connection as people see it: one row of the table. Plain values, for JSON.
 */
import type { Connection, TlsFacts } from "./connection.ts";
import type { Phase } from "./connection-state.ts";

export interface ConnectionRow {
  readonly id: string;
  readonly listener: string;
  readonly peer: string;
  readonly protocol: string;
  readonly phase: Phase;
  readonly tls: TlsFacts | null;
  readonly subject: string | null;
  readonly ageMs: number;
  /** For how long nothing of the peer has been received. */
  readonly silentMs: number;
  /** For how long it has waited for a next request; null while it does anything else. */
  readonly idleMs: number | null;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Bytes that wait for the peer to take them. */
  readonly bytesQueued: number;
  readonly requests: number;
}

export function rowOf(connection: Connection, nowMs: number): ConnectionRow {
  const { id, listener, peer, protocol, phase, tls, subject, bytesRead, bytesWritten, bytesQueued, requests, idleSinceMs } = connection;
  return {
    id,
    listener,
    peer: peer.address.includes(":") ? `[${peer.address}]:${peer.port}` : `${peer.address}:${peer.port}`,
    protocol,
    phase,
    tls,
    subject,
    ageMs: Math.round(nowMs - connection.openedMs),
    silentMs: Math.max(0, Math.round(nowMs - connection.proofMs)),
    idleMs: idleSinceMs === null ? null : Math.round(nowMs - idleSinceMs),
    bytesRead,
    bytesWritten,
    bytesQueued,
    requests,
  };
}
