/**
 * The transport seam: what a transport makes of a socket or a request, and what the hub does with it.
 * The hub knows no transport by name: it asks what is declared here. A carrier must never queue for the hub:
 * it writes what it is given at once, and says how many bytes the peer has not taken yet.
 *
 *   socket --text, bytes, drained, gone--> CarrierEvents (hub)
 *   socket <--deliver, send, close-------- Carrier (transport)
 */
import type { ClientFrame, Code, Decoded, PayloadFormat, ServerFrame } from "@holdfast/protocol";

/** An entry ready to be encoded: tokens instead of numbers. */
export interface OutgoingEntry {
  readonly stream: string;
  readonly position: string;
  readonly prev: string;
  readonly timeMs: number;
  readonly key: string | undefined;
  readonly format: PayloadFormat;
  readonly payload: Uint8Array;
}

/**
 * How entries look on one kind of wire. Encoded entries are shared by all links of the format and can be joined end to end:
 * whatever must come once per flush is the carrier's own business in `deliver`.
 */
export interface WireFormat {
  readonly name: string;
  encode(entry: OutgoingEntry): Uint8Array;
}

/** One link's way out. */
export interface Carrier {
  /** For people and metrics: `websocket`, `sse`, ... */
  readonly transport: string;
  /** False when the client cannot answer on this link: then it cannot be proved alive by silence. */
  readonly twoWay: boolean;
  /** False when a link is a row of many carriers, one after the other: then none of them is a new link that admission would count. */
  readonly lasting: boolean;
  readonly format: WireFormat;
  /** Bytes written and not yet taken by the kernel. The gate: entries are delivered only while it is 0. */
  readonly queuedBytes: number;
  /**
   * Writes encoded entries of one stream, the last of which is at `position`. The bytes are shared: never written to.
   * When bytes stay behind, `drained` is called once they have left.
   */
  deliver(bytes: Uint8Array, stream: string, position: string): void;
  /** Writes any other message. */
  send(frame: Exclude<ServerFrame, { type: "entry" | "part" }>): void;
  /** Writes several of them in one go. */
  sendAll(frames: readonly Exclude<ServerFrame, { type: "entry" | "part" }>[]): void;
  /** Stops or resumes reading from the peer: the peer feels it by TCP's own flow control. */
  holdInput(held: boolean): void;
  /** Starts the closing handshake with the code's close code and a JSON reason; the transport bounds how long it takes. */
  close(code: Code, details?: CloseDetails): void;
  /** Ends the connection at once; queued bytes are not delivered. */
  destroy(): void;
  /** Says whose connection it is. False: there are too many of that subject. Absent where nobody counts them. */
  belongsTo?(subject: string): boolean;
}

/** What a closing handshake may carry beside its code. */
export interface CloseDetails {
  readonly message?: string;
  readonly afterMs?: number;
  readonly windowMs?: number;
}

/** What a transport tells the hub of one link, and may ask about it. */
export interface CarrierEvents {
  /** Publishes and subscribes that were taken and whose answers have not been given to the carrier yet. */
  readonly unanswered: number;
  /** Subscriptions that go on or are being looked up. With `unanswered`, what a response needs to know that must end. */
  readonly subscriptions: number;
  /** A complete text message of at most `wireBytesMax`. */
  text(message: string): void;
  /** The same for a message that came by another encoding, and has been read or found wrong; `bytes`: what its payload has. */
  frame(message: Decoded<ClientFrame>, bytes: number): void;
  /** Bytes of any kind arrived: proof of life. */
  bytes(): void;
  /** A ping of the transport's own kind (RFC 6455, section 5.5.2) arrived. False: do not answer, the link is being closed for it. */
  ping(): boolean;
  /** Everything written has left; called only after a `deliver` or `send` that left bytes behind. */
  drained(): void;
  /** The connection is gone. Called exactly once; nothing is called after it. */
  gone(closeCode: number | null): void;
}
