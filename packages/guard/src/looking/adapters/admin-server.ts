/**
 * The admin listener: a port of its own, with few and short connections, and no body. It is not guarded by the guard that it shows: when
 * that one refuses everybody, somebody must still be able to look.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HoldfastError } from "@holdfast/protocol";
import { Admin, type AdminOptions } from "../admin.ts";
import { lookingLimits } from "../limits.ts";

export interface AdminListener {
  /** Rejects with `connect_failed` when it cannot listen. */
  listen(): Promise<{ readonly host: string; readonly port: number; readonly url: string }>;
  /** Ends it, and whoever looks. */
  close(): Promise<void>;
}

const connectionsMax = lookingLimits.adminConnectionsMax.value;
const requestMs = lookingLimits.adminRequestMs.value;

/** @throws {TypeError} for options with which it would stand open */
export function adminListener(options: AdminOptions): AdminListener {
  const admin = new Admin(options);
  const { host = "127.0.0.1", port } = options;
  const http = createServer({ requestTimeout: requestMs, headersTimeout: requestMs, keepAliveTimeout: requestMs, connectionsCheckingInterval: 1_000 });
  http.maxConnections = connectionsMax;
  http.setTimeout(2 * requestMs);
  http.on("drop", () => admin.refuse("too_many_connections"));
  http.on("clientError", (_error, socket) => {
    admin.refuse("bad_request");
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    else socket.destroy();
  });
  http.on("request", (request, response) => void answer(admin, request, response));
  return {
    listen: async () => {
      await listening(http, host, port);
      const taken = (http.address() as AddressInfo).port;
      return { host, port: taken, url: `http://${host.includes(":") ? `[${host}]` : host}:${taken}` };
    },
    close: async () => {
      const closed = http.listening ? new Promise((resolve) => http.close(resolve)) : Promise.resolve();
      http.closeAllConnections();
      await closed;
    },
  };
}

async function answer(admin: Admin, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "", url: target = "", rawHeaders, socket } = request;
  const { status, headers, body } = await admin.answer({ method, target, rawHeaders, localAddress: socket.localAddress });
  // What follows a body that nobody reads cannot be told from it.
  const isRefused = status >= 400;
  request.resume();
  // An answer without a body says nothing of its length (RFC 9110, section 8.6).
  const length = status === 204 ? {} : { "Content-Length": Buffer.byteLength(body) };
  response.writeHead(status, { ...headers, ...length, ...(isRefused ? { Connection: "close" } : {}) });
  response.end(body);
}

function listening(http: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    http.on("error", (cause: NodeJS.ErrnoException) => {
      reject(new HoldfastError("connect_failed", `the admin listener cannot listen on ${host}:${port}: ${cause.code ?? cause.message}`, { cause }));
    });
    http.listen({ host, port }, resolve);
  });
}
