/**
 * The ceiling: sockets without any library, and one buffer built before the loop that every socket writes.
 * `rawLong` sends frames as long as Holdfast's, so that what its longer frames cost is seen apart from what its code costs.
 */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { serverFrame } from "../lib/frames.ts";
import { type Contender, type ContenderKind, turn } from "./contender.ts";

/** RFC 6455, section 1.3. */
const acceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

async function open(paddingBytes: number): Promise<Contender> {
  const http = createServer();
  const sockets = new Set<Socket>();
  const padding = Buffer.alloc(paddingBytes, " ");
  http.on("upgrade", (request, socket: Socket) => {
    const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}${acceptGuid}`).digest("base64");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    // Sockets of an HTTP server stay half open otherwise.
    socket.on("end", () => socket.end());
    socket.on("close", () => sockets.delete(socket));
    socket.resume();
    sockets.add(socket);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    port: (http.address() as AddressInfo).port,
    links: () => sockets.size,
    send: (payloads) => {
      const bytes = Buffer.concat(payloads.map((payload) => serverFrame(Buffer.concat([padding, payload]))));
      for (const socket of sockets) socket.write(bytes);
    },
    sent: turn,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** What Holdfast's message of one entry has beside the payload, with the stream's name that is used here. */
const holdfastOverheadBytes = 124;

const common = { wire: "plain", joins: true } as const;

export const raw: ContenderKind = { label: "raw sockets, one shared buffer", ...common, open: () => open(0) };
export const rawLong: ContenderKind = { label: "raw sockets, frames as long as Holdfast's", ...common, open: () => open(holdfastOverheadBytes) };
