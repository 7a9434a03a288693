/**
 * The seam between the client and what carries a link. A transport is one small file that implements it (adapters/websocket.ts, request-conn.ts).
 * A transport moves text and reports; it must never retry, nor judge whether the peer is alive.
 */
import type { Code, SubscribeFrame } from "@holdfast/protocol";

/** Where to dial. */
export interface DialTarget {
  /** The base of all endpoints: `http:` or `https:`, and a path that ends in `/v1/`. */
  readonly url: string;
  readonly subprotocol: string;
}

/**
 * What a connection reports. None is called before `dial` has returned. What comes after `close` or `destroy`, or after the first of
 * `onClose` and `onError`, is not listened to.
 */
export interface ConnHandlers {
  /** Texts may be sent now. */
  onOpen(): void;
  /** A message. `isProof` false: another connection brought it than the one that brings what is followed, so it proves nothing of that. Default: true. */
  onText(text: string, isProof?: boolean): void;
  /** Bytes came that are not (yet) a message: proof of life. */
  onActivity(): void;
  /** The peer ended the connection, or it broke (1006). `reason` is the peer's text, possibly empty. */
  onClose(end: { readonly closeCode: number; readonly reason: string }): void;
  /** The connection is over for a reason found on this side. */
  onError(code: Code, message: string): void;
  /** Everything that is asked for on this link, as it stands now, for transports that have to ask anew. */
  asks(): readonly SubscribeFrame[];
}

/** One connection, from the dial on. */
export interface Conn {
  /** Queues one text message. Only after `onOpen`; not after its end. */
  send(text: string): void;
  /** Bytes given to `send` that the system has not taken yet. */
  readonly queuedBytes: number;
  /** Ends in order: what is queued is still sent. `closeCode` is 1000 or from 3000 to 4999; `reason` at most 123 bytes. */
  close(closeCode: number, reason: string): void;
  /** Lets go at once, whatever is queued; a peer that is silent must not be waited for. */
  destroy(): void;
}

/** A way of carrying links. */
export interface Transport {
  /** For status and logs. */
  readonly name: string;
  dial(target: DialTarget, handlers: ConnHandlers): Conn;
}
