/**
 * Why a connection ended, and how long to wait before the next: what a close code and its reason say, and the delays.
 * Pure. Whatever a peer advises is bounded here, so that no server can send a client away for good by mistake.
 */
import { type Code, durationMsMax, type Retry, retryOf, retryOfClose } from "@holdfast/protocol";
import type { ResolvedOptions } from "./options.ts";

/** The end of one connection. */
export interface Ending {
  readonly code: Code;
  readonly reason: string;
  readonly retry: Retry;
  /** `local`: this side found the link dead. `remote`: the peer ended a working link. `failed`: it never came about. */
  readonly side: "local" | "remote" | "failed";
  /** Whether a server of ours said so, rather than a hop or this side. */
  readonly isSaid: boolean;
  /** The server's advice: not before this. */
  readonly afterMs: number | null;
  /** The server's advice: spread over this. */
  readonly windowMs: number | null;
}

const advice = (value: unknown): number | null =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= durationMsMax ? (value as number) : null;

/** An end found on this side. */
export function localEnding(code: Code, reason: string, side: Ending["side"] = "local", retry: Retry = retryOf(code)): Ending {
  return { code, reason, retry, side, isSaid: false, afterMs: null, windowMs: null };
}

/** The end that a peer declared with a close code and a reason, which is JSON when the peer is a Holdfast server. */
export function remoteEnding(closeCode: number, text: string): Ending {
  let said: Record<string, unknown> = {};
  try {
    said = Object(JSON.parse(text)) as typeof said;
  } catch {
    // Not a server of ours, or one that had nothing to say.
  }
  const { code: named, message, afterMs, windowMs } = said;
  const isSaid = typeof named === "string";
  // A code with no rule of its own, which is one that is for now only or one of a newer server, goes by the close code.
  const byCode = isSaid ? retryOf(named as Code) : "backoff";
  const retry = byCode === "backoff" ? retryOfClose(closeCode) : byCode;
  const likely = retry === "stop" ? "protocol_error" : closeCode < 3000 ? "connect_failed" : "internal";
  const reason = message && typeof message === "string" ? message : `closed with ${closeCode}`;
  return { code: isSaid ? (named as Code) : likely, reason, retry, side: "remote", isSaid, afterMs: advice(afterMs), windowMs: advice(windowMs) };
}

const localRetryMs = 1_000;

/**
 * The delay before the next dial. `failures` counts the dials that failed in a row, links that did not last included.
 * `windowMs` is what the server last advised for an end that it could not announce.
 */
export function reconnectDelayMs(ending: Ending, failures: number, windowMs: number, options: ResolvedOptions, random: number): number {
  const window = ending.windowMs ?? windowMs;
  // Advice holds once. Whoever meets the same server again and again is backed off all the same, or "at once" would be a loop.
  const leastMs = ending.isSaid ? random * backoffMs(failures - 1, options) : 0;
  if (ending.afterMs !== null) return Math.max(ending.afterMs + random * window, leastMs);
  const first = ending.side === "local" ? localRetryMs : ending.side === "remote" ? window : 0;
  return random * Math.max(first, backoffMs(failures, options));
}

/** Least bound of a backoff, whatever the options say: no client may dial a server that is down in a hot loop. */
const backoffMsMin = 10;

/** The upper bound of full-jitter backoff after `failures` failures; 0 without one. */
export function backoffMs(failures: number, options: ResolvedOptions): number {
  return failures <= 0 ? 0 : Math.max(backoffMsMin, Math.min(options.backoffCapMs, options.backoffBaseMs * 2 ** Math.min(failures - 1, 30)));
}

/** The reason that a client gives: JSON within the 123 bytes that a close frame has room for. */
export function closeReason(code: Code): string {
  return JSON.stringify({ code });
}
