/**
 * The fixed limits of protocol version 1, in one table: what may grow, how far, and the code that says it was too much.
 * Limits that an operator sets are options of the server and the client; docs/limits.md lists both.
 */
import * as bounds from "./bounds.ts";

/** One limit. `code` names the entry of the table of codes with which a violation is answered. */
export interface Limit {
  readonly value: number;
  readonly unit: string;
  readonly what: string;
  readonly code: string | null;
  readonly metric: string | null;
}

export const limits = {
  wireBytesMax: {
    value: bounds.wireBytesMax,
    unit: "bytes",
    what: "One message on the wire, either direction; larger entries travel as `part` messages",
    code: "frame_too_large",
    metric: "holdfast_refused_total",
  },
  entryBytesMax: {
    value: bounds.entryBytesMax,
    unit: "bytes",
    what: "Payload of one entry; the server option `entryBytesMax` may lower it",
    code: "entry_too_large",
    metric: "holdfast_refused_total",
  },
  partBytesMax: {
    value: bounds.partBytesMax,
    unit: "bytes",
    what: "Payload carried by one `part` message, before base64",
    code: "bad_request",
    metric: "holdfast_refused_total",
  },
  partsMsMax: {
    value: 30_000,
    unit: "ms",
    what: "Time from the first part of a published payload to its last; checked at every beat",
    code: "bad_request",
    metric: "holdfast_refused_total",
  },
  inlineBytesMax: {
    value: bounds.inlineBytesMax,
    unit: "bytes",
    what: "Payload, as written, above which a sender must use parts. Nothing is refused for it alone: `wireBytesMax` is",
    code: null,
    metric: null,
  },
  streamNameBytesMax: {
    value: bounds.streamNameBytesMax,
    unit: "bytes",
    what: "A stream's name in UTF-8",
    code: "bad_stream_name",
    metric: "holdfast_refused_total",
  },
  keyBytesMax: {
    value: bounds.keyBytesMax,
    unit: "bytes",
    what: "An entry's `key`, a `dedupeKey` and a producer's id, each",
    code: "bad_request",
    metric: "holdfast_refused_total",
  },
  clientNameBytesMax: {
    value: bounds.clientNameBytesMax,
    unit: "bytes",
    what: "The `client` of a `hello`",
    code: "bad_request",
    metric: "holdfast_refused_total",
  },
  tokenBytesMax: {
    value: 8_192,
    unit: "bytes",
    what: "A token that says who a client is",
    code: "unauthenticated",
    metric: "holdfast_refused_total",
  },
  earlyCharsMax: {
    value: 262_144,
    unit: "characters",
    what: "What a server keeps of a link's messages while it is decided who the client is; nothing more is read from it meanwhile",
    code: "bad_request",
    metric: "holdfast_closed_total",
  },
  durationMsMax: {
    value: bounds.durationMsMax,
    unit: "ms",
    what: "Any duration that a server names (heartbeat, window, delay); a client ends the link above it, because timers overflow",
    code: null,
    metric: null,
  },
  jsonDepthMax: {
    value: bounds.jsonDepthMax,
    unit: "levels",
    what: "Nesting of arrays and objects in a JSON payload; a message may add 8 of its own",
    code: "payload_too_deep",
    metric: "holdfast_refused_total",
  },
  badMessagesMax: {
    value: 10,
    unit: "messages per minute",
    what: "Messages answered with `error` before the link is closed",
    code: "bad_request",
    metric: "holdfast_closed_total",
  },
  lastEntriesMax: {
    value: bounds.lastEntriesMax,
    unit: "entries",
    what: "The n of a subscription from `{ last: n }`",
    code: "bad_request",
    metric: "holdfast_refused_total",
  },
  requestStreamsMax: {
    value: 64,
    unit: "streams",
    what: "Streams of one `GET /v1/sse`; the server option `subscriptionsMax` may lower it",
    code: "too_many_subscriptions",
    metric: "holdfast_refused_total",
  },
  eventIdBytesMax: {
    value: 3_072,
    unit: "bytes",
    what: "The id of an event for native EventSource: room for 64 of the longest positions, so that no id outgrows it",
    code: "bad_position",
    metric: "holdfast_refused_total",
  },
  linkBodyBytesMax: {
    value: 131_072,
    unit: "bytes",
    what: "Body of `POST /v1/sse`, or 1,024 for each of `subscriptionsMax`, whichever is more",
    code: "body_too_large",
    metric: "holdfast_refused_total",
  },
  callBytesMax: {
    value: 65_536,
    unit: "bytes",
    what: "What a message of a gRPC call may have beyond `entryBytesMax`: names, keys, a token, a row of subscriptions",
    code: "frame_too_large",
    metric: "holdfast_closed_total",
  },
  repeatedMax: {
    value: bounds.repeatedMax,
    unit: "elements per message",
    what: "Subscriptions, unsubscribes, publishes and values said again of one gRPC message together; more make it malformed",
    code: "protocol_error",
    metric: "holdfast_closed_total",
  },
  messagePiecesMax: {
    value: bounds.messagePiecesMax,
    unit: "pieces",
    what: "Pieces, DATA frames mostly, of a length-prefixed message, and one more for each 64 of its bytes; so that none comes byte by byte",
    code: "frame_too_large",
    metric: "holdfast_closed_total",
  },
  heldPiecesMax: {
    value: 4_096,
    unit: "pieces",
    what: "Pieces that wait on a stream of HTTP/2 while nothing is read from its link (`h2`, `grpc`)",
    code: "frame_too_large",
    metric: "holdfast_closed_total",
  },
  pipelinedRequestsMax: {
    value: 16,
    unit: "requests per connection",
    what: "Requests sent ahead of an answer; one more ends the connection",
    code: "bad_request",
    metric: "holdfast_refused_total",
  },
} as const satisfies Record<string, Limit>;
