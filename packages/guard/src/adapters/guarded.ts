/**
 * One guarded connection of an HTTP server: its record, its sockets, and the answer that is under way on it. It decides nothing.
 */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Env, randomFraction } from "@holdfast/protocol";
import type { Connection, ConnectionPart, LeaveTimes } from "../connection.ts";
import type { EndCode } from "../ends.ts";
import { eventStreamLeaver } from "./leave-event-stream.ts";
import type { NodeSocketPort } from "./socket-port.ts";

/** A connection with its socket and the answer that is under way. */
export class Guarded implements ConnectionPart {
  readonly connection: Connection;
  readonly port: NodeSocketPort;
  /** Requests of this connection that are being handled. More than one only with pipelining. */
  handling = 0;
  response: ServerResponse | null = null;
  /** The answer that was announced as the last one. */
  #last: ServerResponse | null = null;
  /** Whether a request after it was thrown away, unanswered: then no other can be answered on this connection. */
  #hasDiscarded = false;
  /** What the sockets themselves know of their end. */
  code: EndCode = "host_closed";
  readonly #env: Env;
  /** Ends the answer that was under way when the server was left, once its slot has come and its head is out. */
  #leaving: ((nowMs: number) => boolean) | null = null;

  constructor(connection: Connection, port: NodeSocketPort, env: Env) {
    this.connection = connection;
    this.port = port;
    this.#env = env;
  }

  /** Listens for how `socket` ends. Called for the raw one, and for the secure one on it. */
  watch(socket: Socket): void {
    socket.once("end", () => {
      if (this.code === "host_closed") this.code = "peer_closed";
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code?.startsWith("ERR_HTTP2")) this.code = "protocol_error";
      else this.code = error.code === "ETIMEDOUT" || error.code === "EHOSTUNREACH" ? "network_lost" : "peer_reset";
    });
  }

  /** Beside what the connection itself sees to: an answer whose slot has passed ends when the host has begun it. */
  check(nowMs: number): void {
    if (this.#leaving?.(nowMs) === true) this.#leaving = null;
  }

  /** Has the answer say that it is the last one. Too late for its head, only guard itself can end the connection. */
  announce(response: ServerResponse, code: EndCode): void {
    this.connection.lastAnnounced = code;
    this.#last = response;
    if (!response.headersSent) response.setHeader("Connection", "close");
  }

  /** A request that came after the last one is not answered. */
  discarded(): void {
    this.#hasDiscarded = true;
  }

  /** An answer has left. A host that says keep-alive itself overrides the announcement: its client may send, and is to be heard. */
  left(response: ServerResponse): void {
    const { connection } = this;
    if (this.#last !== response || connection.lastAnnounced === null || connection.phase === "lingering") return;
    this.#last = null;
    if (this.#hasDiscarded) connection.end(connection.lastAnnounced);
    else connection.lastAnnounced = null; // The next answer tries again.
  }

  leave({ windowMs }: LeaveTimes): void {
    const { response, connection } = this;
    if (response === null || (response.headersSent && !isEventStream(response))) return;
    // The host may not have begun the answer yet: then its head still says that no request may follow, whatever it is an answer of.
    if (connection.lastAnnounced === null) this.announce(response, "draining");
    const leaver = eventStreamLeaver(response, () => connection.end("draining"));
    const { clock, rng } = this.#env;
    const slotMs = clock.monoMs() + randomFraction(rng) * windowMs;
    const lastMs = clock.monoMs() + windowMs;
    this.#leaving = (nowMs) => {
      if (this.response !== response) return true;
      // An end before the head would be an answer of guard's own, and the host's would then throw.
      if (!response.headersSent || nowMs < slotMs) return false;
      if (!isEventStream(response)) return true;
      if (nowMs >= lastMs) leaver.end();
      else leaver.endSoon();
      return nowMs >= lastMs;
    };
  }
}

/** What the host says, or, where it said so in a way that Node does not keep, what the client asked for. */
function isEventStream(response: ServerResponse): boolean {
  const type = response.getHeader("content-type") ?? response.req.headers.accept;
  return String(type).startsWith("text/event-stream");
}
