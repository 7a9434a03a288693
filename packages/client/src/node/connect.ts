/**
 * The client for programs on Node: what `connect` of the package is, and before that links over HTTP/2.
 */
import { clientEnv } from "../adapters/env.ts";
import { fetchRequester } from "../adapters/fetch.ts";
import { webSocketTransport } from "../adapters/websocket.ts";
import { type Client, createClient } from "../client.ts";
import type { ClientOptions } from "../options.ts";
import { requestTransport } from "../request-conn.ts";
import { grpcTransport } from "./adapters/grpc.ts";
import { h2Transport } from "./adapters/h2.ts";
import { type Sessions, sharedSessions } from "./adapters/sessions.ts";

export interface NodeClientOptions extends ClientOptions {
  /** The sessions on which links over HTTP/2 are opened. Default: one set for all clients of the process. */
  readonly sessions?: Sessions;
}

/**
 * A client of the server at `url` (`http:`, `https:`, `ws:` or `wss:`; a path is kept as a prefix), for programs on Node. What may carry its link,
 * best first: `h2`, `websocket`, `sse`, `poll`. Without TLS the server has to know that HTTP/2 is spoken (Holdfast's do); where it does not,
 * the next is dialled. `grpc` carries it where `transports` names it: for paths that take nothing else.
 * Throws TypeError for an address or an option that is not valid.
 */
export function connect(url: string, { sessions = sharedSessions, ...options }: NodeClientOptions = {}): Client {
  const requests = (["sse", "poll"] as const).map((name) => requestTransport(name, fetchRequester, clientEnv));
  // To a server that speaks HTTP/2 it is no other way than `h2`, so nobody falls back to it.
  const grpc = options.transports?.includes("grpc") === true ? [grpcTransport(sessions)] : [];
  return createClient(url, options, { env: clientEnv, transports: [h2Transport(sessions), ...grpc, webSocketTransport, ...requests] });
}
