/**
 * Makes one of Node's agents obey the rules of reuse: it gives up before the server does, looks again at the moment of reuse, bounds the queue,
 * and knows why each connection ended. The agent's own queue and sockets stay as they are.
 */
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { randomFraction } from "@holdfast/protocol";
import { orInfinity } from "../../core/options.ts";
import type { PoolEnd } from "../../ends.ts";
import { jittered, type Limits } from "../../expiry.ts";
import type { PoolEnv } from "../../pool-env.ts";
import { PoolError } from "../../pool-error.ts";
import type { AgentCounters } from "../counters.ts";
import { KeptSocket } from "../kept-socket.ts";
import type { AgentOptions } from "../options.ts";
import { endArrived } from "./arrived.ts";

/** What Node's Agent has and its types do not say. */
interface InsideAgent {
  addRequest(request: ClientRequest, options: object): void;
  createConnection(options: object, callback?: (error: Error | null, socket: Socket) => void): Socket | undefined;
  keepSocketAlive(socket: Socket): boolean;
  reuseSocket(socket: Socket, request: ClientRequest): void;
  readonly freeSockets: Readonly<Record<string, Socket[] | undefined>>;
  readonly sockets: Readonly<Record<string, Socket[] | undefined>>;
  readonly requests: Readonly<Record<string, readonly unknown[] | undefined>>;
  getName(options: object): string;
}

/** A request as a socket of Node's client carries it. */
type CarriedRequest = ClientRequest & { readonly res?: IncomingMessage | null; readonly shouldKeepAlive?: boolean };
type CarryingSocket = Socket & { readonly _httpMessage?: CarriedRequest | null };

/** After less silence than this the system is not asked: it costs some microseconds. */
const askAfterIdleMs = 10;

export class AgentKeeper {
  readonly #agent: Agent;
  readonly #inside: InsideAgent;
  readonly #options: AgentOptions;
  readonly #env: PoolEnv;
  readonly #limits: Limits;
  readonly #counters: AgentCounters;
  readonly #kept = new Map<Socket, KeptSocket>();

  constructor(agent: Agent, options: AgentOptions, env: PoolEnv, counters: AgentCounters) {
    this.#agent = agent;
    this.#inside = agent as unknown as InsideAgent;
    this.#options = options;
    this.#env = env;
    this.#counters = counters;
    this.#limits = {
      idleMs: orInfinity(options.idleMs),
      keepMsMax: orInfinity(options.keepMsMax),
      ageMs: orInfinity(options.ageMs),
      requestsMax: orInfinity(options.requestsMax),
    };
    this.#takeOver();
  }

  /** Before the agent's own listener and in place of its methods: each does what the agent's does, and looks first. */
  #takeOver(): void {
    const inside = this.#inside;
    const { addRequest, createConnection, reuseSocket } = inside;
    inside.addRequest = (request, options) => {
      if (!this.#admit(request)) return;
      this.#endUnfit();
      addRequest.call(inside, request, options);
    };
    inside.createConnection = (options, callback) => {
      const socket = createConnection.call(inside, options, callback);
      if (socket !== undefined) this.#watch(socket);
      return socket;
    };
    inside.reuseSocket = (socket, request) => {
      const kept = this.#kept.get(socket);
      if (kept !== undefined) kept.idle = false;
      this.#counters.reused++;
      // The limit of idleness must not end the request; its own timeout, if it has one, is set by the agent after this.
      socket.setTimeout(0);
      reuseSocket.call(inside, socket, request);
    };
    inside.keepSocketAlive = (socket) => this.#keep(socket);
    this.#agent.prependListener("free", (socket: Socket, options: object) => this.#answered(socket, options));
  }

  get open(): number {
    let open = 0;
    for (const { opened } of this.#kept.values()) if (opened) open++;
    return open;
  }

  get idle(): number {
    let idle = 0;
    for (const kept of this.#kept.values()) if (kept.idle) idle++;
    return idle;
  }

  get waiting(): number {
    return Object.values(this.#inside.requests).reduce((sum, requests) => sum + (requests?.length ?? 0), 0);
  }

  /** Ends all, those under way too. */
  close(): void {
    for (const [socket, kept] of this.#kept) {
      kept.end ??= "pool_closed";
      socket.destroy();
    }
    this.#agent.destroy();
  }

  #admit(request: ClientRequest): boolean {
    this.#counters.requests++;
    const waiting = this.waiting;
    if (waiting < this.#options.queueMax) return true;
    this.#counters.refused++;
    const refuse = request.onSocket as (socket: Socket | null, error: Error) => void;
    refuse.call(request, null, new PoolError("queue_full", `${waiting} requests wait already, with ${this.open} connections open`));
    return false;
  }

  /** The agent takes the last of each list: those that are not fit for it end now. */
  #endUnfit(): void {
    const nowMs = this.#env.clock.monoMs();
    for (const free of Object.values(this.#inside.freeSockets)) {
      for (let socket = free?.at(-1); free !== undefined && socket !== undefined; socket = free.at(-1)) {
        const end = this.#unfit(socket, nowMs);
        if (end === null) break;
        free.pop();
        this.#end(socket, end);
      }
    }
  }

  #unfit(socket: Socket, nowMs: number): PoolEnd | null {
    const kept = this.#kept.get(socket);
    if (kept === undefined || socket.destroyed || !socket.writable || socket.readableEnded) return "server_closed";
    const expired = kept.expiredBy(nowMs);
    if (expired !== null) return expired;
    return nowMs - kept.idleSinceMs >= askAfterIdleMs && endArrived(socket) ? "server_closed" : null;
  }

  #end(socket: Socket, end: PoolEnd): void {
    const kept = this.#kept.get(socket);
    if (kept !== undefined) kept.end ??= end;
    socket.destroy();
  }

  /** A socket comes free: after an answer, or new for a request that waited. */
  #answered(socket: CarryingSocket, options: object): void {
    const kept = this.#kept.get(socket);
    const request = socket._httpMessage;
    if (kept === undefined || request === undefined || request === null) return;
    const nowMs = this.#env.clock.monoMs();
    const end = kept.answered(request.res?.headers["keep-alive"], nowMs);
    const name = this.#inside.getName(options);
    if (end !== null) this.#end(socket, end);
    else if ((this.#inside.requests[name]?.length ?? 0) > 0) this.#counters.reused++;
    else {
      kept.idle = true;
      // The agent itself ends what is more than it keeps.
      if ((this.#inside.freeSockets[name]?.length ?? 0) >= this.#options.idleMax) kept.end ??= "shrunk";
    }
  }

  /** The agent wants to keep one for later. */
  #keep(socket: Socket): boolean {
    const kept = this.#kept.get(socket);
    if (kept === undefined) return false;
    const { tcpKeepAliveMs } = this.#options;
    socket.setKeepAlive(tcpKeepAliveMs !== "never", tcpKeepAliveMs === "never" ? 0 : tcpKeepAliveMs);
    socket.unref();
    const leftMs = kept.reusableUntilMs - this.#env.clock.monoMs();
    socket.setTimeout(leftMs === Number.POSITIVE_INFINITY ? 0 : Math.max(1, Math.ceil(leftMs)));
    return true;
  }

  #watch(socket: Socket): void {
    const limits = jittered(this.#limits, this.#options.jitterPercent, randomFraction(this.#env.rng));
    const kept = new KeptSocket(this.#env.clock.monoMs(), limits);
    this.#kept.set(socket, kept);
    socket.once("connect", () => {
      kept.connected(this.#env.clock.monoMs());
      this.#counters.opened++;
    });
    if (socket instanceof TLSSocket) {
      socket.once("secureConnect", () => {
        if (socket.isSessionReused()) this.#counters.tlsResumed++;
      });
    }
    // The agent ends an idle one at its timeout; this listener comes first, and knows why.
    socket.on("timeout", () => {
      if (kept.idle) kept.end ??= kept.expiredBy(this.#env.clock.monoMs()) ?? "idle_limit";
    });
    socket.once("end", () => {
      kept.ended = true;
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      kept.errorCode = error.code ?? "unknown";
    });
    socket.once("close", () => this.#closed(socket, kept));
  }

  #closed(socket: CarryingSocket, kept: KeptSocket): void {
    this.#kept.delete(socket);
    if (!kept.opened) {
      this.#counters.openFailures++;
      return;
    }
    const carried = kept.idle ? null : (socket._httpMessage ?? null);
    const request = carried === null ? null : { saidClose: carried.shouldKeepAlive === false, leftByCaller: carried.destroyed };
    const end = kept.endOf({ errorCode: kept.errorCode, ended: kept.ended, request });
    this.#counters.ends[end]++;
  }
}
