/**
 * What guard uses of a `ws` server and its sockets: documented members only, by shape and not by import, so that any version that a team
 * has installed fits. Nothing with an underscore may be added.
 */
import type { IncomingMessage } from "node:http";

/** `WebSocket.OPEN` and its siblings. */
export const readyStates = { open: 1, closing: 2, closed: 3 } as const;

/** One socket of a `ws` server. */
export interface WsSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  readonly extensions: string;
  readonly protocol: string;
  ping(data: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "close", listener: (code: number) => void): unknown;
}

/** What decides about messages and closes; `options` holds the defaults of `ws` where the host gave none. */
export interface WsServerOptions {
  maxPayload?: number | undefined;
  /** Newer than the published types. */
  closeTimeout?: number | undefined;
}

export interface WsServer {
  readonly options: WsServerOptions;
  readonly clients?: ReadonlySet<unknown> | undefined;
  on(event: "headers", listener: (headers: string[], request: IncomingMessage) => void): unknown;
  on(event: "connection", listener: (socket: WsSocket, request: IncomingMessage) => void): unknown;
  off(event: "headers", listener: (headers: string[], request: IncomingMessage) => void): unknown;
  off(event: "connection", listener: (socket: WsSocket, request: IncomingMessage) => void): unknown;
}
