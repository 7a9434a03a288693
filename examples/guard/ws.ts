/**
 * A chat over plain `ws` whose sockets are guarded: dead ones are found and slow ones let go, by one line more. `npm run example guard/ws`
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { guard } from "@holdfast/guard";
import { WebSocketServer } from "ws";

const server = createServer((_request, response) => response.end("Open a WebSocket here.\n"));
const wss = new WebSocketServer({ server, perMessageDeflate: { threshold: 1_024 } });
wss.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => {
    for (const each of wss.clients) each.send(data, { binary: isBinary });
  });
});

guard(server).webSockets(wss);
server.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
