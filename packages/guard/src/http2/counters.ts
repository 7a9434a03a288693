/**
 * What HTTP/2 counts over all sessions of a server. Plain numbers that only grow; whoever shows them reads them.
 */
import type { EndCode } from "../ends.ts";

/** Counters of all sessions that one server has had. */
export interface Http2Counters {
  /** Sessions begun. */
  sessions: number;
  /** Requests begun, which in HTTP/2 are streams. */
  streams: number;
  /** Streams that ended by a reset, whoever sent it. */
  resets: number;
  /** PING frames received, answers not counted. */
  pings: number;
  /** SETTINGS frames received, acknowledgements not counted. */
  settings: number;
  /** PING frames sent to learn whether the peer is there, and how many of them were answered. */
  probes: number;
  probesAnswered: number;
  /** Streams reset because their bytes waited while those of others left. */
  streamsStalled: number;
  /** Streams reset because their request was not complete within `requestMs`. */
  streamsTimedOut: number;
  /** Errors of streams, which a peer can cause by any reset with an error code. */
  streamErrors: number;
  /** Sessions that were left in two steps (RFC 9113, section 6.8), the others in one. */
  announced: number;
  /** Sessions that the guard ended, or saw end in an error of the protocol, by code. */
  ended: Partial<Record<EndCode, number>>;
}

export function createHttp2Counters(): Http2Counters {
  const zero = { sessions: 0, streams: 0, resets: 0, pings: 0, settings: 0, probes: 0, probesAnswered: 0 };
  return { ...zero, streamsStalled: 0, streamsTimedOut: 0, streamErrors: 0, announced: 0, ended: {} };
}
