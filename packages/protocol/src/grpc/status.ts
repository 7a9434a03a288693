/**
 * Which status of gRPC stands for which code, in one table: the status tells clients of every kind whether to come back, the code tells
 * ours and yours what happened. It must have a row for every code that a server may end a call with.
 */
import type { Code } from "../code-rules.ts";

/** Statuses of gRPC by their names. */
export const grpcStatuses = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type GrpcStatusName = keyof typeof grpcStatuses;

/** What a client raises by itself never ends a call. */
type ClientOnly =
  | "connect_failed"
  | "connect_timeout"
  | "token_failed"
  | "network_offline"
  | "response_buffered"
  | "origin_connections"
  | "closed_by_user"
  | "aborted"
  | "outbox_full"
  | "outbox_expired";

/** Codes that may end a call. */
export type CallCode = Exclude<Code, ClientOnly>;

export const grpcStatusOf: Readonly<Record<CallCode, GrpcStatusName>> = {
  draining: "UNAVAILABLE",
  overloaded: "UNAVAILABLE",
  internal: "INTERNAL",
  slow_consumer: "RESOURCE_EXHAUSTED",
  rate_limited: "RESOURCE_EXHAUSTED",
  heartbeat_lost: "UNAVAILABLE",
  rotated: "UNAVAILABLE",
  token_expired: "UNAUTHENTICATED",
  bad_request: "INVALID_ARGUMENT",
  unauthenticated: "UNAUTHENTICATED",
  handshake_timeout: "DEADLINE_EXCEEDED",
  forbidden: "PERMISSION_DENIED",
  too_many_links: "RESOURCE_EXHAUSTED",
  protocol_unsupported: "UNIMPLEMENTED",
  superseded: "ABORTED",
  binary_unsupported: "INVALID_ARGUMENT",
  frame_too_large: "RESOURCE_EXHAUSTED",
  not_utf8: "INVALID_ARGUMENT",
  protocol_error: "INTERNAL",
  ping_flood: "RESOURCE_EXHAUSTED",
  bad_stream_name: "INVALID_ARGUMENT",
  bad_position: "INVALID_ARGUMENT",
  bad_payload: "INVALID_ARGUMENT",
  payload_too_deep: "INVALID_ARGUMENT",
  entry_too_large: "INVALID_ARGUMENT",
  body_too_large: "RESOURCE_EXHAUSTED",
  stream_not_found: "NOT_FOUND",
  stream_closed: "FAILED_PRECONDITION",
  fenced: "ABORTED",
  out_of_order: "FAILED_PRECONDITION",
  too_many_subscriptions: "RESOURCE_EXHAUSTED",
  too_many_streams: "RESOURCE_EXHAUSTED",
  unknown_outcome: "UNAVAILABLE",
  storage_failed: "UNAVAILABLE",
  storage_full: "RESOURCE_EXHAUSTED",
  engine_busy: "UNAVAILABLE",
  bad_origin: "PERMISSION_DENIED",
  bad_host: "PERMISSION_DENIED",
  method_not_allowed: "UNIMPLEMENTED",
  not_found: "UNIMPLEMENTED",
  unsupported_media_type: "UNIMPLEMENTED",
};

/** The rows as documentation lists them. */
export const grpcStatusDocs: Readonly<Record<string, { readonly status: string; readonly number: number }>> = Object.fromEntries(
  Object.entries(grpcStatusOf).map(([code, status]) => [code, { status, number: grpcStatuses[status] }]),
);

/** A message for `grpc-message`: percent-encoded, so that it is visible ASCII. */
export function grpcMessage(text: string): string {
  let message = "";
  for (const byte of new TextEncoder().encode(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    message += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return message;
}

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 };

/** The time of a `grpc-timeout`, in ms; null when it is none. */
export function grpcTimeoutMs(text: string): number | null {
  const match = /^(\d{1,8})([HMSmun])$/.exec(text);
  return match === null ? null : Math.ceil(Number(match[1]) * (unitMs[match[2] as string] as number));
}
