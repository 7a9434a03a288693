/**
 * The measured process of tls-memory: `ws` over TCP, over `https`, or over `https` behind a TLS front, and nothing else.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { attachTls, type TlsFront } from "@holdfast/guard";
import { WebSocketServer } from "ws";
import { answerCalls } from "../lib/child.ts";
import { settledMemory } from "../lib/settled-memory.ts";

/** What the connections are carried by. */
export type CarrierName = "plain" | "https" | "front";

export interface OpenRequest {
  readonly name: CarrierName;
  readonly certFile: string;
  readonly keyFile: string;
}

let sockets: WebSocketServer | null = null;
let front: TlsFront | null = null;

const calls = {
  open: async ({ name, certFile, keyFile }: OpenRequest) => {
    const files = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    const server = name === "plain" ? createServer() : createSecureServer(files);
    if (name === "front") front = attachTls(server, { certFile, keyFile, ticketSecret: "a secret of at least thirty-two bytes" });
    sockets = new WebSocketServer({ server, perMessageDeflate: false });
    sockets.on("connection", (socket) => socket.on("error", () => undefined));
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 });
    await once(server, "listening");
    return { port: (server.address() as AddressInfo).port };
  },
  links: () => sockets?.clients.size ?? 0,
  resumed: () => front?.counters.resumed ?? null,
  memory: settledMemory,
};

export type TlsMemoryServerCalls = typeof calls;

answerCalls(calls, () => {
  for (const socket of sockets?.clients ?? []) socket.terminate();
});
