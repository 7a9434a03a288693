/**
 * `attachAgent(server)`: what stands at the application's place and tells the doctor what arrives there, how connections end there, and
 * keeps some of them open or silent. It is nowhere unless it was asked for, and touches no request outside its prefix.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { beneath, eventsAsk, holdAsk } from "../ask.ts";
import { type AgentCounters, Budget } from "../budget.ts";
import { Endings } from "../endings.ts";
import { type AgentOptions, resolveDoctorAgentOptions } from "../options.ts";
import { type AgentCode, agentRefusals } from "../refusals.ts";
import { type AgentHello, shownHeaders } from "../wire.ts";
import { type Arrived, Connections } from "./connections.ts";
import { holdAnswer, streamEvents } from "./events.ts";
import type { Held, Shared } from "./held.ts";
import { type AgentSockets, agentSockets } from "./socket.ts";
import { type AgentServer, standBefore } from "./stand-before.ts";

export interface Agent {
  readonly options: AgentOptions;
  readonly counters: AgentCounters;
  /** Ends what is open, and lets go of the servers. */
  close(): void;
}

/**
 * Attaches an agent to a server, or one to several (a plain one and the one that serves HTTP/2 beside it), before or after a guard.
 * Throws a TypeError for bad options.
 */
export function attachAgent(server: AgentServer | readonly AgentServer[], options: Partial<AgentOptions> = {}): Agent {
  return new NodeAgent(Array.isArray(server) ? server : [server as AgentServer], resolveDoctorAgentOptions(options));
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

class NodeAgent implements Agent {
  readonly options: AgentOptions;
  readonly #instance = randomBytes(6).toString("hex");
  readonly #shared: Shared;
  readonly #connections: Connections;
  readonly #sockets: AgentSockets;
  readonly #tokenHash: Buffer | null;
  readonly #undo: (() => void)[] = [];

  constructor(servers: readonly AgentServer[], options: AgentOptions) {
    this.options = options;
    this.#tokenHash = options.token === null ? null : sha256(options.token);
    this.#shared = { options, budget: new Budget(options), endings: new Endings(options.endingsMax), held: new Set<Held>() };
    this.#connections = new Connections(this.#shared.endings, this.#instance);
    this.#sockets = agentSockets(this.#shared, this.#connections);
    const isOurs = (request: IncomingMessage): boolean => beneath(options.prefix, request.url) !== null;
    for (const server of servers) {
      const stand = standBefore(server, isOurs, {
        request: (request, response) => this.#requested(request, response, server as Server, stand.upgrades),
        upgrade: (request, socket, head) => this.#upgraded(request, socket, head, server as Server),
      });
      this.#undo.push(stand.undo);
    }
  }

  get counters(): AgentCounters {
    return this.#shared.budget.counters;
  }

  close(): void {
    for (const undo of this.#undo.splice(0)) undo();
    for (const held of this.#shared.held) held.end(null);
    this.#sockets.close();
  }

  /** Why a request is not looked at further, or null. */
  #fault(request: IncomingMessage, query: URLSearchParams): AgentCode | null {
    if (!this.#shared.budget.request(performance.now())) return "agent_rate_limited";
    if (request.headers.origin !== undefined || request.headers["sec-fetch-site"] !== undefined) return "agent_from_page";
    if (!this.#isAllowed(request, query)) return "agent_unauthenticated";
    return request.method === "GET" ? null : "agent_method";
  }

  #isAllowed({ headers }: IncomingMessage, query: URLSearchParams): boolean {
    if (this.#tokenHash === null) return true;
    const given = /^Bearer ([!-~]+)$/i.exec(headers.authorization ?? "")?.[1] ?? query.get("token");
    // Hashes are of one length, so that the time of the comparison tells nothing.
    return given !== null && timingSafeEqual(sha256(given), this.#tokenHash);
  }

  #hello(request: IncomingMessage, { id, tls, alpn }: Arrived, server: Server, upgrades: boolean): AgentHello {
    const { lifeMs, connectionsMax, requestsPerSecondMax, connectionBytesMax, eventBytesMax, everyMsMin } = this.options;
    const headers: Record<string, string> = {};
    for (const name of shownHeaders) {
      const value = request.headers[name] ?? (name === "host" ? request.headers[":authority"] : undefined);
      if (value !== undefined) headers[name] = String(value);
    }
    return {
      agent: 1,
      instance: this.#instance,
      now: Date.now(),
      connId: id,
      requestsOnConn: this.#shared.endings.request(id, performance.now()),
      httpVersion: request.httpVersion,
      tls,
      alpn,
      headers,
      server: {
        node: process.versions.node,
        keepAliveMs: server.keepAliveTimeout ?? 0,
        headersMs: server.headersTimeout ?? 0,
        requestMs: server.requestTimeout ?? 0,
        socket: upgrades,
      },
      limits: { lifeMs, connectionsMax, requestsPerSecondMax, connectionBytesMax, eventBytesMax, everyMsMin },
    };
  }

  #requested(request: IncomingMessage, response: ServerResponse, server: Server, upgrades: boolean): void {
    const { name, query } = beneath(this.options.prefix, request.url) as NonNullable<ReturnType<typeof beneath>>;
    const { endings, budget } = this.#shared;
    const arrived = this.#connections.of(request);
    response.once("close", () => endings.touch(arrived.id, performance.now()));
    // What nobody reads would stand before the next request.
    request.resume();
    const refuse = (code: AgentCode, more: object = {}): void => {
      budget.refuse(code);
      answer(response, agentRefusals[code].http ?? 500, { error: { code, message: agentRefusals[code].meaning }, ...more });
    };
    const fault = this.#fault(request, query);
    if (fault !== null) return refuse(fault);
    const hello = this.#hello(request, arrived, server, upgrades);
    switch (name) {
      case "hello":
        return answer(response, 200, hello);
      case "ended":
        return answer(response, 200, endings.look(query.get("id") ?? "", performance.now()));
      case "socket":
        // What arrived of the wish to upgrade is what the doctor wants to know.
        return refuse("agent_upgrade_required", { hello });
      case "events":
      case "hold": {
        const events = eventsAsk(query, this.options);
        const hold = holdAsk(query, this.options);
        if (!events.ok) return refuse("agent_bad_request", { why: events.message });
        if (!hold.ok) return refuse("agent_bad_request", { why: hold.message });
        const full = budget.enter(performance.now());
        if (full !== null) return refuse(full);
        if (name === "events") return streamEvents(this.#shared, hello, response, events.value);
        return holdAnswer(this.#shared, hello, response, hold.value.ms, (body) => answer(response, 200, body));
      }
      default:
        return refuse("agent_unknown");
    }
  }

  #upgraded(request: IncomingMessage, socket: Socket, head: Buffer, server: Server): void {
    const { name, query } = beneath(this.options.prefix, request.url) as NonNullable<ReturnType<typeof beneath>>;
    const arrived = this.#connections.of(request);
    socket.on("error", () => socket.destroy());
    const fault =
      this.#fault(request, query) ??
      (name !== "socket" ? "agent_unknown" : request.headers.upgrade?.toLowerCase() !== "websocket" ? "agent_bad_request" : null) ??
      this.#shared.budget.enter(performance.now());
    if (fault === null) return this.#sockets.take(request, socket, head, this.#hello(request, arrived, server, true));
    this.#shared.budget.refuse(fault);
    const { http, meaning } = agentRefusals[fault];
    const body = bodyOf({ error: { code: fault, message: meaning } });
    socket.end(
      `HTTP/1.1 ${http} Refused\r\nConnection: close\r\nContent-Type: ${json}\r\nCache-Control: no-store\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
}

const json = "application/json; charset=utf-8";
const bodyOf = (value: object): string => `${JSON.stringify(value)}\n`;

function answer(response: ServerResponse, status: number, value: object): void {
  const body = bodyOf(value);
  const again = status === 429 || status === 503 ? { "Retry-After": "1" } : {};
  response.writeHead(status, { "Content-Type": json, "Content-Length": Buffer.byteLength(body), "Cache-Control": "no-store", ...again });
  response.end(body);
}
