/**
 * Why a connection ended, and how long to wait before the next: what a close code and its reason say, and the delays.
 * Pure. Whatever a peer advises is bounded here, so that no server can send a client away for good by mistake.
 */
import { type Code, durationMsMax, type Retry, randomFraction, retryOf, retryOfClose } from "@holdfast/protocol";
import type { Context } from "./context.ts";
import type { ResolvedOptions } from "./options.ts";

/** The end of one connection. */
export interface Ending {
  readonly code: Code;
  readonly reason: string;
  readonly retry: Retry;
  /** Whether a server of ours said so, rather than a hop or this side. */
  readonly isSaid?: boolean;
  /** The server's advice: not before this. */
  readonly afterMs?: number | undefined;
  /** The next dial is spread over this. */
  readonly windowMs: number;
}

const localWindowMs = 1_000;

/** An end found on this side. `windowMs` is 0 for a dial that came to nothing: only backing off delays the next. */
export function localEnding(code: Code, reason: string, windowMs = localWindowMs): Ending {
  return { code, reason, retry: retryOf(code), windowMs };
}

const duration = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= durationMsMax ? (value as number) : undefined;

/**
 * The end that a peer declared with a close code and a reason, which is JSON when the peer is a Holdfast server. `windowMs` is what the
 * server last advised for an end that it could not announce.
 */
export function remoteEnding(closeCode: number, text: string, windowMs: number): Ending {
  let said: Record<string, unknown> = {};
  try {
    said = Object(JSON.parse(text)) as typeof said;
  } catch {
    // Not a server of ours, or one that had nothing to say.
  }
  const isSaid = typeof said["code"] === "string";
  // A code with no rule of its own, which is one that is for now only or one of a newer server, goes by the close code.
  const byCode = isSaid ? retryOf(said["code"] as Code) : "backoff";
  const retry = byCode === "backoff" ? retryOfClose(closeCode) : byCode;
  const likely = retry === "stop" ? "protocol_error" : closeCode < 3000 ? "connect_failed" : "internal";
  return {
    code: isSaid ? (said["code"] as Code) : likely,
    reason: String(said["message"] || `closed with ${closeCode}`),
    retry,
    isSaid,
    afterMs: duration(said["afterMs"]),
    windowMs: duration(said["windowMs"]) ?? windowMs,
  };
}

/** The delay before the next dial. `failures` counts the dials that failed in a row, links that did not last included. */
export function reconnectDelayMs({ afterMs, windowMs, isSaid }: Ending, failures: number, options: ResolvedOptions, random: number): number {
  if (afterMs === undefined) return random * Math.max(windowMs, backoffMs(failures, options));
  // Advice holds once. Whoever meets the same server again and again is backed off all the same, or "at once" would be a loop.
  const leastMs = isSaid ? random * backoffMs(failures - 1, options) : 0;
  return Math.max(afterMs + random * windowMs, leastMs);
}

/** Least bound of a backoff, whatever the options say: no client may dial a server that is down in a hot loop. */
const backoffMsMin = 10;

/** The upper bound of full-jitter backoff after `failures` failures; 0 without one. */
export function backoffMs(failures: number, { backoffBaseMs, backoffCapMs }: ResolvedOptions): number {
  return failures <= 0 ? 0 : Math.max(backoffMsMin, Math.min(backoffCapMs, backoffBaseMs * 2 ** Math.min(failures - 1, 30)));
}

/** How long what was refused for now waits for another try, after so many tries in a row. */
export function pauseMs(tries: number, { rng, options }: Context): number {
  return backoffMs(tries, options) * (0.5 + randomFraction(rng) / 2);
}
