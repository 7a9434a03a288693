/**
 * Reads the PROXY header off accepted sockets before anybody else sees a byte, and puts the client's own bytes back. A connection that
 * does not begin as declared is closed without an answer.
 * It must never hand on a socket without a verdict, nor hold one longer than its deadline.
 *
 *     accept ──> trusted? ──> header ──┬──> accepted(socket, facts)
 *                   └── no ── fault ── deadline ──> destroyed, refused({ code })
 */
import type { Socket } from "node:net";
import { type ProxiedListenerOptions, type ResolvedProxiedListener, resolveProxiedListener } from "../options.ts";
import { ProxyReader, type ReadProxy } from "../proxy-protocol/reader.ts";
import { type ProxyRefusal, proxyRefusals } from "../refusals.ts";
import { type ConnectionFacts, factsOf, fourTuple, type ShownEnd, showFacts } from "./shown-address.ts";

/** A connection that was refused. Its socket is destroyed already. */
export interface RefusedConnection {
  readonly socket: Socket;
  readonly code: ProxyRefusal;
  /** For a log line: what was wrong, without any byte of the peer. */
  readonly why: string;
  readonly peer: ShownEnd;
}

export interface IntakeHandlers {
  /** The socket is as it was after the accept, at the client's first byte, and shows the client's address. */
  accepted(socket: Socket, facts: ConnectionFacts): void;
  refused(refusal: RefusedConnection): void;
}

export interface IntakeCounters {
  /** Connections handed on whose header named a client, and those that the proxy made for itself (LOCAL, UNKNOWN, or no header declared). */
  accepted: number;
  own: number;
  readonly refused: Record<ProxyRefusal, number>;
}

interface Waiting {
  readonly peer: ShownEnd;
  readonly tuple: string | null;
  readonly dueMs: number;
  readonly reader: ProxyReader;
  /** Takes the listeners off. */
  stop(): void;
}

/** The front of one listener. */
export class ProxyIntake {
  readonly options: ResolvedProxiedListener;
  readonly counters: IntakeCounters;
  readonly #handlers: IntakeHandlers;
  /** In the order of their accepts, which is also that of their deadlines: so one timer serves all. */
  readonly #waiting = new Map<Socket, Waiting>();
  /** Facts of open connections by their real ends, for the TLS sockets on top of them. */
  readonly #byTuple = new Map<string, ConnectionFacts>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  /** @throws {TypeError} for options that are none, and for a header without trusted networks */
  constructor(options: ProxiedListenerOptions, handlers: IntakeHandlers) {
    this.options = resolveProxiedListener(options);
    this.#handlers = handlers;
    const codes = Object.keys(proxyRefusals) as ProxyRefusal[];
    this.counters = { accepted: 0, own: 0, refused: Object.fromEntries(codes.map((code) => [code, 0])) as Record<ProxyRefusal, number> };
  }

  /** Connections whose header is awaited. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Connections that a TLS socket could ask for. */
  get shown(): number {
    return this.#byTuple.size;
  }

  /** Takes a socket that was just accepted, in the very call of its `connection` event. */
  take(socket: Socket): void {
    const { proxyProtocol: mode, proxyTrusted, proxyHeaderBytesMax, proxyHeaderMs, proxyWaitingMax } = this.options;
    const facts = factsOf(socket, null);
    const { peer } = facts;
    if (this.#closed) return this.#refuse(socket, peer, "proxy_closed", "the listener is closed");
    if (mode === "off") return this.#accept(socket, facts, fourTuple(socket));
    // A peer of TCP without an address has reset the connection; one of a Unix socket has none, nor has our end of it.
    const isGone = socket.destroyed || (peer.address === undefined && socket.localAddress !== undefined);
    if (isGone) return this.#refuse(socket, peer, "proxy_peer_left", "the connection was gone when it was taken");
    if (!proxyTrusted.has(peer.address)) return this.#refuse(socket, peer, "proxy_peer_untrusted", "the peer is in no trusted network");
    if (this.#waiting.size >= proxyWaitingMax) return this.#refuse(socket, peer, "proxy_headers_waiting", `${proxyWaitingMax} connections wait already`);
    const onReadable = (): void => this.#read(socket);
    const onGone = (): void => this.#left(socket);
    socket.on("readable", onReadable).on("end", onGone).on("close", onGone).on("error", onGone);
    this.#waiting.set(socket, {
      peer,
      tuple: fourTuple(socket),
      dueMs: performance.now() + proxyHeaderMs,
      reader: new ProxyReader(mode, proxyHeaderBytesMax),
      stop: () => {
        socket.off("readable", onReadable).off("end", onGone).off("close", onGone).off("error", onGone);
      },
    });
    this.#arm();
  }

  /**
   * Makes a TLS socket show what the connection below it shows. Null when that can not be told: the connection is over, or is a Unix
   * socket, which has no ends to tell it by.
   */
  show(tlsSocket: Socket): ConnectionFacts | null {
    const tuple = fourTuple(tlsSocket);
    const facts = tuple === null ? undefined : this.#byTuple.get(tuple);
    if (facts === undefined) return null;
    showFacts(tlsSocket, facts);
    return facts;
  }

  /**
   * To be called first of all on `secureConnection`. Null: the socket is refused and destroyed, for it would show the proxy as its client.
   */
  secured(tlsSocket: Socket): ConnectionFacts | null {
    const facts = this.show(tlsSocket);
    if (facts === null) this.#refuse(tlsSocket, factsOf(tlsSocket, null).peer, "proxy_address_lost", "the connection below can not be told");
    return facts;
  }

  /** Refuses what waits and all that still comes. Connections that were handed on are no longer its business. */
  close(): void {
    this.#closed = true;
    for (const [socket] of [...this.#waiting]) this.#refuseWaiting(socket, "proxy_closed", "the listener is closed");
  }

  #read(socket: Socket): void {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) return;
    for (;;) {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      const read: ReadProxy = waiting.reader.push(chunk);
      if (read.kind === "fault") return this.#refuseWaiting(socket, read.code, read.why);
      if (read.kind === "more") continue;
      this.#forget(socket, waiting);
      const rest = chunk.subarray(read.rest);
      if (rest.length > 0) socket.unshift(rest);
      return this.#accept(socket, factsOf(socket, read.header), waiting.tuple);
    }
  }

  #accept(socket: Socket, facts: ConnectionFacts, tuple: string | null): void {
    if (facts.source === "header") this.counters.accepted++;
    else this.counters.own++;
    if (tuple !== null) {
      this.#byTuple.set(tuple, facts);
      // A successor may have the same four already when this one's close is told.
      socket.once("close", () => this.#byTuple.get(tuple) === facts && this.#byTuple.delete(tuple));
    }
    showFacts(socket, facts);
    this.#handlers.accepted(socket, facts);
  }

  /** The peer ended, reset or vanished within its header. */
  #left(socket: Socket): void {
    const held = this.#waiting.get(socket)?.reader.heldBytes ?? 0;
    if (held === 0) this.#refuseWaiting(socket, "proxy_peer_left", "closed without a byte");
    else this.#refuseWaiting(socket, "proxy_header_unfinished", `closed after ${held} bytes`);
  }

  #refuseWaiting(socket: Socket, code: ProxyRefusal, why: string): void {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) return;
    this.#forget(socket, waiting);
    this.#refuse(socket, waiting.peer, code, why);
  }

  #refuse(socket: Socket, peer: ShownEnd, code: ProxyRefusal, why: string): void {
    this.counters.refused[code]++;
    // What is still to come of it, an error included, is of no interest, but must not be thrown.
    socket.on("error", () => {});
    socket.destroy();
    this.#handlers.refused({ socket, code, why, peer });
  }

  #forget(socket: Socket, waiting: Waiting): void {
    waiting.stop();
    this.#waiting.delete(socket);
    if (this.#waiting.size > 0 || this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(): void {
    const [oldest] = this.#waiting.values();
    if (this.#timer !== null || oldest === undefined) return;
    this.#timer = setTimeout(() => this.#sweep(), Math.max(1, Math.ceil(oldest.dueMs - performance.now())));
  }

  #sweep(): void {
    this.#timer = null;
    const nowMs = performance.now();
    for (const [socket, { dueMs }] of [...this.#waiting]) {
      if (dueMs > nowMs) break;
      this.#refuseWaiting(socket, "proxy_header_timeout", `no whole header in ${this.options.proxyHeaderMs} ms`);
    }
    this.#arm();
  }
}
