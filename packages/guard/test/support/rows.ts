/**
 * Rows of the table of connections, for tests that need no connection.
 */
import type { ConnectionRow } from "../../src/connection-row.ts";

export function connectionRow(given: Partial<ConnectionRow> = {}): ConnectionRow {
  return {
    id: "abc123",
    listener: "http",
    peer: "192.0.2.7:50000",
    protocol: "http/1.1",
    phase: "idle",
    tls: null,
    subject: null,
    ageMs: 61_000,
    silentMs: 60_000,
    idleMs: 60_000,
    bytesRead: 1_000,
    bytesWritten: 2_000,
    bytesQueued: 0,
    requests: 3,
    ...given,
  };
}
