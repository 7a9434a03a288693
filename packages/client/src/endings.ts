/**
 * Why a connection ended, and how long to wait before the next: what a close code and its reason say, and the delays.
 * Pure. Whatever a peer advises is bounded here, so that no server can send a client away for good by mistake.
 */
import { type Code, codes, isCode, limits, type Retry, retryOfClose } from "@holdfast/protocol";
import type { ResolvedOptions } from "./options.ts";

/** The end of one connection. */
export interface Ending {
  readonly code: Code;
  readonly reason: string;
  readonly retry: Retry;
  /** `local`: this side found the link dead. `remote`: the peer ended a working link. `failed`: it never came about. */
  readonly side: "local" | "remote" | "failed";
  /** The server's advice: not before this. */
  readonly afterMs: number | null;
  /** The server's advice: spread over this. */
  readonly windowMs: number | null;
}

const advice = (value: unknown): number | null => {
  const isDuration = Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= limits.durationMsMax.value;
  return isDuration ? (value as number) : null;
};

/** An end found on this side. */
export function localEnding(code: Code, reason: string, side: Ending["side"] = "local", retry: Retry = codes[code].retry): Ending {
  return { code, reason, retry, side, afterMs: null, windowMs: null };
}

/** The end that a peer declared with a close code and a reason, which is JSON when the peer is a Holdfast server. */
export function remoteEnding(closeCode: number, reason: string): Ending {
  let said: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(reason);
    if (typeof parsed === "object" && parsed !== null) said = parsed as Record<string, unknown>;
  } catch {
    // Not a server of ours, or one that had nothing to say.
  }
  const { code: named, message } = said;
  const retry = isCode(named) ? codes[named].retry : retryOfClose(closeCode);
  return {
    code: isCode(named) ? named : codeOfClose(closeCode, retry),
    reason: typeof message === "string" && message !== "" ? message : `the server or a hop ended the link (${closeCode})`,
    retry,
    side: "remote",
    afterMs: advice(said["afterMs"]),
    windowMs: advice(said["windowMs"]),
  };
}

/** The code that says most about a close without one. */
function codeOfClose(closeCode: number, retry: Retry): Code {
  const known = (Object.keys(codes) as Code[]).find((code) => codes[code].close === closeCode);
  // 1000 is the row of an application that closes; from a peer it is an end like others.
  if (known !== undefined && closeCode !== 1000) return known;
  if (retry === "stop") return "bad_request";
  return closeCode < 3000 ? "connect_failed" : "internal";
}

const localRetryMs = 1_000;

/**
 * The delay before the next dial. `failures` counts the dials that failed in a row, links that did not last included.
 * `windowMs` is what the server last advised for an end that it could not announce.
 */
export function reconnectDelayMs(ending: Ending, failures: number, windowMs: number, options: ResolvedOptions, random: number): number {
  const window = ending.windowMs ?? windowMs;
  if (ending.afterMs !== null) return ending.afterMs + random * window;
  const first = ending.side === "local" ? localRetryMs : ending.side === "remote" ? window : 0;
  return random * Math.max(first, backoffMs(failures, options));
}

/** The upper bound of full-jitter backoff after `failures` failures; 0 without one. */
export function backoffMs(failures: number, options: ResolvedOptions): number {
  return failures === 0 ? 0 : Math.min(options.backoffCapMs, options.backoffBaseMs * 2 ** Math.min(failures - 1, 30));
}

/** The reason that a client gives: JSON within the 123 bytes that a close frame has room for. */
export function closeReason(code: Code): string {
  return JSON.stringify({ code });
}
