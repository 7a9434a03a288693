/**
 * Socket.IO over WebSocket only, without compression. Installed for the benchmarks alone, in bench/node_modules, so it is
 * loaded by path and described here as far as it is used.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Contender, type ContenderKind, loadPeer, turn } from "./contender.ts";

interface SocketIoServer {
  readonly engine: { readonly clientsCount: number };
  emit(event: string, data: unknown): void;
  close(): Promise<void>;
}
interface SocketIoModule {
  readonly Server: new (http: unknown, options: object) => SocketIoServer;
}

async function open(): Promise<Contender> {
  const { Server } = loadPeer("socket.io") as SocketIoModule;
  const http = createServer();
  const server = new Server(http, { transports: ["websocket"], perMessageDeflate: false, serveClient: false });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    port: (http.address() as AddressInfo).port,
    links: () => server.engine.clientsCount,
    send: (payloads) => {
      // Its interface takes values, not JSON: the value is parsed here once per entry, as an application would hold it.
      for (const payload of payloads) server.emit("entry", JSON.parse(payload.toString()));
    },
    sent: turn,
    close: () => server.close(),
  };
}

export const socketIo: ContenderKind = { label: "Socket.IO", wire: "socket.io", joins: false, needsPeers: true, open };
