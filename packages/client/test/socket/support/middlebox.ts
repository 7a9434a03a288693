/** A middlebox between a client and a local server, for tests of this package alone: it swallows or resets, and leaves sockets open otherwise. */

import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";

export type Direction = "both" | "to-client" | "to-server";

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  swallows: Direction | null;
}

export class Middlebox implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  /** Connections so far, and those that have ended. */
  accepted = 0;
  closed = 0;
  /** What new connections suffer: nothing of them passes, or they are reset once so many bytes went to the client. */
  swallowsNew = false;
  resetsAfterBytes: (nth: number) => number = () => Number.POSITIVE_INFINITY;

  private constructor(targetPort: number) {
    this.#server = createServer((client) => this.#carry(client, connect(targetPort, "127.0.0.1")));
  }
  static async before(targetPort: number): Promise<Middlebox> {
    const box = new Middlebox(targetPort);
    await new Promise<void>((resolve) => box.#server.listen(0, "127.0.0.1", resolve));
    return box;
  }

  #carry(client: Socket, server: Socket): void {
    const pair: Pair = { client, server, swallows: this.swallowsNew ? "both" : null };
    const max = this.resetsAfterBytes(++this.accepted);
    let bytes = 0;
    this.#pairs.add(pair);
    const passes = (direction: Direction): boolean => pair.swallows !== "both" && pair.swallows !== direction;
    client.on("data", (chunk) => passes("to-server") && server.write(chunk));
    server.on("data", (chunk: Buffer) => {
      if (!passes("to-client")) return;
      client.write(chunk.subarray(0, Math.max(0, max - bytes)));
      bytes += chunk.length;
      if (bytes >= max) setImmediate(() => this.#reset(pair));
    });
    for (const [socket, other, direction] of [
      [client, server, "to-server"],
      [server, client, "to-client"],
    ] as const) {
      socket.on("error", () => {});
      socket.on("close", () => {
        if (passes(direction)) other.destroy();
        if (client.destroyed) this.#drop(pair);
      });
    }
  }
  #drop(pair: Pair): void {
    if (this.#pairs.delete(pair)) this.closed++;
  }
  #reset(pair: Pair): void {
    pair.client.resetAndDestroy();
    pair.server.resetAndDestroy();
  }

  /** From now on nothing passes on the connections that are open, no end either; both sockets stay open. */
  swallowOpen(direction: Direction): void {
    for (const pair of this.#pairs) pair.swallows = direction;
  }
  resetOpen(): void {
    for (const pair of this.#pairs) this.#reset(pair);
  }
  url(path: string, scheme = "http"): string {
    return `${scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const pair of this.#pairs) this.#reset(pair);
    await closed;
  }
}
