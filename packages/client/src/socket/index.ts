/**
 * `@holdfast/client/socket`: a WebSocket and an EventSource for any server, with the platform's interfaces, that prove their links.
 * Each is its own small bundle: this file must do nothing but name things.
 */
export { isFinalStatus, ReliableEventSource, type ReliableEventSourceOptions } from "./event-source.ts";
export type { Handler } from "./handler-target.ts";
export type { EndCode } from "./link-state.ts";
export type { LinkStatus, LinkStatusSource } from "./link-status.ts";
export type { Address, LinkOptions } from "./options.ts";
export { type ReliableWebSocketClass, reliable } from "./reliable.ts";
export { isFinalClose, ReliableWebSocket, type ReliableWebSocketOptions, type Sendable } from "./web-socket.ts";
