/**
 * What a WebSocket is told when it ends, and what `ws` has told it: close codes (RFC 6455, section 7.4) by end code. The reason in the
 * close frame is the end code itself. It must never hold a code that may not be sent: 1005, 1006, 1015.
 */
import type { EndCode } from "../ends.ts";

interface CloseRow {
  readonly close: number;
  /** What a client should make of it. */
  readonly client: string;
}

const row = (close: number, client: string): CloseRow => ({ close, client });
const fault = "Is at fault: come back with less, or not at all";

/** Close codes by end code; docs/websocket.md is made from it. */
export const webSocketCloses = {
  bad_payload: row(1007, fault),
  binary_unsupported: row(1003, "Send text"),
  draining: row(1012, "Come back: another node answers"),
  fragment_flood: row(1008, fault),
  frame_too_large: row(1009, fault),
  message_unfinished: row(1008, fault),
  overloaded: row(1013, "Come back later"),
  ping_flood: row(1008, fault),
  protocol_error: row(1002, fault),
  rate_limited: row(4002, "Come back later, and send less often"),
  reclaimed: row(1013, "Come back later"),
  revoked: row(4501, "Sign in again"),
  slow_reader: row(4001, "Come back, and read faster or ask for less"),
  too_many_connections: row(1013, "Come back later"),
  too_many_from_address: row(4504, "Close others first"),
  too_many_of_subject: row(4504, "Close others first"),
  zombie: row(4003, "Come back: the connection had been dead"),
} as const satisfies Partial<Record<EndCode, CloseRow>>;

/** For every other end: the server goes away, for a reason that is not the peer's. */
const going = 1001;

export function closeCodeOf(code: EndCode): number {
  return (webSocketCloses as Partial<Record<EndCode, CloseRow>>)[code]?.close ?? going;
}

/** What `ws` calls the faults that it finds. It has sent their close codes by itself, and its own `close` event then says 1006. */
const faults: Readonly<Record<string, EndCode>> = {
  WS_ERR_INVALID_UTF8: "bad_payload",
  WS_ERR_TOO_MANY_BUFFERED_PARTS: "fragment_flood",
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: "frame_too_large",
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: "frame_too_large",
};

/** The end code of an error of `ws`; null when it is not about what the peer sent. */
export function faultOf(error: Error & { readonly code?: unknown }): EndCode | null {
  const code = typeof error.code === "string" ? error.code : "";
  if (code.startsWith("WS_ERR_")) return faults[code] ?? "protocol_error";
  // A deflate stream that does not inflate.
  return code.startsWith("Z_") ? "bad_payload" : null;
}
