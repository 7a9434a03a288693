/**
 * One connection to the target, with its end told apart: FIN, RST, or a failure of the network; and when. It must never end by itself.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Clock } from "@holdfast/protocol";

/** How a connection came to its end from outside. lost: the network said so (ETIMEDOUT and the like). */
export interface LineEnd {
  readonly how: "fin" | "rst" | "lost";
  readonly atMs: number;
  readonly why: string;
}

export class Line {
  readonly socket: Socket;
  readonly secured: TLSSocket | null;
  readonly openedMs: number;
  readonly tcpMs: number;
  readonly tlsMs: number | null;
  readonly ended: Promise<LineEnd>;
  /** When a byte came last, the handshakes' included. */
  lastByteMs: number;
  /** Whoever reads now. */
  onBytes: ((bytes: Uint8Array) => void) | null = null;
  #clock: Clock;
  #end: LineEnd | null = null;
  #settle: (end: LineEnd) => void = () => {};
  #isReading = false;

  constructor(socket: Socket, secured: TLSSocket | null, times: { readonly tcpMs: number; readonly tlsMs: number | null }, clock: Clock) {
    this.socket = secured ?? socket;
    this.secured = secured;
    this.#clock = clock;
    this.openedMs = clock.monoMs();
    this.lastByteMs = this.openedMs;
    this.tcpMs = times.tcpMs;
    this.tlsMs = times.tlsMs;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.socket.on("end", () => this.finish("fin", "FIN"));
    this.socket.on("error", (fault: NodeJS.ErrnoException) => this.failed(fault));
    this.socket.on("close", () => this.finish("fin", "closed"));
  }

  /** Null while it is open. */
  get end(): LineEnd | null {
    return this.#end;
  }

  /** Takes an end that another layer was told of; only the first counts. */
  finish(how: LineEnd["how"], why: string): void {
    if (this.#end !== null) return;
    this.#end = { how, why, atMs: this.#clock.monoMs() };
    this.#settle(this.#end);
  }

  failed(fault: NodeJS.ErrnoException): void {
    const isReset = fault.code === "ECONNRESET" || fault.code === "EPIPE" || fault.code === "ECONNABORTED";
    this.finish(isReset ? "rst" : "lost", fault.code ?? fault.message);
  }

  /** Begins to read; not for sockets that are handed to another reader. */
  read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.socket.on("data", (bytes: Uint8Array) => {
      this.lastByteMs = this.#clock.monoMs();
      this.onBytes?.(bytes);
    });
  }

  write(bytes: string | Uint8Array): void {
    if (this.#end === null) this.socket.write(bytes);
  }

  /** TCP probes each second from now on. */
  probe(): void {
    this.socket.setKeepAlive(true, 1_000);
  }

  /** Ends it from here. Not an end that counts: whoever asks afterwards sees that it was given up. */
  close(): void {
    this.socket.destroy();
  }
}
