/**
 * What the lab's tests share: real TCP ends that remember what happened to them, a clock moved by hand, waiting with a deadline.
 * No socket here is a fake.
 */

import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { type Connection, type LabClock, type LabProxy, openProxy, type ProxyOptions } from "../src/index.ts";

/** Resolves when `condition` holds; fails with `what` after `deadlineMs`. */
export async function until(what: string, condition: () => boolean, deadlineMs = 5000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!condition()) {
    assert.ok(performance.now() < endMs, `no ${what} within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Lets real time pass: to see that something does not happen. */
export function elapse(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** One end of a TCP connection and its memory. */
export class Peer {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  byteCount = 0;
  ended = false;
  closed = false;
  errorCode: string | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.byteCount += chunk.byteLength;
    });
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.errorCode = error.code ?? "unknown";
    });
    socket.on("close", () => {
      this.closed = true;
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** Neither FIN nor RST has been seen. */
  get untouched(): boolean {
    return !this.ended && !this.closed && this.errorCode === null;
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  async receives(byteCount: number): Promise<Buffer> {
    await until(`${byteCount} bytes, got ${this.byteCount}`, () => this.byteCount >= byteCount);
    return this.received;
  }
}

/** A target that keeps what dials it. */
export class Target {
  readonly server: Server;
  readonly peers: Peer[] = [];
  port = 0;

  constructor() {
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.peers.push(new Peer(socket)));
  }

  listen(port = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen({ port, host: "127.0.0.1", backlog: 4096 }, () => {
        this.port = (this.server.address() as { port: number }).port;
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    for (const peer of this.peers) peer.socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** A proxy in front of a target, torn down with the test. */
export interface Bench {
  readonly proxy: LabProxy;
  readonly target: Target;
  /** Dials through the proxy without waiting. */
  dial(): Peer;
  /** A connection through the proxy, open on both ends. */
  pair(): Promise<Pair>;
}

export interface Pair {
  readonly client: Peer;
  readonly server: Peer;
  readonly connection: Connection;
}

export async function bench(t: TestContext, options: Partial<ProxyOptions> = {}): Promise<Bench> {
  const target = new Target();
  await target.listen();
  const proxy = await openProxy({ target: { host: "127.0.0.1", port: target.port }, ...options });
  t.diagnostic(`seed ${proxy.seed}`);
  const clients: Peer[] = [];
  const dial = (): Peer => {
    const peer = new Peer(connect({ port: proxy.port, host: proxy.host, allowHalfOpen: true }));
    clients.push(peer);
    return peer;
  };
  t.after(async () => {
    for (const client of clients) client.socket.destroy();
    await proxy.close();
    await target.close();
  });
  return {
    proxy,
    target,
    dial,
    async pair() {
      const before = target.peers.length;
      const next = proxy.nextConnection();
      const client = dial();
      const connection = await next;
      await until("connection at the target", () => target.peers.length > before);
      const server = target.peers[before] as Peer;
      await until("open client", () => !client.socket.connecting);
      return { client, server, connection };
    },
  };
}

/** A clock that moves only when told; timers run in order, and half a millisecond early, as real ones may. */
export class ManualClock implements LabClock {
  nowMs = 1000;
  #timers: { atMs: number; call: () => void }[] = [];

  monoMs(): number {
    return this.nowMs;
  }

  after(delayMs: number, call: () => void): { cancel(): void } {
    const timer = { atMs: this.nowMs + (delayMs > 1 ? delayMs - 0.5 : delayMs), call };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  get pending(): number {
    return this.#timers.length;
  }

  /** Moves on; promises that timers settle are followed before the next timer runs. */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.call();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.nowMs = endMs;
  }
}
