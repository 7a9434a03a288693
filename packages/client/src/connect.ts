/**
 * The client for applications: the platform's clock, randomness and transports.
 * Nothing else in this package, adapters apart, may reach the platform.
 */
import { clientEnv } from "./adapters/env.ts";
import { fetchRequester } from "./adapters/fetch.ts";
import { watchPage } from "./adapters/page.ts";
import { webSocketTransport } from "./adapters/websocket.ts";
import { type Client, createClient } from "./client.ts";
import type { ClientOptions } from "./options.ts";
import { requestTransport } from "./request-conn.ts";

const transports = [webSocketTransport, requestTransport("sse", fetchRequester, clientEnv), requestTransport("poll", fetchRequester, clientEnv)];

/**
 * A client of the server at `url` (`http:`, `https:`, `ws:` or `wss:`; a path is kept as a prefix). It dials when there is something to
 * carry, and keeps a process running while a stream is open or a publish is unanswered.
 * Throws TypeError for an address or an option that is not valid.
 */
export function connect(url: string, options?: ClientOptions): Client {
  return createClient(url, options, { env: clientEnv, transports, watch: watchPage });
}
