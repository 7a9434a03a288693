/**
 * One guarded connection of an HTTP server: its record, its sockets, and the answer that is under way on it. It decides nothing.
 */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { randomFraction } from "@holdfast/protocol";
import type { Connection, ConnectionPart, LeaveTimes } from "../connection.ts";
import type { GuardCore } from "../core.ts";
import type { EndCode } from "../ends.ts";
import { eventStreamLeaver } from "./leave-event-stream.ts";
import type { NodeSocketPort } from "./socket-port.ts";

/** Where its sockets keep what is known of their connection, so that one set of functions serves all of them: closures would be a kilobyte for each. */
const guardedKey = Symbol("guarded");
type Carrying = Socket & { [guardedKey]?: Guarded };

/** What a guard knows of the connection of `socket`, the raw one or the secure one on it. */
export function guardedOf(socket: Socket): Guarded | undefined {
  return (socket as Carrying)[guardedKey];
}

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
  /** The guard that it belongs to. */
  readonly core: GuardCore;
  /** Ends the answer that was under way when the server was left, once its slot has come and its head is out. */
  #leaving: ((nowMs: number) => boolean) | null = null;

  constructor(connection: Connection, port: NodeSocketPort, core: GuardCore) {
    this.connection = connection;
    this.port = port;
    this.core = core;
    const raw: Carrying = port.raw;
    raw[guardedKey] = this;
    raw.on("close", rawClosed);
    raw.on("error", nobodyElseMinds);
  }

  /** `socket` is what the application will speak on. */
  adopt(socket: Carrying): void {
    socket[guardedKey] = this;
    socket.destroySoon = lastAnswerLeft;
  }

  /** What the sockets themselves know of their end. Node ends a raw socket under TLS without a word: what the peer did is seen on the secure one. */
  get code(): EndCode {
    const { raw, top } = this.port;
    const error: NodeJS.ErrnoException | null = top.errored ?? raw.errored;
    if (error !== null) {
      if (error.code?.startsWith("ERR_HTTP2")) return "protocol_error";
      return error.code === "ETIMEDOUT" || error.code === "EHOSTUNREACH" ? "network_lost" : "peer_reset";
    }
    return top.readableEnded || raw.readableEnded ? "peer_closed" : "host_closed";
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
    const { clock, rng } = this.core.env;
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

/** Node says why it ended an HTTP/2 session only now, to those that listen to the session. */
function rawClosed(this: Carrying): void {
  setImmediate(gone, this[guardedKey]);
}

function gone(guarded: Guarded | undefined): void {
  guarded?.connection.gone(guarded.code);
}

/** An error ends the socket, and its end is heard. */
function nobodyElseMinds(): void {}

/** Node calls this after the last answer, and would destroy the socket: with bytes unread that is a reset, and the answer is lost. */
function lastAnswerLeft(this: Carrying): void {
  const guarded = this[guardedKey];
  if (guarded !== undefined && !guarded.core.stopped) return guarded.connection.end(guarded.connection.lastAnnounced ?? "connection_close");
  // Nobody would see to the lingering: it is Node's own way again.
  delete (this as { destroySoon?: unknown }).destroySoon;
  this.destroySoon();
}

/** What the host says, or, where it said so in a way that Node does not keep, what the client asked for. */
function isEventStream(response: ServerResponse): boolean {
  const type = response.getHeader("content-type") ?? response.req.headers.accept;
  return String(type).startsWith("text/event-stream");
}
