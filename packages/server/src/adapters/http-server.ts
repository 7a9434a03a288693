/**
 * The one port of a server: an HTTP server with finite times and sizes, whose upgrades go to the WebSocket transport.
 * Nothing is answered before Host, Origin and the header block have been checked.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { HoldfastError } from "@holdfast/protocol";
import { accessFault } from "../http/access.ts";
import type { HttpContext } from "../http/context.ts";
import { allowOrigin } from "../http/cors.ts";
import { inTurn } from "../http/request-queue.ts";
import { sendError } from "../http/respond.ts";
import { route } from "../http/router.ts";
import type { Hub } from "../hub/hub.ts";
import type { ServerOptions } from "../options.ts";
import { websocketTransport } from "../transports/websocket.ts";

/** Node's own 511 overflows when all clients of a node come back at once, and each lost handshake costs seconds. The kernel's somaxconn caps it. */
const backlogMax = 4_096;

const headerBytesMax = 16_384;
const headersCountMax = 100;
const keepAliveMs = 65_000;

export interface HttpServer {
  readonly http: Server;
  /** Resolves when no request is being answered. To be called once. */
  answered(): Promise<void>;
}

/** An HTTP server that does not listen yet. */
export function httpServer(context: HttpContext): HttpServer {
  const { hub, options } = context;
  const transport = websocketTransport(hub);
  let answering = 0;
  let whenAnswered = (): void => {};
  /** By the connection: its newest answer that is under way. */
  const underWay = new WeakMap<Socket, ServerResponse>();
  function over(this: ServerResponse): void {
    if (underWay.get(this.req.socket) === this) underWay.delete(this.req.socket);
    answering--;
    if (answering === 0) whenAnswered();
  }
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    answering++;
    underWay.set(request.socket, response);
    response.once("close", over);
    const fault = headersFault(request) ?? accessFault(request, options);
    // A connection that is kept would lead the next request to the server that its client is to leave.
    if (hub.draining) response.setHeader("Connection", "close");
    if (fault === null) {
      allowOrigin(request, response);
      void route(context, request, response);
    } else {
      hub.counters.refuse(fault.code);
      sendError(response, fault.code, fault.message, { headers: { Connection: "close" } });
    }
  };
  const server = createServer(
    {
      headersTimeout: options.handshakeMs,
      requestTimeout: options.handshakeMs * 3,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: headerBytesMax,
      keepAliveTimeout: keepAliveMs,
      // An offer to speak something else (curl's h2c, say) may be ignored (RFC 9110, section 7.8).
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
    },
    (request, response) => {
      if (inTurn(request, response, () => take(request, response))) return;
      hub.counters.refuse("bad_request");
      request.socket.destroy();
    },
  );
  server.maxHeadersCount = headersCountMax * 2;
  // Links and requests together, with room for requests while links are at their cap.
  server.maxConnections = options.linksMax + 1_000;
  server.on("drop", () => hub.counters.refuse("too_many_links"));
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", destroyThis);
    const fault = headersFault(request) ?? accessFault(request, options);
    const path = request.url?.split("?")[0];
    if (underWay.has(socket)) {
      // Whatever is said now would stand in the middle of that answer.
      hub.counters.refuse("bad_request");
      socket.destroy();
    } else if (fault !== null) refuseUpgrade(hub, socket, fault.code, fault.message);
    else if (path !== "/v1/link") refuseUpgrade(hub, socket, "not_found", "upgrade at /v1/link");
    else transport.upgrade(request, socket, head);
  });
  const answered = (): Promise<void> =>
    new Promise((resolve) => {
      whenAnswered = resolve;
      if (answering === 0) resolve();
    });
  return { http: server, answered };
}

/** Node shows only so many headers and hides the rest: a request at the bound is refused rather than half read. */
function headersFault(request: IncomingMessage): { readonly code: "bad_request"; readonly message: string } | null {
  if (request.httpVersionMajor < 1) return { code: "bad_request", message: "HTTP/0.9 is not spoken here" };
  return request.rawHeaders.length / 2 > headersCountMax ? { code: "bad_request", message: `expected at most ${headersCountMax} headers` } : null;
}

const statusLines: Readonly<Record<string, string>> = {
  bad_request: "400 Bad Request",
  bad_origin: "403 Forbidden",
  not_found: "404 Not Found",
  bad_host: "421 Misdirected Request",
};

function refuseUpgrade(hub: Hub, socket: Socket, code: "bad_request" | "bad_origin" | "bad_host" | "not_found", message: string): void {
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
