/**
 * A WebSocket class for libraries that take one and make a new socket after every loss, such as graphql-ws: its sockets tell the loss
 * at once and keep trying silently until they are open. The backoff passes from each to the next, so a library may come back without delay.
 */
import type { Address } from "./options.ts";
import { ReliableWebSocket, type ReliableWebSocketOptions, type Succession } from "./web-socket.ts";

/** What `reliable` makes: a constructor as the platform's. */
export interface ReliableWebSocketClass {
  new (url: Address, protocols?: string | string[]): ReliableWebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
}

/** A `webSocketImpl` with these options, `onLoss: "close"` unless they say otherwise. One class keeps one backoff: make one per server. */
export function reliable(options: ReliableWebSocketOptions = {}): ReliableWebSocketClass {
  const succession: Succession = { state: null };
  return class extends ReliableWebSocket {
    constructor(url: Address, protocols?: string | string[]) {
      super(url, protocols, { onLoss: "close", ...options }, succession);
    }
  };
}
