/**
 * better-sse: sessions in a channel, to which each entry is broadcast with an id. Installed for the benchmarks alone, in
 * bench/node_modules, so it is loaded by path and described here as far as it is used.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Contender, type ContenderKind, loadPeer, turn } from "./contender.ts";

interface Channel {
  readonly sessionCount: number;
  register(session: object): void;
  broadcast(data: unknown, eventName: string, options: { readonly eventId: string }): void;
}
interface BetterSse {
  createChannel(): Channel;
  createSession(request: IncomingMessage, response: ServerResponse, options: { readonly serializer: (data: unknown) => string }): Promise<object>;
}

async function open(): Promise<Contender> {
  const { createChannel, createSession } = loadPeer("better-sse") as BetterSse;
  const channel = createChannel();
  let lastId = 0;
  const http = createServer((request, response) => {
    response.on("error", () => undefined);
    // It encodes for each session; texts that are JSON already spare it that, as its own documentation allows.
    void createSession(request, response, { serializer: String }).then((session) => channel.register(session));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    port: (http.address() as AddressInfo).port,
    links: () => channel.sessionCount,
    send: (payloads) => {
      for (const payload of payloads) channel.broadcast(payload.toString(), "message", { eventId: String(++lastId) });
    },
    sent: turn,
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

export const betterSse: ContenderKind = { label: "better-sse", wire: "plain EventSource", joins: true, needsPeers: true, open };
