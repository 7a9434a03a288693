/**
 * One HTTP/1.1 connection: a socket that stands, and the undici Client that writes and parses on it. The Client never connects by itself and
 * never gives up an idle connection by itself: both are the pool's. It carries one request at a time.
 */
import { Client } from "undici";
import type { Connected } from "../../connect/connector.ts";
import type { PoolEnd } from "../../ends.ts";
import { endOfError } from "../failure.ts";
import { keepAliveHint } from "../keep-alive-hint.ts";
import type { Http1Options } from "../options.ts";

/** Longer than any timer that Node keeps: undici's own idle timer never comes first. */
const foreverMs = 2 ** 31 - 1;

/** What a request gets whose connection was gone before anything of it was sent. */
export const gone = new Error("the connection was gone before the request was sent");

/** The request that stands on a connection. */
export interface Carried {
  /** Undici has finished with the connection of an answered request. */
  settle(): void;
}

/** A place of the pool for one connection: what a lease is for. Its connection can be replaced, its place not. */
export interface Slot {
  connection: Http1Connection;
}

/** What a connection tells of itself. */
export interface ConnectionOwner {
  /** It has ended; exactly once. */
  ended(connection: Http1Connection, end: PoolEnd): void;
}

export class Http1Connection {
  readonly made: Connected;
  readonly number: number;
  readonly openedMs: number;
  readonly client: Client;
  slot: Slot | null = null;
  /** The request that it carries, or is about to. */
  exchange: Carried | null = null;
  /** Requests that were given to it. */
  carried = 0;
  /** The turn in which its last answer was complete, as its origin counts them. */
  answeredTurn = Number.NEGATIVE_INFINITY;
  /** Why it ends; null while it lives. Set once, by whoever knows first. */
  end: PoolEnd | null = null;
  /** Its address has left DNS: it ends when it comes free. */
  isRetired = false;
  /** The server said that no request may follow. */
  isLast = false;
  hintMs: number | null = null;
  #hintField: string | readonly string[] | undefined = undefined;
  readonly #owner: ConnectionOwner;
  #isAttached = false;

  constructor(made: Connected, number: number, nowMs: number, origin: string, options: Http1Options, owner: ConnectionOwner) {
    this.made = made;
    this.number = number;
    this.openedMs = nowMs;
    this.#owner = owner;
    this.client = new Client(origin, {
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: foreverMs,
      keepAliveMaxTimeout: foreverMs,
      // Taken off the server's hint: so none is too short for undici, and the pool's own margin decides.
      keepAliveTimeoutThreshold: -foreverMs,
      headersTimeout: options.headersTimeoutMs === "never" ? 0 : options.headersTimeoutMs,
      bodyTimeout: options.bodyTimeoutMs === "never" ? 0 : options.bodyTimeoutMs,
      maxHeaderSize: options.headBytesMax,
      connect: (_, done) => this.#attach(done),
    });
    // A socket that leaves its Client alive was upgraded.
    this.client.on("disconnect", (_origin, _targets, error) => this.ended(made.socket.destroyed ? endOfError(error) : "upgraded"));
    // Until undici reads it, whatever comes (an early 408, an end) says that this connection is of no use.
    made.socket.on("readable", this.#early).on("close", this.#early);
  }

  get isGone(): boolean {
    return this.end !== null || this.made.socket.destroyed;
  }

  /** It has ended or is to end: the socket goes, and the first reason stays. */
  ended(end: PoolEnd): void {
    if (this.end !== null) return;
    this.end = end;
    if (end !== "upgraded") this.made.socket.destroy();
    this.#owner.ended(this, end);
  }

  /** Takes what the server says of keeping it. True: it says something else than before. */
  hinted(field: string | readonly string[] | undefined): boolean {
    if (field === this.#hintField) return false;
    this.#hintField = field;
    const { timeoutMs, requestsLeft } = keepAliveHint(field);
    this.isLast = requestsLeft === 0;
    this.hintMs = timeoutMs;
    return true;
  }

  /** Undici says only after an answer's end what becomes of the connection: one function for all its requests, called in a microtask. */
  readonly settle = (): void => this.exchange?.settle();

  readonly #early = (): void => this.ended("server_closed");

  #attach(done: (...result: [null, Connected["socket"]] | [Error, null]) => void): void {
    if (this.#isAttached || this.isGone) return done(gone, null);
    this.#isAttached = true;
    const { socket } = this.made;
    // Undici has not come to its own state yet when it asks.
    queueMicrotask(() => {
      socket.off("readable", this.#early).off("close", this.#early);
      if (socket.destroyed) done(gone, null);
      else done(null, socket);
    });
  }
}
