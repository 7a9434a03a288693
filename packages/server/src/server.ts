/**
 * A Holdfast server on one port: HTTP interface and WebSocket transport over one hub and one engine.
 * Until it can authorize, it listens on loopback only.
 */
import { createServer as createHttpServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Env, HoldfastError } from "@holdfast/protocol";
import { nodeEnv } from "./adapters/env.ts";
import type { Engine } from "./engine.ts";
import { accessFault } from "./http/access.ts";
import { metricsOf } from "./http/metrics.ts";
import { type HttpContext, route } from "./http/router.ts";
import { sendError } from "./http/respond.ts";
import { Hub, type HubStats } from "./hub/hub.ts";
import { resolveServerOptions, type ServerOptions } from "./options.ts";
import { websocketTransport } from "./transports/websocket.ts";

export interface ServerParts {
  /** Where logs live. The server starts and stops it. */
  readonly engine: Engine;
  readonly options?: Partial<ServerOptions>;
  readonly env?: Env;
}

export interface HoldfastServer {
  readonly hub: Hub;
  readonly options: ServerOptions;
  /** Starts the engine and listens. Rejects when either fails. */
  listen(): Promise<{ readonly host: string; readonly port: number; readonly url: string }>;
  stats(): HubStats;
  /** Drains: clients are told to move, then closed; the engine is stopped last. Calling it again waits for the same. */
  close(): Promise<void>;
}

const headerBytesMax = 16_384;
const headersCountMax = 100;
const keepAliveMs = 65_000;

/** Makes a server; nothing happens before `listen`. Throws a TypeError for bad options. */
export function createServer(parts: ServerParts): HoldfastServer {
  const options = resolveServerOptions(parts.options);
  const { engine } = parts;
  const hub = new Hub(engine, options, parts.env ?? nodeEnv);
  const context: HttpContext = { hub, engine, options, metrics: metricsOf(hub, engine) };
  const http = httpServer(context);
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    const closed = http.listening ? new Promise<void>((resolve) => http.close(() => resolve())) : Promise.resolve();
    http.closeIdleConnections();
    await hub.drain();
    http.closeAllConnections();
    await closed;
    hub.stop();
    await engine.stop();
  };
  return {
    hub,
    options,
    listen: async () => {
      await engine.start();
      try {
        await listening(http, options);
      } catch (thrown) {
        await engine.stop();
        throw thrown;
      }
      const { port } = http.address() as AddressInfo;
      const name = options.host.includes(":") ? `[${options.host}]` : options.host;
      return { host: options.host, port, url: `http://${name}:${port}` };
    },
    stats: () => hub.stats(),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function httpServer(context: HttpContext): Server {
  const { hub, options } = context;
  const transport = websocketTransport(hub);
  const server = createHttpServer(
    { headersTimeout: options.handshakeMs, requestTimeout: options.handshakeMs * 3, connectionsCheckingInterval: 1_000, maxHeaderSize: headerBytesMax, keepAliveTimeout: keepAliveMs },
    (request, response) => {
      const fault = headersFault(request) ?? accessFault(request, options);
      if (fault === null) void route(context, request, response);
      else {
        hub.counters.refuse(fault.code);
        sendError(response, fault.code, fault.message, { headers: { Connection: "close" } });
      }
    },
  );
  server.maxHeadersCount = headersCountMax * 2;
  // Links and requests together, with room for requests while links are at their cap.
  server.maxConnections = options.linksMax + 1_000;
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const fault = headersFault(request) ?? accessFault(request, options);
    const path = request.url?.split("?")[0];
    if (fault !== null) refuseUpgrade(hub, socket, fault.code, fault.message);
    else if (path !== "/v1/link") refuseUpgrade(hub, socket, "not_found", "upgrade at /v1/link");
    else transport.upgrade(request, socket, head);
  });
  return server;
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
  socket.end(`HTTP/1.1 ${statusLines[code]}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function listening(http: Server, options: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? `port ${options.port} of ${options.host} is in use` : cause.message;
      reject(new HoldfastError("connect_failed", `cannot listen: ${why}`, { cause }));
    });
    http.listen(options.port, options.host, () => resolve());
  });
}
