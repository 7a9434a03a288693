/**
 * The way out that all transports over a socket share: bytes are written at once, and what stays behind is watched.
 * A base class rather than a part: the fan-out visits thousands of carriers, and one object less is one cache miss less.
 * It must never report `drained` while bytes wait.
 */
import type { Duplex } from "node:stream";
import type { CarrierEvents } from "../carrier.ts";

const nothing = Buffer.alloc(0);

/** Whoever knows the connections under sockets. */
export interface ConnectionResetter {
  /** False: it does not know this one. */
  resetConnection(socket: object): boolean;
}

export abstract class SocketCarrier {
  protected readonly socket: Duplex;
  protected events: CarrierEvents | null = null;
  #armed = false;
  /** Made when bytes stay behind for the first time, which on most links they never do. */
  #left: ((error?: Error | null) => void) | null = null;

  constructor(socket: Duplex) {
    this.socket = socket;
  }

  /** Bytes written and not yet taken by the kernel. */
  get queuedBytes(): number {
    return this.socket.writableLength;
  }

  protected write(bytes: Uint8Array): void {
    this.socket.write(bytes);
    this.watch();
  }

  /**
   * Ends the connection so that nothing of what waits is delivered. Under TLS only the raw socket can be reset, and it is not reached from
   * here: to ask the secure one for it throws.
   */
  protected reset(connections: ConnectionResetter): void {
    if (!connections.resetConnection(this.socket)) this.socket.destroy();
  }

  /**
   * Bytes that stay behind are waited for by an empty write after them: its callback comes when they have left.
   * A callback on every write would cost a turn for each; `drain` does not come below the high-water mark.
   */
  protected watch(): void {
    if (this.#armed || this.socket.writableLength === 0) return;
    this.#armed = true;
    this.#left ??= (error) => {
      this.#armed = false;
      if (error !== undefined && error !== null) return; // `gone` follows.
      if (this.socket.writableLength > 0) this.watch();
      else this.events?.drained();
    };
    this.socket.write(nothing, this.#left);
  }
}
