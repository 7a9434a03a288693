/**
 * The one port of a server: an HTTP server behind a guard, which has its times, sizes and caps; upgrades go to the WebSocket transport.
 * A second one stands beside it, for the connections that agree on HTTP/2 over TLS, or begin with it without. Nothing is answered before
 * Host and Origin have been checked.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { constants, createServer as createHttp2Server, type Http2Server } from "node:http2";
import type { Socket } from "node:net";
import { type Guard, type GuardOptions, type GuardParts, guard, type Http2Limits, http2ServerOptions, resolveHttp2Limits } from "@holdfast/guard";
import { HoldfastError } from "@holdfast/protocol";
import { type AccessFault, accessPolicy } from "../http/access.ts";
import type { HttpContext } from "../http/context.ts";
import { allowOrigin } from "../http/cors.ts";
import { inTurn } from "../http/request-queue.ts";
import { refuse } from "../http/respond.ts";
import { lastOfConnection } from "../http/response-version.ts";
import { route } from "../http/router.ts";
import { queryFault } from "../http/who.ts";
import type { Hub } from "../hub/hub.ts";
import { closeHandshakeMs } from "../hub/link-state.ts";
import type { ServerOptions } from "../options.ts";
import type { GrpcParts } from "../transports/grpc/parts.ts";
import { type GrpcServices, grpcServices } from "../transports/grpc/services.ts";
import { websocketTransport } from "../transports/websocket.ts";

/** Node's own 511 overflows when all clients of a node come back at once, and each lost handshake costs seconds. The kernel's somaxconn caps it. */
const backlogMax = 4_096;

const headerBytesMax = 16_384;
/** Connections beside links: requests, while links are at their cap. */
const connectionsBesideLinks = 1_000;

/** What guard allows beyond the links' own deadline, for their closing handshakes. */
export const handshakesMs = 1_000;

/** Twice this fits into what a drain leaves guard after the links' own deadline. */
const sessionErrorEndMs = 250;

export interface HttpServer {
  readonly http: Server;
  readonly guard: Guard;
}

/** An HTTP server that does not listen yet. `given` are options of guard that differ from what the server's own options say. */
export function httpServer(
  context: HttpContext,
  given: Partial<GuardOptions>,
  parts: GuardParts,
  transports: Pick<GrpcParts, "env" | "sessions">,
  attach?: (servers: readonly (Server | Http2Server)[]) => void,
): HttpServer {
  const { hub, options } = context;
  const transport = websocketTransport(hub);
  const access = accessPolicy(options);
  /** By the connection: its newest answer that is under way. */
  const underWay = new WeakMap<Socket, ServerResponse>();
  function over(this: ServerResponse): void {
    if (underWay.get(this.req.socket) === this) underWay.delete(this.req.socket);
  }
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const fault = access(request);
    if (fault === null) {
      allowOrigin(request, response);
      void route(context, request, response);
    } else refuse(hub.counters, response, fault.code, fault.message, { headers: lastOfConnection(response) });
  };
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    underWay.set(request.socket, response);
    response.once("close", over);
    // A connection that is kept would lead the next request to the server that its client is to leave.
    if (hub.draining) response.setHeader("Connection", "close");
    answer(request, response);
  };
  const server = createServer(
    {
      maxHeaderSize: headerBytesMax,
      // An offer to speak something else (curl's h2c, say) may be ignored (RFC 9110, section 7.8).
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
    },
    (request, response) => {
      if (inTurn(request, response, () => take(request, response))) return;
      hub.counters.refuse("bad_request");
      request.socket.destroy();
    },
  );
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", destroyThis);
    const fault = access(request);
    const [path = "", query] = (request.url ?? "").split("?", 2);
    const addressFault = queryFault(path, new URLSearchParams(query));
    if (underWay.has(socket)) {
      // Whatever is said now would stand in the middle of that answer.
      hub.counters.refuse("bad_request");
      socket.destroy();
    } else if (fault !== null) refuseUpgrade(hub, socket, fault.code, fault.message);
    else if (addressFault !== null) refuseUpgrade(hub, socket, "bad_request", addressFault);
    else if (path !== "/v1/link") refuseUpgrade(hub, socket, "not_found", "upgrade at /v1/link");
    else transport.upgrade(request, socket, head);
  });
  const { tls } = parts;
  const grpc = grpcServices(
    { ...context, ...transports, leaveSession: (session) => made.leaveSession(session, hub.drainDeadlineMs() + handshakesMs) },
    access,
    context.fallback !== null,
  );
  const http2 = resolveHttp2Limits({ ...http2LimitsOf(options), ...parts.http2 });
  const all = { ...parts, http2, ...serving(tls, () => http2Server(http2, grpc, answer)) };
  const h2 = all.tls?.h2 ?? all.h2c;
  attach?.(h2 === undefined ? [server] : [server, h2]);
  const made = guard(server, { ...guardOptionsOf(options), ...given }, all);
  return { http: server, guard: made };
}

/** What serves HTTP/2 on the listener, with TLS or without, unless it is served already or not offered. */
function serving(tls: GuardParts["tls"], h2: () => Http2Server): Pick<GuardParts, "tls" | "h2c"> {
  if (tls === undefined) return { h2c: h2() };
  return tls.h2 === undefined && tls.alpn?.includes("h2") !== false ? { tls: { ...tls, h2: h2() } } : {};
}

/** For what comes over HTTP/2. Its requests and answers are Node's stand-ins for those of HTTP/1.1: what these lack is in response-version.ts. */
function http2Server(limits: Http2Limits, grpc: GrpcServices, answer: (request: IncomingMessage, response: ServerResponse) => void): Http2Server {
  return createHttp2Server(http2ServerOptions(limits), (request, response) => {
    if (grpc(request, response)) return;
    const { stream } = response;
    // Whoever was answered before its body had come need not send the rest (RFC 9113, section 8.1).
    stream.once("finish", () => {
      if (!stream.endAfterHeaders && stream.state.remoteClose !== 1) stream.close(constants.NGHTTP2_NO_ERROR);
    });
    answer(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  });
}

/** As with guard's own times: the hub sees to links that do not take what is sent, and to those that stay to the end of a drain, before guard does. */
function http2LimitsOf({ stallMs }: ServerOptions): Partial<Http2Limits> {
  return { windowStallMs: stallMs * 2 + closeHandshakeMs, errorEndMs: sessionErrorEndMs };
}

/** What the server's own options say of connections. Links have their own times, which the hub keeps: guard's are wider. */
function guardOptionsOf(options: ServerOptions): Partial<GuardOptions> {
  return {
    headersMs: options.handshakeMs,
    requestMs: options.handshakeMs * 3,
    stallMs: options.stallMs * 2 + closeHandshakeMs,
    connectionsMax: options.linksMax + connectionsBesideLinks,
    perAddressMax: options.linksMax + connectionsBesideLinks,
    upgradesPerSecond: "never", // The hub admits, after 101: browsers hide the status of a failed upgrade.
    drainMs: options.drainMs,
  };
}

const statusLines: Readonly<Record<string, string>> = {
  bad_request: "400 Bad Request",
  bad_origin: "403 Forbidden",
  not_found: "404 Not Found",
  bad_host: "421 Misdirected Request",
};

function refuseUpgrade(hub: Hub, socket: Socket, code: AccessFault["code"] | "bad_request" | "not_found", message: string): void {
  hub.counters.refuse(code);
  const body = `${JSON.stringify({ error: { code, message } })}\n`;
  socket.end(
    `HTTP/1.1 ${statusLines[code]}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Listens; rejects with the system's reason. */
export function listening(http: Server, options: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? `port ${options.port} of ${options.host} is in use` : cause.message;
      reject(new HoldfastError("connect_failed", `cannot listen: ${why}`, { cause }));
    });
    http.listen({ port: options.port, host: options.host, backlog: backlogMax }, () => resolve());
  });
}

/** One function for all sockets: it stays with each for as long as that lives. */
function destroyThis(this: Socket): void {
  this.destroy();
}
