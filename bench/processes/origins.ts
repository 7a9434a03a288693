/**
 * Origin servers for the measurement of keep-alive: plain ones of Node, with the timer that is asked for, and guarded ones.
 * Several stand in one process, each on a port of its own.
 */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Guard, type GuardOptions, guard } from "@holdfast/guard";
import { answerCalls } from "../lib/child.ts";

export interface OriginSettings {
  /** Node's own timer, exactly: without the second that Node adds to it. */
  readonly plainKeepAliveMs?: number;
  readonly plainRequestsMax?: number;
  readonly guarded?: Partial<GuardOptions>;
  /** How long an answer takes. */
  readonly answerMs?: number;
}

interface Origin {
  readonly server: Server;
  readonly guard: Guard | null;
  requests: number;
}

const origins = new Map<number, Origin>();

function origin(port: number): Origin {
  const found = origins.get(port);
  if (found === undefined) throw new Error(`no origin on port ${port}`);
  return found;
}

const calls = {
  open: async ({ plainKeepAliveMs, plainRequestsMax, guarded, answerMs = 0 }: OriginSettings): Promise<{ port: number; warnings: readonly string[] }> => {
    const answer: RequestListener = (request, response) => {
      made.requests++;
      request.resume();
      if (answerMs === 0) response.end("hello");
      else setTimeout(() => response.end("hello"), answerMs);
    };
    const server = createServer({ keepAliveTimeoutBuffer: 0 } as object, answer);
    if (plainKeepAliveMs !== undefined) server.keepAliveTimeout = plainKeepAliveMs;
    if (plainRequestsMax !== undefined) server.maxRequestsPerSocket = plainRequestsMax;
    const made: Origin = { server, guard: guarded === undefined ? null : guard(server, guarded), requests: 0 };
    await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, resolve));
    const { port } = server.address() as AddressInfo;
    origins.set(port, made);
    return { port, warnings: made.guard?.warnings ?? [] };
  },
  requests: (port: number): number => origin(port).requests,
  connections: (port: number): Promise<number> =>
    new Promise((resolve, reject) => origin(port).server.getConnections((error, count) => (error ? reject(error) : resolve(count)))),
  /** The end of a process: guard's drain, which has a deadline of its own, or what Node has for it and after `graceMs` what an orchestrator does. */
  leave: async ({ port, graceMs }: { readonly port: number; readonly graceMs: number }): Promise<void> => {
    const { server, guard: guarded } = origin(port);
    if (guarded !== null) return guarded.drain();
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    clearTimeout(timer);
  },
  close: (port: number): void => {
    const { server, guard: guarded } = origin(port);
    guarded?.release();
    server.close();
    server.closeAllConnections();
    origins.delete(port);
  },
};

export type OriginCalls = typeof calls;
answerCalls(calls);
