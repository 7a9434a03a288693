/**
 * What a WebSocket is told when it ends, and what `ws` has told it: close codes (RFC 6455, section 7.4) by end code. The reason in the
 * close frame is the end code itself. It must never hold a code that may not be sent: 1005, 1006, 1015.
 */
import type { EndCode } from "../ends.ts";

const going = 1001;
const refused = 1008;
const later = 1013;

/** Ends without a row here are told 1001: the server goes away, for a reason that is not the peer's. */
const codes: Partial<Readonly<Record<EndCode, number>>> = {
  bad_payload: 1007,
  binary_unsupported: 1003,
  draining: 1012,
  fragment_flood: refused,
  frame_too_large: 1009,
  message_unfinished: refused,
  overloaded: later,
  ping_flood: refused,
  protocol_error: 1002,
  rate_limited: 4002,
  reclaimed: later,
  revoked: 4501,
  slow_reader: 4001,
  too_many_connections: later,
  too_many_from_address: 4504,
  too_many_of_subject: 4504,
  zombie: 4003,
};

export function closeCodeOf(code: EndCode): number {
  return codes[code] ?? going;
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
