/**
 * Stands before a server's own listeners for some requests only; all others reach them as if nothing stood there. It goes through the
 * server's `emit`, inside or outside of whatever else has wrapped that (a guard has to see every request), and takes the place of the
 * listeners while its own request is handed over.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Http2SecureServer, Http2Server } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";

export type AgentServer = Server | HttpsServer | Http2Server | Http2SecureServer;

export interface Handlers {
  readonly request: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void;
}

// biome-ignore lint/suspicious/noExplicitAny: the arguments are those of Node's events, which differ.
type Listener = (...args: any[]) => void;

interface UpgradeAsking {
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean;
}

const nothing = (): void => {};

/** Returns how to undo it, and whether upgrades can be had: Node before 24.9 takes all of them or none, and none where the host takes none. */
export function standBefore(
  server: AgentServer,
  isOurs: (request: IncomingMessage) => boolean,
  handlers: Handlers,
): { readonly upgrades: boolean; undo(): void } {
  const byName = new Map<unknown, Listener>(Object.entries(handlers));
  const own = Object.hasOwn(server, "emit");
  const original = server.emit;
  const emit = (name: string, ...args: unknown[]): boolean => {
    const handler = byName.get(name);
    const pass = (): boolean => (original as (name: string, ...args: unknown[]) => boolean).call(server, name, ...args);
    return handler !== undefined && isOurs(args[0] as IncomingMessage) ? inPlaceOfOthers(server, name, handler, pass) : pass();
  };
  server.emit = emit as typeof server.emit;
  // A server of HTTP/2 makes requests of streams only once somebody has listened for them.
  server.on("request", nothing).off("request", nothing);
  const upgrades = askForUpgrades(server, isOurs);
  return {
    upgrades: upgrades !== null,
    undo: () => {
      upgrades?.();
      // Whoever wrapped it after us keeps working: then ours stays, and passes everything on.
      byName.clear();
      if (server.emit !== emit) return;
      if (own) server.emit = original;
      else delete (server as { emit?: unknown }).emit;
    },
  };
}

function inPlaceOfOthers(server: AgentServer, name: string, handler: Listener, call: () => boolean): boolean {
  const others = server.rawListeners(name) as Listener[];
  for (const other of others) server.off(name, other);
  server.on(name, handler);
  try {
    return call();
  } finally {
    server.off(name, handler);
    for (const other of others) server.on(name, other);
  }
}

/** Node asks before it makes an upgrade of a request, and drops it where nobody listens: so somebody does, who is not seen where it asks for others. */
function askForUpgrades(server: AgentServer, isOurs: (request: IncomingMessage) => boolean): (() => void) | null {
  const asking = server as UpgradeAsking;
  const before = asking.shouldUpgradeCallback;
  if (before === undefined) return server.listenerCount("upgrade") > 0 ? nothing : null;
  const asked = (request: IncomingMessage): boolean => {
    if (isOurs(request)) return true;
    server.off("upgrade", nothing);
    try {
      return before.call(server, request);
    } finally {
      server.on("upgrade", nothing);
    }
  };
  asking.shouldUpgradeCallback = asked;
  server.on("upgrade", nothing);
  return () => {
    server.off("upgrade", nothing);
    if (asking.shouldUpgradeCallback === asked) asking.shouldUpgradeCallback = before;
  };
}
