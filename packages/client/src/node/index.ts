/**
 * The client for programs on Node: links over HTTP/2, many on one session, beside all that the package's own entry has.
 */
export { grpcTransport } from "./adapters/grpc.ts";
export { h2Transport } from "./adapters/h2.ts";
export type { TlsOptions } from "./adapters/session.ts";
export { type SessionCounters, Sessions, type StreamTicket, type StreamUser, sharedSessions } from "./adapters/sessions.ts";
export { connect, type NodeClientOptions } from "./connect.ts";
export { resolveSessionOptions, type SessionOptions, sessionOptionDocs } from "./options.ts";
