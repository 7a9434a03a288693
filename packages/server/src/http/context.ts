/**
 * What the handlers of the HTTP interface share.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { GuardedGate } from "../auth/gate.ts";
import type { Engine } from "../engine.ts";
import type { Hub } from "../hub/hub.ts";
import type { ServerOptions } from "../options.ts";
import type { RequestTransport } from "../transports/request-transport.ts";

export interface HttpContext {
  readonly hub: Hub;
  readonly engine: Engine;
  readonly options: ServerOptions;
  /** Gives and redeems tickets; null where nobody decides, so that there is nothing to have a ticket for. */
  readonly tickets: Pick<GuardedGate, "ticketFor" | "redeem"> | null;
  /** By their paths. */
  readonly transports: ReadonlyMap<string, RequestTransport>;
  readonly fallback: Fallback | null;
  /** Whether new clients are wanted. */
  readonly ready: () => boolean;
}

/** Answers what is not of the interface, after Host and Origin have been checked. False: not its business either, 404. It must not throw. */
export type Fallback = (request: IncomingMessage, response: ServerResponse) => boolean;
