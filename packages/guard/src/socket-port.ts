/**
 * The seam between a connection and its socket: TCP, TLS and tests are the same behind it. Types only.
 */

/** The socket, as far as guard needs one. */
export interface SocketPort {
  /** Bytes received so far, whoever read them. */
  bytesRead(): number;
  bytesWritten(): number;
  /** What waits that the kernel has not taken; text counts by its characters. */
  waitingBytes(): number;
  /** Bytes on the wire's side that the kernel has taken so far: it grows as the peer reads, in the middle of one large write too. */
  sentBytes(): number;
  /** What is left of the write that the kernel is taking. */
  queuedBytes(): number;
  /** Closes for writing after `final`; what still comes is read and thrown away. */
  end(final: Uint8Array | null): void;
  /** Ends at once; queued bytes are not delivered. */
  reset(): void;
}
