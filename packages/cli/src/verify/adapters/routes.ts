/**
 * Lets SDK clients of this process reach one server by several ways, each through a port of its own, without knowing it: a client is given
 * an address that exists nowhere (`.invalid`), and what it asks for goes to the way's port under the server's own name. Host, SNI and
 * the certificate that is checked are the server's: TLS stays end to end. It must never touch a request to any other address.
 */
import type { Client, ClientOptions } from "@holdfast/client";
import { connect } from "@holdfast/client/node";
import { RoutedSessions, type WayTo } from "./routed-sessions.ts";

interface Dispatcher {
  dispatch(request: Request, handler: object): boolean;
}
interface Request {
  readonly origin?: string | URL;
  readonly headers?: unknown;
}

/** The ways that are open. */
export interface Routes {
  /** The base address to hand to a client: what it asks there goes to `port` of this machine as if asked of `server`. */
  add(server: string, port: number): string;
  /** A client at such an address. */
  connect(url: string, options: ClientOptions): Client;
  /** Puts back what was there before. */
  close(): void;
}

// Node's fetch and WebSocket find their dispatcher under these names; the first is the one of older versions.
const names = [Symbol.for("undici.globalDispatcher.1"), Symbol.for("undici.globalDispatcher.2")];
const globals = globalThis as unknown as Record<symbol, Dispatcher | undefined>;

/** Opens the routes. Throws when this version of Node has no dispatcher to put in front. */
export function openRoutes(): Routes {
  // Node loads its implementation, and with it the dispatcher, when one of the names is first used.
  void WebSocket;
  const ways = new Map<string, WayTo>();
  const sessions = new RoutedSessions((origin) => ways.get(origin));
  const before = names.map((name) => [name, globals[name]] as const);
  if (before.every(([, dispatcher]) => dispatcher === undefined)) throw new Error("this version of Node has no dispatcher of fetch and WebSocket");
  for (const [name, dispatcher] of before) if (dispatcher !== undefined) globals[name] = routed(dispatcher, ways);
  return {
    add: (server, port) => {
      const { protocol, host, pathname } = new URL(server);
      const alias = `${protocol}//way-${ways.size + 1}.invalid`;
      ways.set(alias, { origin: `${protocol}//127.0.0.1:${port}`, host });
      return `${alias}${pathname}`.replace(/\/+$/, "");
    },
    connect: (url, options) => connect(url, { ...options, sessions }),
    close: () => {
      sessions.close();
      for (const [name, dispatcher] of before) if (dispatcher !== undefined) globals[name] = dispatcher;
    },
  };
}

function routed(inner: Dispatcher, ways: ReadonlyMap<string, WayTo>): Dispatcher {
  const dispatch = (request: Request, handler: object): boolean => {
    const way = ways.get(String(request.origin ?? ""));
    if (way === undefined) return inner.dispatch(request, handler);
    // The connection is made to the port; the name that is asked for, and whose certificate must match, follows from the Host header.
    return inner.dispatch({ ...request, origin: way.origin, headers: { ...plain(request.headers), host: way.host } }, handler);
  };
  return new Proxy(inner, {
    get: (target, name) => {
      if (name === "dispatch") return dispatch;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Headers as an object, from any of the forms that a dispatcher takes. */
function plain(headers: unknown): Record<string, unknown> {
  if (headers === null || headers === undefined) return {};
  if (Array.isArray(headers) && typeof headers[0] === "string") {
    return Object.fromEntries(Array.from({ length: headers.length / 2 }, (_, i) => [headers[2 * i], headers[2 * i + 1]]));
  }
  const pairs = typeof (headers as Iterable<unknown>)[Symbol.iterator] === "function" ? [...(headers as Iterable<[string, unknown]>)] : Object.entries(headers);
  return Object.fromEntries(pairs);
}
