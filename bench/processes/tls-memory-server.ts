/**
 * The measured process of tls-memory: `ws` over TCP, over `https`, over `https` behind a TLS front, and under all of guard; or Holdfast
 * over TCP and over TLS. Nothing else runs in it.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { attachTls, type Guard, guard, type TlsFront } from "@holdfast/guard";
import { createServer as createHoldfast, type HoldfastServer, nodeEnv } from "@holdfast/server";
import { memoryEngine } from "@holdfast/server/engines";
import { WebSocketServer } from "ws";
import { answerCalls } from "../lib/child.ts";
import { settledMemory } from "../lib/settled-memory.ts";

/** What the connections are carried by. */
export type CarrierName = "plain" | "https" | "front" | "guarded" | "holdfast" | "holdfast-tls";

export interface OpenRequest {
  readonly name: CarrierName;
  readonly certFile: string;
  readonly keyFile: string;
}

const ticketSecret = "a secret of at least thirty-two bytes";
/** Nothing is to be sent, nor asked, while it is measured. */
const heartbeatMs = 300_000;
/** All come from a few addresses, at once. */
const connectionsMax = 20_000;

let sockets: WebSocketServer | null = null;
let front: TlsFront | null = null;
let guarded: Guard | null = null;
let holdfast: HoldfastServer | null = null;

async function openHoldfast(isTls: boolean, files: { readonly certFile: string; readonly keyFile: string }): Promise<{ readonly port: number }> {
  holdfast = createHoldfast({
    engine: memoryEngine({ env: nodeEnv }),
    options: { port: 0, heartbeatMs, linksMax: connectionsMax, admissionPerSecond: connectionsMax, drainMs: 1 },
    ...(isTls ? { listener: { tls: { ...files, ticketSecret } } } : {}),
  });
  return { port: (await holdfast.listen()).port };
}

async function openWs(name: CarrierName, files: { readonly certFile: string; readonly keyFile: string }): Promise<{ readonly port: number }> {
  const pair = { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) };
  const server = name === "plain" ? createServer() : createSecureServer(pair);
  sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on("connection", (socket) => socket.on("error", () => undefined));
  if (name === "front") front = attachTls(server, { ...files, ticketSecret });
  if (name === "guarded") {
    const options = { connectionsMax, perAddressMax: connectionsMax, upgradesPerSecond: "never", ageMs: "never" } as const;
    guarded = guard(server, options, { tls: { ...files, ticketSecret } });
    guarded.webSockets(sockets, { heartbeatMs });
  }
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 });
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port };
}

const calls = {
  open: ({ name, ...files }: OpenRequest) => (name.startsWith("holdfast") ? openHoldfast(name === "holdfast-tls", files) : openWs(name, files)),
  links: () => holdfast?.stats().links ?? sockets?.clients.size ?? 0,
  /** Null where nobody counts them. */
  resumed: () => (front ?? (guarded ?? holdfast?.guard)?.fronts[0])?.counters.resumed ?? null,
  memory: settledMemory,
};

export type TlsMemoryServerCalls = typeof calls;

answerCalls(calls, () => {
  for (const socket of sockets?.clients ?? []) socket.terminate();
  guarded?.release();
  void holdfast?.close();
});
