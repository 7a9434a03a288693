/**
 * A guarded plain server in a process of its own, with what a test may ask of it: how many connections it has, what they left behind, and
 * how they ended.
 */
import { readdirSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Guard, type GuardOptions, guard } from "@holdfast/guard";
import { answerCalls } from "../../bench/lib/child.ts";

/** More than the kernel's buffers take, so that a reader who stops is seen to stop. */
const big = Buffer.alloc(20_000_000, "x");

let upgrades = 0;
let opened: { readonly server: Server; readonly guard: Guard } | null = null;

function running(): { readonly server: Server; readonly guard: Guard } {
  if (opened === null) throw new Error("open first");
  return opened;
}

const answer: RequestListener = (request, response) => {
  response.on("error", () => undefined);
  request.on("error", () => undefined);
  if (request.url === "/big") {
    response.end(big);
  } else if (request.url === "/killed") {
    const { guard: guarded } = running();
    const peer = `${request.socket.remoteAddress}:${request.socket.remotePort}`;
    const own = guarded.connections().find((row) => row.peer === peer);
    if (own !== undefined) guarded.kill(own.id);
  } else if (request.url === "/destroyed") {
    request.socket.destroy();
  } else {
    request.resume();
    request.on("end", () => response.end("hello"));
  }
};

function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  // Timers and reads of files come and go, and pipes belong to the process itself; sockets and servers must not stay.
  for (const kind of process.getActiveResourcesInfo()) if (kind.startsWith("TCP")) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

const calls = {
  open: async (options: Partial<GuardOptions>): Promise<{ port: number; warnings: readonly string[]; connectionsMax: number }> => {
    const server = createServer(answer);
    const guarded = guard(server, options);
    server.on("upgrade", (request, socket) => {
      upgrades++;
      socket.on("error", () => undefined);
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      if (request.url === "/destroyed") socket.destroy();
      else socket.pipe(socket);
    });
    opened = { server, guard: guarded };
    await new Promise<void>((resolve) => server.listen({ port: 0, host: "0.0.0.0", backlog: 4_096 }, resolve));
    return { port: (server.address() as AddressInfo).port, warnings: guarded.warnings, connectionsMax: guarded.options.connectionsMax };
  },
  state: () => {
    const { guard: guarded } = running();
    return {
      connections: guarded.connections().length,
      addresses: guarded.addresses,
      descriptors: readdirSync("/proc/self/fd").length,
      resources: resources(),
      accepted: guarded.counters.accepted,
      upgrades,
      ended: Object.fromEntries(guarded.counters.ended),
      refused: Object.fromEntries(guarded.counters.refused),
      warnings: guarded.warnings,
    };
  },
  /** Memory once garbage is gone. Needs `--expose-gc`. */
  memory: async () => {
    for (let i = 0; i < 4; i++) {
      globalThis.gc?.();
      await sleep(50);
    }
    return { rssBytes: process.memoryUsage.rss(), heapBytes: process.memoryUsage().heapUsed };
  },
};

export type GuardedCalls = typeof calls;
answerCalls(calls, () => running().server.closeAllConnections());
