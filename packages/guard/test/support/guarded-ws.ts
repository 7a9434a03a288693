/**
 * A host's plain `ws` server under guard, with a core of the fewest lines: it gives each socket its record, sweeps, and notes how it ended.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import { nodeEnv } from "../../src/adapters/env.ts";
import { NodeSocketPort } from "../../src/adapters/socket-port.ts";
import type { ConnectionPart } from "../../src/connection.ts";
import type { EndCode } from "../../src/ends.ts";
import { type GuardedWebSockets, guardWebSockets, type SweptConnection } from "../../src/websocket/guard-websockets.ts";
import type { WebSocketLimits } from "../../src/websocket/limits.ts";

export interface GuardedHost {
  readonly http: Server;
  readonly port: number;
  readonly wss: WebSocketServer;
  readonly guarded: GuardedWebSockets;
  /** Codes of guarded sockets that are gone, in order; null where guard knows none. */
  readonly ended: (EndCode | null)[];
  readonly warnings: string[];
  /** Messages that the host was given. */
  readonly messages: string[];
  /** Sweeps only when called. */
  sweep(nowMs?: number): void;
  stop(): Promise<void>;
}

export interface HostOptions {
  readonly ws?: ServerOptions;
  readonly limits?: Partial<WebSocketLimits>;
  /** 0: by hand only. */
  readonly sweepMs?: number;
  /** The core's clock; real time where it is not given. */
  readonly clock?: { readonly nowMs: number };
  /** What the host does with a socket; by default it answers each message with the same. */
  readonly serve?: (socket: WebSocket) => void;
}

export async function guardedHost({ ws = {}, limits = {}, sweepMs = 20, clock, serve }: HostOptions = {}): Promise<GuardedHost> {
  const http = createServer((_request, response) => response.end("plain\n"));
  const wss = new WebSocketServer(ws.noServer === true ? ws : { server: http, ...ws });
  const ended: GuardedHost["ended"] = [];
  const warnings: string[] = [];
  const messages: string[] = [];
  const nowMs = (): number => clock?.nowMs ?? performance.now();
  const watched = new Map<Socket, { readonly record: SweptConnection; readonly parts: readonly ConnectionPart[] }>();
  http.on("connection", (socket: Socket) => {
    let code: EndCode | null = null;
    let closing: EndCode | null = null;
    const parts: ConnectionPart[] = [];
    const record: SweptConnection = {
      addPart: (part) => void parts.push(part),
      nowMs,
      end: (why) => {
        code ??= why;
        socket.end();
      },
      reset: (why) => {
        code ??= why;
        socket.resetAndDestroy();
      },
      closing: (why) => {
        closing = why;
      },
      inFlightBytes: () => new NodeSocketPort(socket, false).queuedBytes(),
      proof: () => undefined,
    };
    watched.set(socket, { record, parts });
    socket.on("close", () => {
      watched.delete(socket);
      if (parts.length > 0) ended.push(code ?? closing);
    });
  });
  const guarded = guardWebSockets(wss, {
    watchedOf: (socket) => watched.get(socket)?.record,
    rng: nodeEnv.rng,
    limits,
    warn: (sentence) => warnings.push(sentence),
  });
  wss.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => {
      messages.push(String(data));
      if (serve === undefined) socket.send(data, { binary: isBinary });
    });
    serve?.(socket);
  });
  const sweep = (atMs = nowMs()): void => {
    for (const { parts } of [...watched.values()]) for (const part of parts) part.check(atMs);
  };
  const timer = sweepMs === 0 ? null : setInterval(() => sweep(), sweepMs);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    http,
    port: (http.address() as AddressInfo).port,
    wss,
    guarded,
    ended,
    warnings,
    messages,
    sweep,
    stop: async () => {
      if (timer !== null) clearInterval(timer);
      for (const socket of watched.keys()) socket.destroy();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
