/**
 * A Holdfast server on one port: HTTP interface and WebSocket transport over one hub and one engine.
 * Beyond loopback it listens only where it was decided who is let in, and which pages.
 */
import type { Server } from "node:http";
import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { type Guard, type GuardEvents, type GuardOptions, type ListenerParts, nodeEnv, type PathOptions, withPath } from "@holdfast/guard";
import type { Env } from "@holdfast/protocol";
import type { Registry } from "prom-client";
import { type HttpServer, handshakesMs, httpServer, listening } from "./adapters/http-server.ts";
import { randomSecret } from "./auth/adapters/random-secret.ts";
import { type Auth, type Authorizer, authorizerOf } from "./auth/authorizer.ts";
import { GuardedGate, openGate } from "./auth/gate.ts";
import type { Hooks } from "./auth/hooks.ts";
import type { Revocation } from "./auth/revocation.ts";
import { Tickets } from "./auth/tickets.ts";
import type { Engine } from "./engine.ts";
import type { Fallback, HttpContext } from "./http/context.ts";
import { metricsOf } from "./http/metrics.ts";
import { Hub, type HubStats } from "./hub/hub.ts";
import { decisionFault, resolveServerOptions, type ServerOptions } from "./options.ts";
import { h2Transport } from "./transports/h2.ts";
import { pollTransport } from "./transports/poll.ts";
import { SessionLinks } from "./transports/session-links.ts";
import { sseTransport } from "./transports/sse.ts";

export interface ServerParts extends PathOptions {
  /** Where logs live. The server starts and stops it. */
  readonly engine: Engine;
  readonly options?: Partial<ServerOptions>;
  readonly env?: Env;
  /** Options of guard that differ from what the server's own options say of connections. */
  readonly guard?: Partial<GuardOptions>;
  /** What stands before the server's one listener: TLS, with limits of HTTP/2, and a PROXY header. Default: neither. */
  readonly listener?: Pick<ListenerParts, "proxied" | "tls" | "http2">;
  /** Told how connections end, and of what guard finds contradictory. */
  readonly connectionEvents?: GuardEvents;
  /**
   * Who may do what: `"anonymous"` (everybody everything), a function that decides, or an authorizer (`jwtAuthorizer`). Default: anonymous, and
   * then only on loopback.
   */
  readonly auth?: Auth;
  /** What tickets and cookies are signed with: 32 bytes or more, the same on all nodes. Default: random, so that a restart voids them. */
  readonly ticketSecret?: Uint8Array;
  readonly hooks?: Hooks;
  /** Answers requests for paths that are not Holdfast's, on the same port. Default: 404. */
  readonly fallback?: Fallback;
  /**
   * Called once with the servers of the port, the one that serves HTTP/2 last, before they are guarded: for what stands on the same port by
   * itself, as the doctor's agent does. Nothing has been checked of the requests that it takes.
   */
  readonly attach?: (servers: readonly (Server | Http2Server)[]) => void;
}

export interface HoldfastServer {
  readonly hub: Hub;
  readonly options: ServerOptions;
  /** The connections that it stands on. */
  readonly guard: Guard;
  /** Its figures for Prometheus; others may be added. */
  readonly metrics: Registry;
  /** Starts the engine and listens. Rejects when either fails. */
  listen(): Promise<{ readonly host: string; readonly port: number; readonly url: string }>;
  stats(): HubStats;
  /**
   * Takes a subject's access away on this node: what it was given before counts no more, and its links are ended, with nothing that
   * was queued for them delivered. Returns how many links. Other nodes are told by whoever calls this.
   */
  revoke(revocation: Revocation): { readonly links: number };
  /** Drains: clients are told to move, then closed; requests under way are answered, and every answer ends its connection; the engine is stopped last. Calling it again waits for the same. */
  close(): Promise<void>;
}

/** The authorizer of a decision; null where everybody may do everything. */
function authorizerFor(auth: Auth): Authorizer | null {
  if (auth === "anonymous") return null;
  const authorizer = typeof auth === "function" ? authorizerOf(auth) : auth;
  if (typeof authorizer?.authenticate !== "function") throw new TypeError('Expected `auth` to be "anonymous", a function or an authorizer');
  return authorizer;
}

/** What follows from the path for guard, for the heartbeat, and for a drain where the path says how a deploy goes. */
function optionsInPath({ path, hop, guard, options }: ServerParts): ReturnType<typeof withPath> {
  return withPath({ ...guard, path, hop, ...(options?.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }) }, "server");
}

/** Drains and stops everything, the engine last. */
async function leave(hub: Hub, engine: Engine, { clock }: Env, { http, guard }: HttpServer): Promise<void> {
  guard.unready();
  const { promise: noticed, resolve } = Promise.withResolvers<void>();
  clock.after(guard.options.unreadyMs, resolve);
  await noticed;
  const closed = http.listening ? new Promise<void>((resolve) => http.once("close", () => resolve())) : Promise.resolve();
  const deadlineMs = hub.drainDeadlineMs();
  // The hub ends links by their own protocol, guard all else; both begin at once.
  await Promise.all([hub.drain(deadlineMs), guard.drain({ unreadyMs: 0, windowMs: deadlineMs / 2, drainMs: deadlineMs + handshakesMs })]);
  await closed;
  guard.release();
  hub.stop();
  await engine.stop();
}

/** Makes a server; nothing happens before `listen`. Throws a TypeError for bad options, and where a decision is lacking. */
export function createServer(parts: ServerParts): HoldfastServer {
  const { options: fromPath, remarks } = optionsInPath(parts);
  const { heartbeatMs, drainMs } = fromPath;
  const options = resolveServerOptions({
    ...(parts.path === undefined || drainMs === undefined || parts.guard?.drainMs !== undefined ? {} : { drainMs }),
    ...parts.options,
    ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
  });
  const lacking = decisionFault({ host: options.host, auth: parts.auth !== undefined, origins: parts.options?.origins !== undefined });
  if (lacking !== null) throw new TypeError(lacking);
  const { engine } = parts;
  const env = parts.env ?? nodeEnv;
  const authorizer = authorizerFor(parts.auth ?? "anonymous");
  const hub = new Hub(engine, options, env, (node, counters) => {
    const tickets = (): Tickets => new Tickets(options, env, node, parts.ticketSecret ?? randomSecret());
    return { gate: authorizer === null ? openGate : new GuardedGate(authorizer, options, env, counters, tickets()), hooks: parts.hooks ?? null };
  });
  const gate = hub.gate instanceof GuardedGate ? hub.gate : null;
  const transportParts = { hub, options, env, sessions: new SessionLinks() };
  const transports = [sseTransport(transportParts, gate), pollTransport(transportParts), h2Transport(transportParts)];
  const context: HttpContext = {
    hub,
    engine,
    options,
    tickets: gate,
    transports: new Map(transports.map((transport) => [transport.path, transport])),
    fallback: parts.fallback ?? null,
    ready: () => guard.ready,
  };
  // In a drain each link has a slot of its own.
  const sessionLeft = (session: ServerHttp2Session, remainingMs: number): void => {
    if (!hub.draining) transportParts.sessions.left(session, remainingMs);
  };
  const { heartbeatMs: _, ...guardOptions } = fromPath;
  const { http, guard } = httpServer(context, guardOptions, { ...parts.connectionEvents, ...parts.listener, sessionLeft }, transportParts, parts.attach);
  for (const remark of remarks) parts.connectionEvents?.warning?.(remark);
  hub.countSubject = (connection, subject) => guard.setSubject(connection as Socket | ServerHttp2Session, subject);
  hub.resetConnection = (connection) => guard.reset(connection as Socket);
  let closing: Promise<void> | null = null;
  return {
    hub,
    options,
    guard,
    metrics: metricsOf(hub, engine, gate?.revocations ?? null),
    listen: async () => {
      await engine.start();
      try {
        await listening(http, options);
      } catch (thrown) {
        guard.release();
        await engine.stop();
        throw thrown;
      }
      const { port } = http.address() as AddressInfo;
      const name = options.host.includes(":") ? `[${options.host}]` : options.host;
      return { host: options.host, port, url: `${parts.listener?.tls === undefined ? "http" : "https"}://${name}:${port}` };
    },
    stats: () => hub.stats(),
    revoke: (revocation) => {
      gate?.revoke(revocation);
      return { links: hub.endRevoked(revocation) };
    },
    close: () => {
      closing ??= leave(hub, engine, env, { http, guard });
      return closing;
    },
  };
}
