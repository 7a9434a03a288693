/**
 * Node's TCP behind the lab's few words for it. Every trick that real sockets need is here and only here.
 * It must never leave an error event unheard, a descriptor open after `gone`, or Node's own timeouts in the way.
 */

import { connect, createServer, type NetConnectOpts, type Server, type Socket } from "node:net";
import type { Address, Dial, DialResult, GoneHow, LabListener, LabNet, LabSocket, PortHold, SocketEvents } from "../env.ts";
import { SendQueueWatch } from "./send-queue.ts";

/** How long an RST waits at most for a receiver that does not take what was sent before it. */
const sentWaitMs = 1000;

/** Small on purpose: what waits in Node's own buffers is felt by neither side. One read may still be 64 KiB. */
const streamBytes = 1;

const backlog = 4096;

const sendQueues = new SendQueueWatch();

class NodeSocket implements LabSocket {
  readonly peer: Address;
  readonly #socket: Socket;
  #events: SocketEvents | null = null;
  #ours = false;
  #failed = false;
  #gone = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.peer = { host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    socket.on("error", () => {
      this.#failed = true;
    });
    socket.on("close", () => {
      this.#gone = true;
      this.#events?.gone(this.#how());
    });
  }

  start(events: SocketEvents): void {
    this.#events = events;
    if (this.#gone) {
      events.gone(this.#how());
      return;
    }
    this.#socket.on("end", () => events.end());
    this.#socket.on("data", (bytes: Buffer) => {
      if (!this.#gone) events.bytes(bytes);
    });
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  write(bytes: Uint8Array, done: (accepted: boolean) => void): void {
    this.#socket.write(bytes, (error) => done(error === null || error === undefined));
  }

  end(): void {
    this.#socket.end();
  }

  reset(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    this.#ours = true;
    // While a FIN is being handed to the kernel libuv refuses to reset and Node would keep the descriptor.
    if (socket.writableEnded && !socket.writableFinished) socket.once("finish", () => socket.resetAndDestroy());
    else socket.resetAndDestroy();
  }

  resetWhenSent(): void {
    const { localPort, remotePort, remoteFamily } = this.#socket;
    if (localPort === undefined || remotePort === undefined) {
      this.reset();
      return;
    }
    void sendQueues.whenEmpty({ localPort, remotePort, ipv6: remoteFamily === "IPv6" }, sentWaitMs).then(() => this.reset());
  }

  destroy(): void {
    this.#ours = true;
    this.#socket.destroy();
  }

  #how(): GoneHow {
    if (this.#ours) return "by-lab";
    return this.#failed ? "reset" : "finished";
  }
}

export const nodeNet: LabNet = {
  listen: (address, events) =>
    new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: streamBytes }, (socket) => events.socket(new NodeSocket(socket)));
      server.once("error", reject);
      server.listen({ ...address, backlog }, () => {
        server.off("error", reject);
        server.on("error", () => events.failed());
        resolve(listenerOf(server));
      });
    }),
  dial,
  hold,
};

function listenerOf(server: Server): LabListener {
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    // Node reports a server as closed when its last connection is; the port is free at once, which is what matters here.
    close: () =>
      new Promise((resolve) => {
        server.close();
        setImmediate(resolve);
      }),
  };
}

function dial(address: Address): Dial {
  // A socket is a Duplex and takes its options; the type of `connect` does not say so.
  const options: NetConnectOpts & { highWaterMark: number } = { ...address, allowHalfOpen: true, noDelay: true, highWaterMark: streamBytes };
  const socket = connect(options);
  const result = new Promise<DialResult>((resolve) => {
    let code = "cancelled";
    socket.once("error", (error: NodeJS.ErrnoException) => {
      code = error.code ?? "unknown";
    });
    socket.once("close", () => resolve({ ok: false, code }));
    socket.once("connect", () => resolve({ ok: true, socket: new NodeSocket(socket) }));
  });
  return { result, cancel: () => socket.destroy() };
}

/**
 * Keeps a port without listening: a socket that is connected to itself (TCP's simultaneous open) occupies the port, and the kernel
 * still refuses dials to it. Where that does not work the port is merely free, as it would be without a hold.
 */
function hold({ host, port }: Address): Promise<PortHold> {
  const socket = connect({ host, port, localAddress: host, localPort: port });
  const released = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const release = (): Promise<void> => {
    socket.resetAndDestroy();
    return released;
  };
  return new Promise((resolve) => {
    socket.once("connect", () => resolve({ release }));
    socket.on("error", () => resolve({ release: () => released }));
  });
}
