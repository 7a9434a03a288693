/**
 * What an agent counts, for both of its halves. They only rise.
 */
import { newEnds } from "../core/stats.ts";
import type { PoolEnd } from "../ends.ts";

export interface AgentCounters {
  requests: number;
  /** Requests that were sent on a connection that had carried one before. */
  reused: number;
  /** Requests refused with `queue_full`. */
  refused: number;
  opened: number;
  openFailures: number;
  /** TLS handshakes that were shortened by an earlier session. */
  tlsResumed: number;
  readonly ends: Record<PoolEnd, number>;
}

export const newAgentCounters = (): AgentCounters => ({ requests: 0, reused: 0, refused: 0, opened: 0, openFailures: 0, tlsResumed: 0, ends: newEnds() });
