/**
 * Small servers that end an idle connection after a time and in a way of one's choice.
 */
import { createServer as createHttpServer } from "node:http";
import { createSecureServer } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { WebSocketServer } from "ws";

export interface Running extends AsyncDisposable {
  readonly port: number;
  /** Connections that are open here. */
  open(): number;
}

export type End = (socket: Socket) => void;

export const ends = {
  fin: (socket: Socket) => void socket.end(),
  rst: (socket: Socket) => void socket.resetAndDestroy(),
  timeout408: (socket: Socket) => void socket.end("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
} as const;

/** `end` after so long without bytes. What a request is answered with, `answer` says. */
export function rawServer(idleMs: number, end: End, answer: (path: string) => string): Promise<Running> {
  return listen(
    createServer((socket) => {
      let timer = setTimeout(() => end(socket), idleMs);
      socket.on("error", () => {});
      socket.on("close", () => clearTimeout(timer));
      socket.on("data", (bytes) => {
        clearTimeout(timer);
        timer = setTimeout(() => end(socket), idleMs);
        const path = /^[A-Z]+ (\S+) HTTP\/1\.1\r\n/.exec(String(bytes))?.[1];
        if (path !== undefined) socket.write(answer(path));
        else if (String(bytes).startsWith("PRI ")) socket.destroy();
      });
    }),
  );
}

/** `answer` to each request, with how many there were on its connection, and its text. It never ends one by itself. */
export function countingServer(answer: (socket: Socket, request: number, text: string) => void): Promise<Running> {
  return listen(
    createServer((socket) => {
      let requests = 0;
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        if (/^[A-Z]+ \S+ HTTP\/1\.1\r\n/.test(String(bytes))) answer(socket, ++requests, String(bytes));
        else if (String(bytes).startsWith("PRI ")) socket.destroy();
      });
    }),
  );
}

export const okAnswer = "HTTP/1.1 200 OK\r\nServer: test\r\nContent-Length: 2\r\n\r\nok";
export const streamAnswer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n";

/** HTTP/2 and HTTP/1.1 over TLS; a GOAWAY with this code after so long without a stream. */
export function goawayServer(idleMs: number, code: number, pair: { readonly cert: string; readonly key: string }): Promise<Running> {
  const server = createSecureServer({ ...pair, allowHTTP1: true }, (_, response) => void response.end("ok"));
  server.on("session", (session) => {
    const leave = (): void => {
      session.goaway(code);
      session.close();
    };
    let timer = setTimeout(leave, idleMs);
    session.on("stream", (stream) => {
      stream.on("close", () => {
        clearTimeout(timer);
        timer = setTimeout(leave, idleMs);
      });
    });
    session.on("close", () => clearTimeout(timer));
    session.on("error", () => {});
  });
  return listen(server);
}

/** WebSockets that are ended after so long without a message or a ping; `null`: never. */
export function socketServer(idleMs: number | null, end: (close: (code: number) => void, socket: Socket) => void): Promise<Running> {
  const http = createHttpServer((_, response) => void response.end("ok"));
  http.keepAliveTimeout = 60_000;
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (webSocket, request) => {
    webSocket.on("error", () => {});
    if (idleMs === null) return;
    const leave = (): void => end((code) => webSocket.close(code), request.socket);
    let timer = setTimeout(leave, idleMs);
    webSocket.on("close", () => clearTimeout(timer));
    webSocket.on("ping", () => {
      clearTimeout(timer);
      timer = setTimeout(leave, idleMs);
    });
  });
  return listen(http);
}

export async function listen(server: Server): Promise<Running> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    open: () => open.size,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
