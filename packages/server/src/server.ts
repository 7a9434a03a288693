/**
 * A Holdfast server on one port: HTTP interface and WebSocket transport over one hub and one engine.
 * Until it can authorize, it listens on loopback only.
 */
import type { AddressInfo } from "node:net";
import type { Env } from "@holdfast/protocol";
import { nodeEnv } from "./adapters/env.ts";
import { httpServer, listening } from "./adapters/http-server.ts";
import type { Engine } from "./engine.ts";
import type { HttpContext } from "./http/context.ts";
import { metricsOf } from "./http/metrics.ts";
import { Hub, type HubStats } from "./hub/hub.ts";
import { resolveServerOptions, type ServerOptions } from "./options.ts";

export interface ServerParts {
  /** Where logs live. The server starts and stops it. */
  readonly engine: Engine;
  readonly options?: Partial<ServerOptions>;
  readonly env?: Env;
}

export interface HoldfastServer {
  readonly hub: Hub;
  readonly options: ServerOptions;
  /** Starts the engine and listens. Rejects when either fails. */
  listen(): Promise<{ readonly host: string; readonly port: number; readonly url: string }>;
  stats(): HubStats;
  /** Drains: clients are told to move, then closed; the engine is stopped last. Calling it again waits for the same. */
  close(): Promise<void>;
}

/** Makes a server; nothing happens before `listen`. Throws a TypeError for bad options. */
export function createServer(parts: ServerParts): HoldfastServer {
  const options = resolveServerOptions(parts.options);
  const { engine } = parts;
  const hub = new Hub(engine, options, parts.env ?? nodeEnv);
  const context: HttpContext = { hub, engine, options, metrics: metricsOf(hub, engine) };
  const http = httpServer(context);
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    const closed = http.listening ? new Promise<void>((resolve) => http.close(() => resolve())) : Promise.resolve();
    http.closeIdleConnections();
    await hub.drain();
    http.closeAllConnections();
    await closed;
    hub.stop();
    await engine.stop();
  };
  return {
    hub,
    options,
    listen: async () => {
      await engine.start();
      try {
        await listening(http, options);
      } catch (thrown) {
        await engine.stop();
        throw thrown;
      }
      const { port } = http.address() as AddressInfo;
      const name = options.host.includes(":") ? `[${options.host}]` : options.host;
      return { host: options.host, port, url: `http://${name}:${port}` };
    },
    stats: () => hub.stats(),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
