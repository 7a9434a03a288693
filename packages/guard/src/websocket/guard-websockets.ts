/**
 * Takes the sockets of a host's `ws` server under guard. It adds two listeners to the server and few to each socket, lowers limits that
 * the host left at the defaults of `ws`, and changes nothing else: what the host listens for, sends and negotiates stays as it was.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Rng } from "@holdfast/protocol";
import type { ConnectionPart, Watched } from "../connection.ts";
import { WebSocketCounters } from "./counters.ts";
import { FrameWatch } from "./frame-watch.ts";
import { resolveWebSocketLimits, type WebSocketLimits } from "./limits.ts";
import { WebSocketPart } from "./socket-part.ts";
import type { WsServer, WsSocket } from "./ws-types.ts";

/** What `ws` takes where the host says nothing. */
const wsDefaults = { maxPayload: 104_857_600, closeTimeout: 30_000 };

/** A connection of the core: its parts are asked at every sweep, until it is gone. */
export interface SweptConnection extends Watched {
  addPart(part: ConnectionPart): void;
}

export interface WebSocketGuardStart {
  /** The connection of a socket that was upgraded; undefined for one that is not guarded. */
  readonly watchedOf: (socket: Socket) => SweptConnection | undefined;
  readonly rng: Rng;
  readonly limits?: Partial<WebSocketLimits>;
  readonly counters?: WebSocketCounters;
  /** Told what was changed and what contradicts, one sentence each. */
  readonly warn: (sentence: string) => void;
}

/** Whether a header line of the answer agrees on an extension; `ws` has one, which uses the first reserved bit. */
const agreesOnCompression = (line: string): boolean => /^sec-websocket-extensions:/i.test(line);

/** The sockets of one `ws` server. */
export interface GuardedWebSockets {
  readonly counters: WebSocketCounters;
  /** Sockets that are not gone. */
  readonly open: number;
  /** For hosts that never emit `connection`: to be called where `handleUpgrade` hands over the socket, before anything is read. */
  watch(ws: WsSocket, request: IncomingMessage): void;
  /** Closes all with 1012, spread over `windowMs`; those that come later at once. Resolves when none is left. */
  drain(options: { readonly windowMs: number }): Promise<void>;
  /** Takes no further sockets; those that are guarded stay so. */
  detach(): void;
}

export function guardWebSockets(server: WsServer, start: WebSocketGuardStart): GuardedWebSockets {
  return new Guarded(server, start);
}

class Guarded implements GuardedWebSockets {
  readonly counters: WebSocketCounters;
  readonly #server: WsServer;
  readonly #start: WebSocketGuardStart;
  readonly #limits: WebSocketLimits;
  readonly #hostCloseMs: number;
  readonly #parts = new Set<WebSocketPart>();
  /** Upgraded sockets whose bytes are counted from the first on, though the host may hand them over later. */
  readonly #seen = new WeakMap<Socket, Seen>();
  readonly #whenEmpty: (() => void)[] = [];
  #isDraining = false;
  #hasWarned = false;

  constructor(server: WsServer, start: WebSocketGuardStart) {
    this.counters = start.counters ?? new WebSocketCounters();
    this.#server = server;
    this.#start = start;
    this.#limits = resolveWebSocketLimits(start.limits);
    this.#hostCloseMs = this.#adopt();
    server.on("headers", this.#headers);
    server.on("connection", this.#connection);
  }

  get open(): number {
    return this.#parts.size;
  }

  /** Lowers what the host left open, and says so. Returns what a peer has for answering the host's close frame. */
  #adopt(): number {
    const { options, clients } = this.#server;
    const { messageBytesMax, closeMs } = this.#limits;
    const { warn } = this.#start;
    const maxPayload = options.maxPayload ?? wsDefaults.maxPayload;
    if (maxPayload === wsDefaults.maxPayload && messageBytesMax !== maxPayload) {
      options.maxPayload = messageBytesMax;
      warn(`WebSocket messages are limited to ${messageBytesMax} bytes (messageBytesMax); the default of ws is ${maxPayload}`);
    } else if (maxPayload <= 0) warn(`the WebSocket server has no limit for messages: maxPayload is ${maxPayload}`);
    if (clients !== undefined && clients.size > 0) warn(`${clients.size} WebSockets were open before guard came, and are not guarded`);
    const closeTimeout = options.closeTimeout ?? wsDefaults.closeTimeout;
    return closeTimeout === wsDefaults.closeTimeout ? closeMs : Math.max(closeMs, closeTimeout);
  }

  readonly #headers = (headers: string[], request: IncomingMessage): void => {
    this.#see(request.socket, headers.some(agreesOnCompression));
  };

  readonly #connection = (ws: WsSocket, request: IncomingMessage): void => {
    this.watch(ws, request);
  };

  /** The listener stands before the one of `ws`; adding it so does not make the socket flow, `ws` does. */
  #see(socket: Socket, compresses: boolean): Seen | undefined {
    const known = this.#seen.get(socket);
    const watched = this.#start.watchedOf(socket);
    if (known !== undefined || watched === undefined) return known;
    const seen: Seen = { watched, frames: new FrameWatch(compresses), part: null };
    socket.prependListener("data", (chunk: Buffer) => {
      seen.frames.take(chunk, watched.nowMs());
      seen.part?.received(chunk.length);
    });
    this.#seen.set(socket, seen);
    return seen;
  }

  watch(ws: WsSocket, request: IncomingMessage): void {
    const { socket } = request;
    const seen = this.#see(socket, ws.extensions !== "");
    if (seen === undefined && !this.#hasWarned) {
      this.#hasWarned = true;
      this.#start.warn("a WebSocket came over a server that is not guarded, and is not guarded itself");
    }
    if (seen === undefined || seen.part !== null) return;
    const part = new WebSocketPart({
      ws,
      socket,
      watched: seen.watched,
      frames: seen.frames,
      limits: this.#limits,
      hostCloseMs: this.#hostCloseMs,
      counters: this.counters,
      rng: this.#start.rng,
      gone: this.#gone,
    });
    seen.part = part;
    this.#parts.add(part);
    this.counters.accepted++;
    this.counters.open++;
    seen.watched.addPart(part);
    if (this.#isDraining) part.leave({ windowMs: 0 });
  }

  readonly #gone = (part: WebSocketPart): void => {
    if (!this.#parts.delete(part)) return;
    this.counters.open--;
    if (this.#parts.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  };

  drain({ windowMs }: { readonly windowMs: number }): Promise<void> {
    if (!this.#isDraining) {
      this.#isDraining = true;
      // One slot each, at a random point of it: spread evenly, and in no step.
      const slotMs = windowMs / this.#parts.size;
      let slot = 0;
      for (const part of this.#parts) part.leave({ windowMs: slotMs }, slotMs * slot++);
    }
    return new Promise((resolve) => {
      if (this.#parts.size === 0) resolve();
      else this.#whenEmpty.push(resolve);
    });
  }

  detach(): void {
    this.#server.off("headers", this.#headers);
    this.#server.off("connection", this.#connection);
  }
}

interface Seen {
  readonly watched: SweptConnection;
  readonly frames: FrameWatch;
  part: WebSocketPart | null;
}
