/**
 * Moments of a request to phases that follow one another and add up to the whole. Pure.
 */
import type { ConnectPhases } from "../connect/connector.ts";
import type { Phases } from "../phases.ts";

/** Moments of one monotonic clock. */
export interface Moments {
  readonly startMs: number;
  readonly sentMs: number;
  readonly answerMs: number;
  readonly endMs: number;
}

/**
 * `made`: how the connection came to be, when this request is the first on it. It may have been begun for another request, before this one
 * was there: what passed before is not this request's time, and is cut off, name first.
 */
export function phasesOf({ startMs, sentMs, answerMs, endMs }: Moments, made: ConnectPhases | null): Phases {
  const tail = { waitMs: answerMs - sentMs, bodyMs: endMs - answerMs };
  const beforeMs = sentMs - startMs;
  if (made === null) return { queueMs: beforeMs, dnsMs: null, tcpMs: null, tlsMs: null, ...tail };
  let leftMs = beforeMs;
  const part = (ms: number): number => {
    const own = Math.min(ms, leftMs);
    leftMs -= own;
    return own;
  };
  const tlsMs = made.tlsMs === null ? null : part(made.tlsMs);
  const tcpMs = part(made.tcpMs);
  const dnsMs = made.dnsMs === null ? null : part(made.dnsMs);
  return { queueMs: leftMs, dnsMs, tcpMs, tlsMs, ...tail };
}
