/**
 * What the methods of gRPC are made from.
 */
import type { ServerHttp2Session } from "node:http2";
import type { Env } from "@holdfast/protocol";
import type { Engine } from "../../engine.ts";
import type { Hub } from "../../hub/hub.ts";
import type { ServerOptions } from "../../options.ts";
import type { SessionLinks } from "../session-links.ts";

export interface GrpcParts {
  readonly hub: Hub;
  readonly engine: Engine;
  readonly options: ServerOptions;
  readonly env: Env;
  readonly sessions: SessionLinks;
  /** Whether new clients are wanted. */
  readonly ready: () => boolean;
  /** Lets a session take no more calls, in two steps where that is possible; those that are open go on. */
  readonly leaveSession: (session: ServerHttp2Session) => void;
}
