/**
 * Puts a guard before the sockets and requests of one server. Everything goes through Node's own events, so that it serves `http`, `https`,
 * and what frameworks make of them; nothing of the host's is called in another order than without it.
 *
 *   connection -> taken or refused -> (TLS) -> request -> host's listeners -> answer -> idle ... -> last answer -> lingering -> gone
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Http2SecureServer, Http2Server, ServerHttp2Session } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { randomFraction } from "@holdfast/protocol";
import type { Admitted, Later } from "../admission.ts";
import { type Connection, finalWords, type Handling, type Peer, type TlsFacts } from "../connection.ts";
import type { GuardCore } from "../core.ts";
import type { EndCode } from "../ends.ts";
import {
  expectationFault,
  isIgnoredUpgrade,
  parserFault,
  pipelinedUpgradeFault,
  type RequestFault,
  requestFault,
  tunnelFault,
  upgradeFault,
} from "../http1/request-fault.ts";
import { attachSession } from "../http2/adapters/attach-sessions.ts";
import type { Http2Limits } from "../http2/settings.ts";
import { addressKey } from "../identity/address.ts";
import type { GuardOptions } from "../options.ts";
import { endOfHandshake, failureOf } from "../tls/handshake-failure.ts";
import type { HandshakeCounters } from "../tls/tls-front.ts";
import { Guarded, guardedOf } from "./guarded.ts";
import { intercept } from "./intercept.ts";
import { NodeSocketPort, rawOf } from "./socket-port.ts";

export type AnyServer = Server | HttpsServer | Http2Server | Http2SecureServer;

export interface Listener {
  readonly name: string;
  readonly options: GuardOptions;
  readonly isTls: boolean;
  /** From the accept to the end of the TLS handshake. */
  readonly handshakeMs: number;
  /** Of a server that does its own TLS; null where a front counts, and where there is none. */
  readonly handshakes: HandshakeCounters | null;
  readonly http2: Http2Limits;
  /** For how long a connection that is secured now may live, by the certificate that it was secured with. */
  readonly certificateMs?: () => number;
  /** Serves the connections that agree on HTTP/2, where that is another server than the one that listens. */
  readonly h2?: Http2Server | undefined;
  readonly sessionLeft?: ((session: ServerHttp2Session, remainingMs: number) => void) | undefined;
  /** Protocols to which connections may be upgraded. */
  readonly upgrades: readonly string[];
}

/** What a guard knows of one attached server. */
export interface Attachment {
  connectionOf(socket: Socket | ServerHttp2Session): Connection | undefined;
  /** The TLS handshake on `raw` failed; the connection is about to end. */
  handshakeFailed(raw: Socket, code: EndCode): void;
  /** The host is about to speak on `socket`, which was accepted in an earlier turn. */
  speaks(socket: Socket): void;
  /** Lets go of the server: connections that are open stay guarded until they end. */
  detach(): void;
}

class HttpAttachment implements Attachment {
  readonly #core: GuardCore;
  readonly #listener: Listener;
  readonly #server: AnyServer;
  /** By the session, of whose socket the application sees a stand-in only. */
  readonly #bySession = new WeakMap<ServerHttp2Session, Guarded>();
  /** The connection on which the host is about to speak: a session begins in the same turn, and shows only a stand-in of its socket. */
  #adopted: Guarded | null = null;
  /** Answers whose requests were let through: a host may emit one again, as Node's pattern for `checkContinue` does. */
  readonly #passed = new WeakSet<ServerResponse>();
  readonly #undo: (() => void)[] = [];
  /** Whether the host wants HTTP/1.1 to name its host. */
  readonly #needsHost: boolean;

  constructor(core: GuardCore, server: AnyServer, listener: Listener) {
    this.#core = core;
    this.#listener = listener;
    this.#server = server;
    this.#needsHost = (server as { requireHostHeader?: boolean }).requireHostHeader !== false;
    const session = (began: ServerHttp2Session): boolean => this.#sessionBegan(began);
    const request = (asked: IncomingMessage, response: ServerResponse): boolean => this.#requested(asked, response);
    if (listener.h2 !== undefined) this.#undo.push(intercept(listener.h2, { session, request }));
    this.#undo.push(askFor(server));
    const own = intercept(server, {
      connection: (socket: Socket) => this.#connected(socket),
      secureConnection: (socket: TLSSocket) => this.#secured(socket),
      tlsClientError: (error: Error, socket: TLSSocket) => this.#unsecured(error, socket),
      request,
      checkContinue: request,
      checkExpectation: (request: IncomingMessage, response: ServerResponse) => this.#expected(request, response),
      upgrade: (request: IncomingMessage, socket: Socket) => this.#upgraded(request, socket),
      session,
      connect: (request: IncomingMessage, peer: Socket | ServerResponse) => this.#tunnel(request, peer),
      clientError: (error: NodeJS.ErrnoException, socket: Socket) => this.#clientError(error, socket),
    });
    this.#undo.push(own);
  }

  connectionOf(socket: Socket | ServerHttp2Session): Connection | undefined {
    return (socket instanceof Socket ? this.#guardedOf(socket) : this.#bySession.get(socket))?.connection;
  }

  /** Undefined for what another guard has, or none. */
  #guardedOf(socket: Socket): Guarded | undefined {
    const guarded = guardedOf(socket);
    return guarded?.core === this.#core ? guarded : undefined;
  }

  /** Undefined once the handshake is done. */
  #handshakingOf(raw: Socket): Guarded | undefined {
    const guarded = this.#guardedOf(raw);
    return guarded?.port.isHandshaking === true ? guarded : undefined;
  }

  handshakeFailed(raw: Socket, code: EndCode): void {
    this.#handshakingOf(raw)?.connection.blame(code);
  }

  speaks(socket: Socket): void {
    this.#adopted = this.#guardedOf(socket) ?? null;
  }

  detach(): void {
    for (const undo of this.#undo) undo();
  }

  #connected(raw: Socket): boolean {
    const { isTls, handshakeMs, options, name } = this.#listener;
    const peer: Peer = { address: raw.remoteAddress ?? "", port: raw.remotePort ?? 0 };
    const port = new NodeSocketPort(raw, isTls);
    const { connection, isRefused } = this.#core.accept({ listener: name, peer, addressKey: addressKey(raw.remoteAddress), port, options });
    if (isRefused) {
      raw.on("error", destroyThis);
      raw.once("close", () => connection.gone("host_closed"));
      return true;
    }
    const guarded = new Guarded(connection, port, this.#core);
    connection.addPart(guarded);
    if (options.tcpKeepAliveMs !== "never") raw.setKeepAlive(true, options.tcpKeepAliveMs);
    if (isTls) connection.handshaking(handshakeMs);
    else this.#adopt(raw, guarded);
    return false;
  }

  #sessionBegan(session: ServerHttp2Session): boolean {
    if (this.#adopted === null) return false;
    const { connection, port } = this.#adopted;
    this.#bySession.set(session, this.#adopted);
    const { http2: limits, options, isTls, sessionLeft: left } = this.#listener;
    attachSession(session, connection, port.raw, { limits, options, isTls, left, counters: this.#core.counters, env: this.#core.env });
    return false;
  }

  /** `socket` is what the application will speak on. */
  #adopt(socket: Socket, guarded: Guarded): void {
    guarded.adopt(socket);
    this.#adopted = guarded;
  }

  #secured(socket: TLSSocket): boolean {
    const guarded = this.#handshakingOf(rawOf(socket));
    if (guarded === undefined) return false;
    guarded.port.secured(socket);
    const tls = tlsFacts(socket);
    guarded.connection.tls = tls;
    guarded.connection.secured();
    const { certificateMs, handshakes } = this.#listener;
    if (handshakes !== null) handshakes.handshakes++;
    if (handshakes !== null && tls.resumed) handshakes.resumed++;
    // Not all at once: those that were opened under one certificate would all come back in the same second.
    if (certificateMs !== undefined) guarded.connection.endWithin(certificateMs() * (1 - certificateShare * randomFraction(this.#core.env.rng)));
    this.#adopt(socket, guarded);
    return false;
  }

  /** A server that does its own TLS gave a handshake up. Where there is a front, this is its word for the host, and all is known already. */
  #unsecured(error: NodeJS.ErrnoException, socket: TLSSocket): boolean {
    const { handshakes } = this.#listener;
    if (handshakes === null) return false;
    const guarded = this.#handshakingOf(rawOf(socket));
    if (guarded === undefined) return false;
    // Node leaves the reason there when it refuses a certificate, and nothing in the error.
    const certificateRefused = socket.authorizationError !== undefined && socket.authorizationError !== null;
    const reason = failureOf({ errorCode: error.code ?? null, certificateRefused, startedAsTls: true });
    const { connection } = guarded;
    connection.blame(endOfHandshake(reason, error));
    handshakes.failed[connection.endsFor === "handshake_timeout" ? "handshake_timeout" : reason]++;
    return false;
  }

  #requested(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.httpVersionMajor > 1) return this.#streamFaulty(request, response);
    const guarded = this.#guardedOf(request.socket);
    if (guarded === undefined || this.#passed.has(response)) return false;
    const { connection } = guarded;
    if (connection.lastAnnounced !== null || connection.phase === "lingering") {
      // RFC 9112, section 9.6: what comes after the last request is not processed.
      if (connection.lastAnnounced === null) this.#core.requestLate(connection, connection.endedIdle);
      guarded.discarded();
      request.resume();
      return true;
    }
    const lastCode = this.#core.draining ? "draining" : connection.lastCode();
    this.#core.counters.requests++;
    if (connection.requests > 0) this.#core.counters.requestsReused++;
    guarded.handling++;
    guarded.response = response;
    guarded.port.body = request;
    const handling: Handling = {
      get complete() {
        return request.complete;
      },
      get held() {
        return request.isPaused() || request.readableLength >= request.readableHighWaterMark;
      },
      get begun() {
        return request.complete || response.headersSent || guarded.handling > 1;
      },
    };
    connection.requested(handling);
    response.once("close", () => {
      guarded.handling--;
      if (guarded.response === response) guarded.response = null;
      if (guarded.port.body === request && request.complete) guarded.port.body = null;
      guarded.left(response);
      connection.answered(guarded.handling > 0, request.complete);
      if (!request.complete) request.once("end", () => connection.bodyCame(handling)); // The sweep sees it too, but only after the next head may have begun.
    });
    const fault = this.#fault(request);
    if (fault !== null) {
      this.#refuse(guarded, request, response, fault);
      return true;
    }
    this.#passed.add(response);
    if (lastCode !== null) guarded.announce(response, lastCode);
    return false;
  }

  #expected(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#requested(request, response)) return true;
    if (this.#server.listenerCount("checkExpectation") > 1) return false;
    const guarded = this.#guardedOf(request.socket);
    if (guarded === undefined) this.#refuseStream(response, expectationFault);
    else this.#refuse(guarded, request, response, expectationFault);
    return true;
  }

  #tunnel(request: IncomingMessage, peer: Socket | ServerResponse): boolean {
    if (!("writeHead" in peer)) return this.#upgraded(request, peer);
    if (this.#server.listenerCount("connect") > 1) return false;
    this.#refuseStream(peer, tunnelFault);
    return true;
  }

  /** Sessions have parts of their own, which count and end them: here requests are judged only. */
  #streamFaulty(request: IncomingMessage, response: ServerResponse): boolean {
    const fault = this.#fault(request);
    if (fault !== null) this.#refuseStream(response, fault);
    return fault !== null;
  }

  /** Over HTTP/2 a refusal ends its stream and nothing else. */
  #refuseStream(response: ServerResponse, { code, status, headers }: RequestFault): void {
    this.#core.counters.refuse(code);
    response.writeHead(status, { ...headers });
    response.end();
  }

  #fault(request: IncomingMessage): RequestFault | null {
    return requestFault(request, { headersCountMax: this.#listener.options.headersCountMax, needsHost: this.#needsHost });
  }

  #refuse({ connection }: Guarded, request: IncomingMessage, response: ServerResponse, { code, status, message, headers }: RequestFault): void {
    this.#core.counters.refuse(code);
    connection.lastAnnounced = code;
    request.resume();
    const body = `${message}\n`;
    response.writeHead(status, { ...headers, Connection: "close", "Content-Type": "text/plain; charset=utf-8", "Content-Length": Buffer.byteLength(body) });
    response.end(body);
  }

  #upgraded(request: IncomingMessage, socket: Socket): boolean {
    const guarded = this.#guardedOf(socket);
    if (guarded === undefined) return false;
    const { connection } = guarded;
    if (connection.lastAnnounced !== null || connection.phase === "lingering") return true;
    const fault = this.#fault(request) ?? this.#upgradeFault(request) ?? (guarded.handling > 0 ? pipelinedUpgradeFault : null);
    // What is refused anyway takes nobody's slot.
    const admitted: Admitted | Later | null = fault !== null || this.#core.draining ? null : this.#core.admitUpgrade();
    if (admitted?.ok === true) {
      connection.requests++;
      // The listener's own word for it: what the request said would be one more string for each connection.
      const protocol = this.#listener.upgrades.find((name) => name === request.headers.upgrade?.toLowerCase());
      connection.upgraded(protocol ?? "tunnel");
      return false;
    }
    const code: EndCode = fault !== null ? fault.code : this.#core.draining ? "draining" : "overloaded";
    this.#core.counters.refuse(code);
    socket.on("error", destroyThis);
    connection.tell(code, finalWords(code, fault?.status, admitted?.afterMs, fault?.headers));
    return true;
  }

  #upgradeFault(request: IncomingMessage): RequestFault | null {
    if (request.method !== "CONNECT") return upgradeFault(request, this.#listener.upgrades);
    return this.#server.listenerCount("connect") > 1 ? null : tunnelFault;
  }

  #clientError(error: NodeJS.ErrnoException, socket: Socket): boolean {
    const guarded = this.#guardedOf(socket);
    if (guarded === undefined) return false;
    const { connection } = guarded;
    // After the last answer nothing is parsed any more: what comes is thrown away, whatever it is.
    if (connection.lastAnnounced !== null || connection.phase === "lingering") return true;
    if (error.code === "ECONNRESET" || !socket.writable || this.#server.listenerCount("clientError") > 0) return false;
    const { code, status } = parserFault(error.code);
    this.#core.counters.refuse(code);
    connection.tell(code, finalWords(code, status));
    return true;
  }
}

/**
 * Has Node ask us where it would answer by itself, unseen: expectations and tunnels for which the host has no listener, and requests
 * without a host. Offers that are best ignored are not taken for upgrades. Returns how to undo it.
 */
function askFor(server: AnyServer): () => void {
  const node = server as AnyServer & { requireHostHeader?: boolean; shouldUpgradeCallback?: (request: IncomingMessage) => boolean };
  const { requireHostHeader, shouldUpgradeCallback } = node;
  const unheard = (): void => {};
  server.on("checkExpectation", unheard);
  server.on("connect", unheard);
  node.requireHostHeader = false;
  // Older versions of Node take every upgrade for one.
  if (shouldUpgradeCallback !== undefined) {
    node.shouldUpgradeCallback = (request) => !isIgnoredUpgrade(request.headers.upgrade) && shouldUpgradeCallback.call(server, request);
  }
  return () => {
    server.off("checkExpectation", unheard);
    server.off("connect", unheard);
    if (requireHostHeader !== undefined) node.requireHostHeader = requireHostHeader;
    if (shouldUpgradeCallback !== undefined) node.shouldUpgradeCallback = shouldUpgradeCallback;
  };
}

function tlsFacts(socket: TLSSocket): TlsFacts {
  return {
    version: socket.getProtocol() ?? "",
    cipher: socket.getCipher().name,
    alpn: socket.alpnProtocol || null,
    sni: (socket as TLSSocket & { servername?: string | false }).servername || null,
    resumed: socket.isSessionReused(),
  };
}

/** One function for all sockets: it stays with each for as long as that lives. */
function destroyThis(this: Socket): void {
  this.destroy();
}

/** Guards what `server` accepts from now on. */
export function attachHttp(core: GuardCore, server: AnyServer, listener: Listener): Attachment {
  const { options } = listener;
  // Node's own timers say the same, so that whoever reads them from the server is not misled; the sweep is the first to act on them.
  // A server of HTTP/2 has them too, for the clients to which it speaks HTTP/1.1.
  const timers = server as Server & { keepAliveTimeoutBuffer?: number };
  timers.keepAliveTimeout = options.keepAliveMs;
  timers.keepAliveTimeoutBuffer = keepAliveBufferMs;
  timers.headersTimeout = options.headersMs;
  timers.requestTimeout = options.requestMs;
  timers.maxHeadersCount = options.headersCountMax * 2;
  return new HttpAttachment(core, server, listener);
}

/** The last part of a certificate's time over which connections that were opened under it are spread as they end. */
const certificateShare = 0.05;

/** How much later Node's own keep-alive timer fires: it destroys where guard closes gracefully. */
const keepAliveBufferMs = 10_000;
