/**
 * The messages of protocol version 1, as types. PROTOCOL.md is their meaning; the decoders are their validation.
 * Every message is one JSON object in one text message. Unknown members are ignored; unknown types from a server are ignored too.
 */
import type { Code, GapReason } from "./code-rules.ts";

/** The WebSocket subprotocol (RFC 6455, section 1.9) of this version. */
export const subprotocol = "holdfast.v1";

/** The content type of a link on a stream of HTTP/2: length-prefixed messages, both ways. */
export const linkContentType = "application/vnd.holdfast.v1";

/** The version that `hello` names. */
export const protocolVersion = 1;

/** Where a subscription begins: after a position, at the first entry held, at the next one, or n entries before the newest. */
export type From = "first" | "now" | { readonly last: number } | { readonly after: string };

/** How a payload is to be read: JSON text, or bytes that are nobody's business. */
export type PayloadFormat = "json" | "bytes";

/** Identifies one publish for ever: a repetition with the same three is answered with the same position and adds nothing. */
export interface ProducerTuple {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

// ---- client to server

export interface HelloFrame {
  readonly type: "hello";
  readonly protocol: number;
  /** Name and version of the client, for logs; at most 128 bytes. */
  readonly client?: string;
  /** The link that this one takes over (make-before-break). */
  readonly replaces?: string | undefined;
  /** Who the client is; only whoever authenticates reads it. It must never reach a log. */
  readonly token?: string | undefined;
}
/** Who the client is, again, before the former token is over. */
export interface AuthFrame {
  readonly type: "auth";
  readonly id: number;
  readonly token: string;
}
export interface SubscribeFrame {
  readonly type: "subscribe";
  readonly id: number;
  readonly stream: string;
  readonly from: From;
}
export interface UnsubscribeFrame {
  readonly type: "unsubscribe";
  readonly stream: string;
}
export interface PublishPartFrame {
  readonly type: "part";
  readonly id: number;
  readonly index: number;
  readonly base64: string;
}
export interface PublishFrame {
  readonly type: "publish";
  readonly id: number;
  readonly stream: string;
  /** How many `part` messages with this id came before; 0 when the payload is inside. */
  readonly parts: number;
  readonly format: PayloadFormat;
  /** The payload exactly as received; empty when it came in parts. */
  readonly payload: Uint8Array;
  readonly key?: string;
  readonly producer?: ProducerTuple;
  readonly dedupeKey?: string;
  /** Ends the stream with this entry, or without one when there is no payload. */
  readonly close: boolean;
  /** False when the message only ends the stream. */
  readonly hasEntry: boolean;
}
export interface BeatFrame {
  readonly type: "beat";
}
export interface PingFrame {
  readonly type: "ping";
  readonly id: number;
}
export interface PongFrame {
  readonly type: "pong";
  readonly id: number;
}
export type ClientFrame = HelloFrame | AuthFrame | SubscribeFrame | UnsubscribeFrame | PublishPartFrame | PublishFrame | BeatFrame | PingFrame | PongFrame;

// ---- server to client

/** What the server advises for the next reconnect: spread it evenly over this many ms. */
export interface ReconnectAdvice {
  readonly windowMs: number;
}
export interface WelcomeFrame {
  readonly type: "welcome";
  readonly link: string;
  readonly node: string;
  readonly heartbeatMs: number;
  readonly entryBytesMax: number;
  readonly subscriptionsMax: number;
  readonly reconnect: ReconnectAdvice;
  /** For how long the link lasts without a renewal; absent when it does not end by itself. */
  readonly expiresMs?: number;
}
/** The answer to `auth`: the new token counts. */
export interface AuthedFrame {
  readonly type: "authed";
  readonly id?: number;
  readonly expiresMs?: number;
}
export interface SubscribedFrame {
  readonly type: "subscribed";
  readonly id: number;
  readonly stream: string;
  /** Where delivery begins: entries after this one follow, or a `gap` from it. */
  readonly position: string;
  /** The newest entry's position at that moment. */
  readonly head: string;
}
export interface UnsubscribedFrame {
  readonly type: "unsubscribed";
  /** The id of the subscribe that is refused; absent when a running subscription ends. */
  readonly id?: number;
  readonly stream: string;
  /** Absent when the client asked for it. */
  readonly code?: Code;
  readonly message?: string;
}
export interface EntryFrame {
  readonly type: "entry";
  readonly stream: string;
  readonly position: string;
  readonly prev: string;
  readonly timeMs: number;
  readonly key?: string;
  readonly format: PayloadFormat;
  readonly parts: number;
  /** The message text; the payload is inside as `data` (JSON) or `base64` (bytes) unless `parts` is above 0. */
  readonly text: string;
  /** The parsed `data`; undefined for bytes and parts. */
  readonly data: unknown;
  readonly base64?: string;
}
export interface EntryPartFrame {
  readonly type: "part";
  readonly stream: string;
  readonly position: string;
  readonly index: number;
  readonly base64: string;
}
export interface GapFrame {
  readonly type: "gap";
  readonly stream: string;
  readonly reason: GapReason;
  /** The position that cannot be honoured. */
  readonly from: string;
  /** Delivery goes on after this position. */
  readonly after: string;
  readonly head: string;
}
export interface ClosedFrame {
  readonly type: "closed";
  readonly stream: string;
  /** The final entry's position. */
  readonly position: string;
}
export interface PublishedFrame {
  readonly type: "published";
  readonly id: number;
  /** Null when no entry was added (a mere `close`), or when a duplicate is further back than the server remembers. */
  readonly position: string | null;
  readonly duplicate: boolean;
}
export interface RefusedFrame {
  readonly type: "refused";
  readonly id: number;
  readonly code: Code;
  readonly message: string;
  readonly afterMs?: number;
}
export interface StreamBeat {
  /** The server's cursor for this stream on this link. */
  readonly sent: string;
  readonly head: string;
}
export interface ServerBeatFrame {
  readonly type: "beat";
  /** The streams whose `sent` or `head` changed since the last beat. */
  readonly streams?: Readonly<Record<string, StreamBeat>>;
  readonly reconnect?: ReconnectAdvice;
}
export interface GoawayFrame {
  readonly type: "goaway";
  readonly code: Code;
  /** When to dial the replacement, in ms from now. */
  readonly afterMs: number;
  /** The server closes this link after this many ms. */
  readonly deadlineMs: number;
}
export interface ErrorFrame {
  readonly type: "error";
  readonly code: Code;
  readonly message: string;
  readonly id?: number;
}
/** The last message of a link over requests, in place of a close frame. */
export interface ByeFrame {
  readonly type: "bye";
  readonly code: Code;
}
export type ServerFrame =
  | WelcomeFrame
  | AuthedFrame
  | SubscribedFrame
  | UnsubscribedFrame
  | EntryFrame
  | EntryPartFrame
  | GapFrame
  | ClosedFrame
  | PublishedFrame
  | RefusedFrame
  | ServerBeatFrame
  | PingFrame
  | PongFrame
  | GoawayFrame
  | ErrorFrame
  | ByeFrame;
