/**
 * `ws`, the library that most Node servers use: a loop over its clients. For bursts also with the socket corked around each
 * client's messages, which is the best that its public interface allows.
 */
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { type Contender, type ContenderKind, turn } from "./contender.ts";

/** `ws` keeps its socket in this member; there is no public way to cork it. */
interface WithSocket {
  readonly _socket: Socket;
}

type Send = (client: WebSocket, payloads: readonly Buffer[]) => void;

const sendEach: Send = (client, payloads) => {
  for (const payload of payloads) client.send(payload);
};

const sendCorked: Send = (client, payloads) => {
  const { _socket: socket } = client as unknown as WithSocket;
  socket.cork();
  for (const payload of payloads) client.send(payload);
  socket.uncork();
};

async function open(send: Send): Promise<Contender> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  server.on("connection", (client) => client.on("error", () => undefined));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    port: (http.address() as AddressInfo).port,
    links: () => server.clients.size,
    send: (payloads) => {
      for (const client of server.clients) if (client.readyState === WebSocket.OPEN) send(client, payloads);
    },
    sent: turn,
    close: async () => {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

export const ws: ContenderKind = { label: "ws, send(Buffer)", wire: "plain", joins: false, open: () => open(sendEach) };
export const wsCork: ContenderKind = { label: "ws, corked", wire: "plain", joins: true, open: () => open(sendCorked) };
