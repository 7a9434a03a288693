/**
 * What the moving of a socket's counters tells: when the peer was last heard of, and how it takes what waits for it. It is asked now and
 * then, and knows nothing in between.
 */
import type { SocketPort } from "./socket-port.ts";

/** What one look found. */
export interface Look {
  /** Bytes received so far. */
  readonly bytes: number;
  /** For how long nothing was received, and nothing moved in either direction. */
  readonly silentMs: number;
  readonly motionlessMs: number;
  /** For how long bytes have waited for the peer without one of them leaving; 0 while none wait. */
  readonly stalledMs: number;
  /** Bytes per second that left in the last whole window throughout which some waited; Infinity before there was one. */
  readonly sentPerSecond: number;
}

export class SocketWatch {
  readonly #port: SocketPort;
  readonly #windowMs: number;
  #heardMs: number;
  #movedMs: number;
  #bytesSeen = 0;
  #sentSeen = 0;
  /** Since when bytes have waited without one of them leaving; -1 while none do. */
  #stalledSinceMs = -1;
  /** The window through which bytes have waited: its beginning, and what had been sent then. */
  #windowFromMs = -1;
  #sentThen = 0;
  #sentPerSecond = Number.POSITIVE_INFINITY;

  /** `windowMs`: over how long a peer's reading is judged. */
  constructor(port: SocketPort, windowMs: number, nowMs: number) {
    this.#port = port;
    this.#windowMs = windowMs;
    this.#heardMs = this.#movedMs = nowMs;
  }

  /** When the peer was last heard of. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /** Something of the peer was received. */
  heard(nowMs: number): void {
    this.#heardMs = this.#movedMs = nowMs;
  }

  /**
   * For how long nothing had moved in either direction when the socket was closed. What was received since the last look counts if it is more
   * than `bytes`; what was sent since then is not known any more.
   */
  quietAtEnd(nowMs: number, bytes: number): number {
    return this.#port.bytesRead() - this.#bytesSeen > bytes ? 0 : nowMs - this.#movedMs;
  }

  look(nowMs: number): Look {
    const bytes = this.#port.bytesRead();
    if (bytes !== this.#bytesSeen) {
      this.#bytesSeen = bytes;
      this.heard(nowMs);
    }
    this.#lookAtSending(nowMs);
    return {
      bytes,
      silentMs: nowMs - this.#heardMs,
      motionlessMs: nowMs - this.#movedMs,
      stalledMs: this.#stalledSinceMs < 0 ? 0 : nowMs - this.#stalledSinceMs,
      sentPerSecond: this.#sentPerSecond,
    };
  }

  #lookAtSending(nowMs: number): void {
    const sent = this.#port.sentBytes();
    const hasMoved = sent !== this.#sentSeen;
    this.#sentSeen = sent;
    if (hasMoved) this.#movedMs = nowMs;
    if (this.#port.waitingBytes() === 0) {
      this.#stalledSinceMs = this.#windowFromMs = -1;
      this.#sentPerSecond = Number.POSITIVE_INFINITY;
      return;
    }
    if (hasMoved || this.#stalledSinceMs < 0) this.#stalledSinceMs = nowMs;
    const passedMs = nowMs - this.#windowFromMs;
    if (this.#windowFromMs >= 0 && passedMs < this.#windowMs) return;
    if (this.#windowFromMs >= 0) this.#sentPerSecond = ((sent - this.#sentThen) * 1_000) / passedMs;
    this.#windowFromMs = nowMs;
    this.#sentThen = sent;
  }
}
