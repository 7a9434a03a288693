/**
 * What the handlers of the HTTP interface share.
 */
import type { Registry } from "prom-client";
import type { Engine } from "../engine.ts";
import type { Hub } from "../hub/hub.ts";
import type { ServerOptions } from "../options.ts";

export interface HttpContext {
  readonly hub: Hub;
  readonly engine: Engine;
  readonly options: ServerOptions;
  readonly metrics: Registry;
}
