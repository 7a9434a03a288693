/**
 * HTTP/2 without TLS on the port of a plain `http` server, for those who know that it is spoken there (RFC 9113, section 3.3): what a
 * connection begins with decides which of two servers gets it. Nothing is taken off the connection, and nothing stays on it: once it is
 * handed over it is as after the accept. It must never hold one back longer than its first three bytes take; their time is guard's.
 *
 *     accept ──> first bytes ──┬── PRI ──> HTTP/2
 *                              └── else ──> HTTP/1.1
 */
import type { Http2Server } from "node:http2";
import type { Server, Socket } from "node:net";
import { ownOfHttp } from "../../tls/adapters/attach-tls.ts";

/** How the client's preface begins, and no request of HTTP/1.1: the method is reserved for this (RFC 9113, section 11.6). */
const beginning = Buffer.from("PRI");

/** Leads connections of `server` that speak HTTP/2 to `h2`. `speaks` is told right before either server gets one. */
export function attachCleartext(server: Server, h2: Http2Server, speaks: (socket: Socket) => void): void {
  if (!server.listeners("connection").includes(ownOfHttp)) throw new TypeError("Expected a server of `http` for `h2c`: with TLS, ALPN decides");
  server.removeListener("connection", ownOfHttp);

  // One set of functions for all connections.
  function readable(this: Socket): void {
    // By its length: else only the first of the pieces would be taken. While there is too little nothing is, and at the end all there was.
    const first: Buffer | null = this.read(Math.max(this.readableLength, beginning.length));
    if (first !== null) give(this, first);
  }
  function ended(this: Socket): void {
    // Without a byte. Sockets of an `http` server stay open behind their peer's end otherwise.
    this.end();
  }
  function give(socket: Socket, first: Buffer): void {
    socket.off("readable", readable).off("end", ended);
    socket.unshift(first);
    speaks(socket);
    if (first.subarray(0, beginning.length).equals(beginning)) h2.emit("connection", socket);
    else ownOfHttp.call(server, socket);
  }
  server.on("connection", (socket: Socket) => socket.on("readable", readable).on("end", ended));
}
