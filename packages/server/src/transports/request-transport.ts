/**
 * What a transport that answers requests is, to the router, and what it is made from.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Env } from "@holdfast/protocol";
import type { Hub } from "../hub/hub.ts";
import type { ServerOptions } from "../options.ts";
import type { SessionLinks } from "./session-links.ts";

export interface TransportParts {
  readonly hub: Hub;
  readonly options: ServerOptions;
  readonly env: Env;
  /** Default: none, where nothing speaks HTTP/2. */
  readonly sessions?: SessionLinks;
}

/** Answers requests for one path. Host and Origin have been checked, and nothing else is being answered on the connection. */
export interface RequestTransport {
  readonly path: string;
  /** Other methods are refused with 405. */
  readonly methods: readonly string[];
  /** Rejects only for what is the server's own fault, or when the client left in the middle of its body. */
  answer(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> | void;
}
