/**
 * The client: streams that resume exactly, publishes that are added once, and a status that is proved.
 */
export { type From, HoldfastError } from "@holdfast/protocol";
export { platformEnv } from "./adapters/platform-env.ts";
export { webSocketTransport } from "./adapters/websocket.ts";
export { type Client, type CloseOptions, createClient, type Platform, type PublishOptions } from "./client.ts";
export { connect } from "./connect.ts";
export type { ClientCounters } from "./counters.ts";
export type { Gap, StreamEntry } from "./entry.ts";
export { type ClientOptions, clientOptionDocs, type OptionDoc, type ResolvedOptions, resolveOptions } from "./options.ts";
export type { Published } from "./outbox.ts";
export { type RawJson, rawJson } from "./payload.ts";
export { type RequestEvents, type Requester, requestTransport } from "./request-conn.ts";
export type { LineState, Status, StatusSource, StreamStatus } from "./status.ts";
export type { Stream, StreamCounters, StreamOptions } from "./stream.ts";
export type { Conn, ConnHandlers, DialTarget, Transport } from "./transport.ts";
