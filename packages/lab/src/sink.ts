/**
 * The end of a line: writes what the faults let through to the receiver's socket, one write at a time, in order.
 * It must never write behind a close, and every byte that it is given is reported as delivered or dropped, once.
 * A socket that has left refuses each write, which makes the rest dropped; the source is still read, so that its end is noticed.
 */

import type { LabSocket } from "./env.ts";
import type { Outgoing } from "./fault.ts";
import { Queue } from "./queue.ts";

/** Where the sink reports each byte's fate. */
export interface SinkHost {
  delivered(byteCount: number): void;
  dropped(byteCount: number): void;
}

export class Sink {
  readonly #host: SinkHost;
  readonly #queue = new Queue<Outgoing>();
  #socket: LabSocket | null = null;
  #writing = false;
  /** What has been accepted: a FIN ends the bytes but may be followed by an RST; nothing follows an RST. */
  #fate: "open" | "ended" | "reset" = "open";

  /** Bytes accepted for writing since the start: what a fault that joins now has missed. */
  acceptedBytes = 0;

  constructor(host: SinkHost) {
    this.#host = host;
  }

  get busy(): boolean {
    return this.#writing || this.#queue.length > 0;
  }

  /** Gives the sink its socket; before that it only collects. */
  attach(socket: LabSocket): void {
    this.#socket = socket;
    this.#pump();
  }

  push(item: Outgoing): void {
    if (this.#fate === "reset" || (this.#fate === "ended" && item.kind !== "reset")) {
      if (item.kind === "bytes") this.#host.dropped(item.bytes.byteLength);
      return;
    }
    if (item.kind === "bytes") this.acceptedBytes += item.bytes.byteLength;
    else this.#fate = item.kind === "end" ? "ended" : "reset";
    this.#queue.push(item);
    this.#pump();
  }

  #pump(): void {
    while (this.#socket !== null && !this.#writing) {
      const item = this.#queue.shift();
      if (item === undefined) return;
      if (item.kind === "bytes") this.#write(this.#socket, item.bytes);
      else if (item.kind === "end") this.#socket.end();
      else this.#socket.resetWhenSent();
    }
  }

  #write(socket: LabSocket, bytes: Uint8Array): void {
    this.#writing = true;
    socket.write(bytes, (accepted) => {
      this.#writing = false;
      if (accepted) this.#host.delivered(bytes.byteLength);
      else this.#host.dropped(bytes.byteLength);
      this.#pump();
    });
  }
}
