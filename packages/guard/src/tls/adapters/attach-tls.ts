/**
 * Puts a TLS front before a server that somebody else made: `https`, `http2` with TLS, or plain `http`. Node's own handling of accepted
 * connections is taken off, and secure sockets come back by the door through which the server would have got them.
 * It must never touch listeners of the host: only Node's own are replaced, recognised by what they are and not by where they stand.
 */
import { createServer as createHttpServer } from "node:http";
import type { Http2Server } from "node:http2";
import { Server as HttpsServer } from "node:https";
import type { Server, Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { TlsFrontSettings } from "../options.ts";
import type { TlsEvents, TlsFailure, TlsFront } from "../tls-front.ts";
import { type FrontEnv, tlsFront } from "./tls-front.ts";

type Listener = (this: Server, socket: Socket) => void;

/** The listener that every server of a kind gets from Node: a function of the module, and so the same for all. */
const ownListener = (server: Server): Listener => server.listeners("connection")[0] as Listener;
const ownOfTls = ownListener(createTlsServer());
export const ownOfHttp: Listener = ownListener(createHttpServer());

export interface AttachSettings extends TlsFrontSettings {
  /** Serves connections that agree on `h2`, for a plain `http` server. It must not listen itself. */
  readonly h2?: Http2Server;
}

/** How secure sockets, and failures, get to their server: by its own events, so that whoever stands before those sees them. */
export interface SecureDoor {
  secure(socket: TLSSocket): void;
  failed(raw: Socket, failure: TlsFailure): void;
}

/**
 * Takes Node's own handling of connections off a server, and tells how to hand it secure sockets. Until raw connections are led to a front,
 * the server accepts and serves none. A plain `http` server gets `secureConnection` and `tlsClientError` as one of `https` does.
 */
export function takeOver(server: Server, h2?: Http2Server): SecureDoor {
  const listeners = server.listeners("connection");
  if (listeners.includes(ownOfTls)) {
    if (h2 !== undefined) throw new TypeError("Expected no `h2` for a server of `https` or `http2`: it serves what ALPN agrees on itself");
    server.removeListener("connection", ownOfTls);
  } else if (listeners.includes(ownOfHttp)) {
    server.removeListener("connection", ownOfHttp);
    server.on("secureConnection", (socket: TLSSocket) => {
      if (socket.alpnProtocol === "h2") h2?.emit("connection", socket);
      else ownOfHttp.call(server, socket);
    });
  } else throw new TypeError("Expected a server of `http`, `https` or `http2` to which no TLS front is attached yet");
  return {
    secure: (socket) => void server.emit("secureConnection", socket),
    failed: (raw, { error, socket }) => void server.emit("tlsClientError", error, socket ?? raw),
  };
}

/** What ALPN may offer so that the server understands it; Node tells the protocols of a server of `http2` to nobody. */
function alpnOf(server: Server, { alpn, h2 }: AttachSettings): readonly string[] {
  const isHttps = server instanceof HttpsServer;
  const isPlain = server.listeners("connection").includes(ownOfHttp);
  if (alpn === undefined && !isHttps && !isPlain) throw new TypeError('Expected `alpn` for this server: ["h2", "http/1.1"] with `allowHTTP1`, else ["h2"]');
  if (alpn?.includes("h2") && (isHttps || (isPlain && h2 === undefined))) throw new TypeError("Expected `alpn` without h2: nothing here serves it");
  return alpn ?? (h2 === undefined ? ["http/1.1"] : ["h2", "http/1.1"]);
}

/** Attaches a front of its own to one server. `events` hears of everything as well, before the server does. */
export function attachTls(server: Server, settings: AttachSettings, events: Partial<TlsEvents> = {}, env?: FrontEnv): TlsFront {
  const alpn = alpnOf(server, settings);
  const { h2, ...rest } = settings;
  let door: SecureDoor | null = null;
  const front = tlsFront(
    { ...rest, alpn },
    {
      secure: (socket, facts, raw) => {
        events.secure?.(socket, facts, raw);
        // Whoever counts connections may have refused this one.
        if (!socket.destroyed) door?.secure(socket);
      },
      failed: (raw, failure) => {
        events.failed?.(raw, failure);
        door?.failed(raw, failure);
      },
      said: (notice) => events.said?.(notice),
    },
    env,
  );
  // Only now: a front that cannot start leaves the server as it was.
  door = takeOver(server, h2);
  server.on("connection", (raw: Socket) => front.accept(raw));
  return front;
}
