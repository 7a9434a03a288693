/**
 * What every code makes a client do, and the WebSocket close code that stands for it. Clients go by the rules of retry.ts, which say the
 * same in less code; nothing that a browser downloads may import this file but for its types.
 * Close codes 4000-4499 and 1012/1013 mean "resume"; 4500-4999 mean "stop and tell the user", unless this table says otherwise for a code of it.
 */

/** What a client does after a code: resume at once (jittered), resume after backing off, or stop and tell the user. */
export type Retry = "resume" | "backoff" | "stop";

/** `close` is the WebSocket close code (RFC 6455, section 7.4), null when the code never closes a link. */
export interface CodeRule {
  readonly close: number | null;
  readonly retry: Retry;
}

const resume = (close: number | null = null): CodeRule => ({ close, retry: "resume" });
const backoff = (close: number | null = null): CodeRule => ({ close, retry: "backoff" });
const stop = (close: number | null = null): CodeRule => ({ close, retry: "stop" });

export const codeRules = {
  // A link ends, and the client goes on elsewhere or later.
  draining: resume(1012),
  overloaded: backoff(1013),
  internal: backoff(1011),
  slow_consumer: resume(4001),
  rate_limited: backoff(4002),
  heartbeat_lost: resume(4003),
  rotated: resume(4005),
  token_expired: resume(4004),
  // A link ends, and trying again as before cannot help.
  bad_request: stop(4500),
  unauthenticated: stop(4501),
  handshake_timeout: backoff(4502),
  forbidden: stop(4503),
  too_many_links: backoff(4504),
  protocol_unsupported: stop(4505),
  superseded: stop(4507),
  binary_unsupported: stop(1003),
  frame_too_large: stop(1009),
  not_utf8: stop(1007),
  protocol_error: stop(1002),
  ping_flood: backoff(1008),
  // A request or a subscription is refused; the link stays.
  bad_stream_name: stop(),
  bad_position: stop(),
  bad_payload: stop(),
  payload_too_deep: stop(),
  entry_too_large: stop(),
  body_too_large: stop(),
  stream_not_found: stop(),
  stream_closed: stop(),
  fenced: stop(),
  out_of_order: stop(),
  too_many_subscriptions: stop(),
  too_many_streams: stop(),
  unknown_outcome: backoff(),
  storage_failed: backoff(),
  storage_full: backoff(),
  engine_busy: backoff(),
  bad_origin: stop(),
  bad_host: stop(),
  method_not_allowed: stop(),
  not_found: stop(),
  unsupported_media_type: stop(),
  // Raised by the client itself.
  connect_failed: backoff(),
  connect_timeout: backoff(),
  token_failed: backoff(),
  network_offline: resume(),
  response_buffered: backoff(),
  origin_connections: backoff(),
  closed_by_user: stop(1000),
  aborted: stop(),
  outbox_full: stop(),
  outbox_expired: stop(),
} as const satisfies Record<string, CodeRule>;

/** A code of the table. */
export type Code = keyof typeof codeRules;

/** Whether a text received from a peer is a code that this version knows. */
export function isCode(text: unknown): text is Code {
  return typeof text === "string" && Object.hasOwn(codeRules, text);
}

/** Why a position could not be honoured; what each means is in `gapReasons` (codes.ts). */
export type GapReason = "trimmed" | "epoch" | "ahead" | "missing";
