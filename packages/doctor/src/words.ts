/**
 * What facts are called in sentences, for diagnoses and for rendering. Pure.
 */
import { formatDuration } from "@holdfast/path";
import type { IdleFact, IdleOf, Moving } from "./facts.ts";

/** What each kind of connection is called in a sentence. */
export const idleNames: Readonly<Record<IdleOf, string>> = {
  http1: "kept HTTP/1.1 connection",
  http2: "HTTP/2 session without streams",
  websocket: "WebSocket",
  "event-stream": "event stream",
  tcp: "connection without a request",
};

export const movingNames: Readonly<Record<Moving, string>> = {
  nothing: "nothing",
  tcp_keepalive: "TCP probes only",
  h2_ping: "PING of HTTP/2 only",
  websocket_ping: "WebSocket pings (answered)",
  comment: "comments to the client",
  to_server: "bytes to the server",
  to_client: "bytes to the client",
};

/** Milliseconds rounded as far as they mean something. */
export function roundMs(ms: number): number {
  return ms < 100 ? Number(ms.toFixed(1)) : ms < 10_000 ? Math.round(ms / 10) * 10 : Math.round(ms / 100) * 100;
}

export const time = (ms: number): string => formatDuration(roundMs(ms));

/** A bracket in words: `60 s to 60.1 s`, `at least 70 s`. */
export function spanOf({ atLeastMs, atMostMs }: Pick<IdleFact, "atLeastMs" | "atMostMs">): string {
  return atMostMs === null ? `at least ${time(Math.floor(atLeastMs))}` : `${time(atLeastMs)} to ${time(atMostMs)}`;
}

export const endWords: Readonly<Record<NonNullable<IdleFact["how"]>, string>> = {
  fin: "closed (FIN)",
  rst: "reset (RST)",
  rst_on_write: "reset when written to",
  silent: "dropped in silence",
  goaway: "GOAWAY",
  close_frame: "close frame",
  answer: "an error answer",
  announced: "closed as announced",
};

export const endOf = ({ how, code }: Pick<IdleFact, "how" | "code">): string => (how === null ? "" : `${endWords[how]}${code === undefined ? "" : ` ${code}`}`);
