/**
 * A socket as guard needs one. With TLS there are two: the raw one, whose bytes are on the wire, and the secure one, which the
 * application writes to. It must never write to a raw socket that TLS speaks on.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { SocketPort } from "../socket-port.ts";

/**
 * libuv's own figures. Node's (`writableLength`) show whole writes only, and a write may be megabytes; and they count characters of text, not
 * bytes, so that more of it would look like progress.
 */
type WithHandle = Socket & { readonly _handle?: { readonly bytesWritten?: number; readonly writeQueueSize?: number } | null };

/** What Node itself does with a body that nobody wants: what still comes of it is thrown away. */
type Dumped = IncomingMessage & { readonly _dump?: () => void };

/** What is left of the write that the kernel is taking from `raw`, a TCP socket. */
export function writeQueueBytes(raw: Socket): number {
  return (raw as WithHandle)._handle?.writeQueueSize ?? 0;
}

/** What a TLS socket was made of. Node has no public name for it, and no other way to tell whose handshake has ended. */
export function rawOf(socket: TLSSocket): Socket {
  return (socket as unknown as { readonly _parent: Socket })._parent;
}

const isShuttingDown = (socket: Socket): boolean => socket.writableEnded && !socket.writableFinished;

export class NodeSocketPort implements SocketPort {
  readonly raw: Socket;
  /** What the application speaks on. Null until the TLS handshake is done. */
  #top: Socket | null;
  /** The request whose body still comes, if any: Node stops reading the socket while nobody reads the body. */
  body: IncomingMessage | null = null;

  constructor(raw: Socket, isTls: boolean) {
    this.raw = raw;
    this.#top = isTls ? null : raw;
  }

  /** What the application speaks on; the raw socket before the TLS handshake is done. */
  get top(): Socket {
    return this.#top ?? this.raw;
  }

  get isHandshaking(): boolean {
    return this.#top === null;
  }

  /** The TLS handshake is done. */
  secured(top: Socket): void {
    this.#top = top;
  }

  bytesRead(): number {
    return this.raw.bytesRead;
  }

  bytesWritten(): number {
    return this.top.bytesWritten;
  }

  waitingBytes(): number {
    return Math.max(this.queuedBytes(), this.top.writableLength);
  }

  sentBytes(): number {
    return ((this.raw as WithHandle)._handle?.bytesWritten ?? 0) - this.queuedBytes();
  }

  queuedBytes(): number {
    return writeQueueBytes(this.raw);
  }

  end(final: Uint8Array | null): void {
    const top = this.#top;
    if (top === null) {
      this.raw.destroy(); // In the middle of a handshake there are no words that the peer would understand.
      return;
    }
    if (final !== null && top.writable) top.write(final);
    top.end();
    (this.body as Dumped | null)?._dump?.();
    top.resume(); // What nobody reads any more must still be read, or the peer's FIN is never seen.
  }

  reset(): void {
    // Node resets TCP sockets only; a TLS socket ends with the raw one under it. While a shutdown is under way, of the raw socket or of TLS,
    // which shuts the raw one down unseen, a reset fails, and Node then forgets the socket without closing it.
    const isEnding = isShuttingDown(this.raw) || (this.#top !== null && isShuttingDown(this.#top));
    if (this.raw.remoteFamily === undefined || isEnding) this.raw.destroy();
    else this.raw.resetAndDestroy();
    this.#top?.destroy();
  }
}
