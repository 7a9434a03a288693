/**
 * A guarded HTTP/2 server on a port of its own, with the wiring that a session needs and no more: each connection's part is
 * checked at every sweep, `end` lets the session's own FIN stand, `reset` resets the socket. Tests read from it who was ended why.
 */
import { once } from "node:events";
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { Watched } from "../../src/connection.ts";
import type { EndCode } from "../../src/ends.ts";
import { sessionWire } from "../../src/http2/adapters/session-wire.ts";
import { createHttp2Counters, type Http2Counters } from "../../src/http2/counters.ts";
import { guardHttp2Session, type Http2Part, type SessionWire } from "../../src/http2/session-guard.ts";
import {
  type Http2Limits,
  type Http2SessionLimits,
  http2LimitDocs,
  http2ServerOptions,
  http2SessionLimits,
  resolveHttp2Limits,
} from "../../src/http2/settings.ts";
import { resolveGuardOptions } from "../../src/options.ts";

const sweepMs = 100;

/** One accepted connection. */
export interface Accepted {
  readonly socket: Socket;
  readonly session: ServerHttp2Session;
  readonly part: Http2Part;
  /** What the guard said about its end, in order. */
  readonly said: { readonly how: "end" | "reset"; readonly code: EndCode }[];
  proofs: number;
  closed: boolean;
}

export interface GuardedServer {
  readonly server: Http2Server | Http2SecureServer;
  readonly port: number;
  readonly limits: Http2SessionLimits;
  readonly counters: Http2Counters;
  readonly accepted: readonly Accepted[];
  /** How often a handler was called. */
  readonly handled: () => number;
  readonly close: () => Promise<void>;
}

export interface GuardedServerOptions {
  readonly limits?: Partial<Http2SessionLimits>;
  /** Options of Node's server; by default those that follow from the limits. `{}` is a foreign server that knows nothing of them. */
  readonly server?: ServerOptions;
  /** Key and certificate, for a server with TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Whether the last GOAWAY may be announced. Default: where it can be. */
  readonly inTwo?: boolean;
  readonly onStream?: (stream: ServerHttp2Stream, path: string) => void;
}

const answer = (stream: ServerHttp2Stream): void => {
  stream.respond({ ":status": 200 });
  stream.end("ok");
};

/** Listens on a free port of the loopback. */
export async function guardedServer({
  limits: given,
  server: options,
  inTwo = true,
  tls,
  onStream = answer,
}: GuardedServerOptions = {}): Promise<GuardedServer> {
  const { own, shared } = divided(given ?? {});
  const limits: Http2SessionLimits = { ...http2SessionLimits(resolveHttp2Limits(own), resolveGuardOptions(), { ageMs: 3_600_000, slot: 0.5 }), ...shared };
  const counters = createHttp2Counters();
  const made = options ?? http2ServerOptions(limits);
  const server: Http2Server | Http2SecureServer = tls === undefined ? createServer(made) : createSecureServer({ ...made, ...tls });
  const accepted: Accepted[] = [];
  let handled = 0;
  const sockets = new Map<number | undefined, Socket>();
  server.prependListener("connection", (socket: Socket) => sockets.set(socket.remotePort, socket));
  server.on("session", (session: ServerHttp2Session) => {
    const socket = sockets.get(session.socket.remotePort);
    if (socket === undefined) return;
    const wire = sessionWire(socket, tls !== undefined);
    accepted.push(accept(session, socket, inTwo ? wire : { ...wire, announce: null }, limits, counters));
  });
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    handled++;
    onStream(stream, headers[":path"] ?? "");
  });
  const timer = setInterval(() => {
    for (const { part, closed } of accepted) if (!closed) part.check(performance.now());
  }, sweepMs);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async (): Promise<void> => {
    clearInterval(timer);
    for (const { socket } of accepted) socket.destroy();
    server.close();
    await once(server, "close");
  };
  return { server, port: (server.address() as AddressInfo).port, limits, counters, accepted, handled: () => handled, close };
}

/** Limits of HTTP/2, and those that it shares with other protocols. */
function divided(given: Partial<Http2SessionLimits>): { readonly own: Partial<Http2Limits>; readonly shared: Partial<Http2SessionLimits> } {
  const entries = Object.entries(given);
  const pick = (isOwn: boolean): object => Object.fromEntries(entries.filter(([name]) => Object.hasOwn(http2LimitDocs, name) === isOwn));
  return { own: pick(true), shared: pick(false) };
}

function accept(session: ServerHttp2Session, socket: Socket, wire: SessionWire, limits: Http2SessionLimits, counters: Http2Counters): Accepted {
  const said: Accepted["said"] = [];
  const watched: Watched = {
    nowMs: () => performance.now(),
    end: (code) => said.push({ how: "end", code }),
    reset: (code) => {
      said.push({ how: "reset", code });
      socket.resetAndDestroy(); // With TLS too: what is under it goes, and takes it along.
    },
    closing: () => {},
    inFlightBytes: () => 0,
    proof: () => one.proofs++,
  };
  const one: Accepted = {
    socket,
    session,
    part: guardHttp2Session(session, limits, watched, counters, wire, { soon: setImmediate, left: () => {} }),
    said,
    proofs: 0,
    closed: false,
  };
  socket.once("close", () => {
    one.closed = true;
  });
  return one;
}

/** Waits until it holds, looked at every few milliseconds; false after the deadline. */
export async function eventually(holds: () => boolean, deadlineMs = 10_000): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}
