/**
 * The WebSocket transport over the platform's own WebSocket: Node 24 and later, and browsers.
 * It must let go of a silent peer at once: a closing handshake that nobody answers would keep a socket, and a process, for ever.
 */
import type { Code } from "@holdfast/protocol";
import { openSocket } from "#open-socket";
import type { Conn, ConnHandlers, DialTarget, Transport } from "../transport.ts";

function dial({ url, subprotocol }: DialTarget, handlers: ConnHandlers): Conn {
  const socket = openSocket(`${url.replace("http", "ws")}link`, subprotocol, handlers.onActivity);
  const destroy = (): void => {
    socket.close();
    socket.destroy?.();
  };
  const fail = (code: Code, message: string): void => {
    destroy();
    handlers.onError(code, message);
  };
  socket.onopen = () => (socket.protocol === subprotocol ? handlers.onOpen() : fail("protocol_unsupported", `expected ${subprotocol}`));
  socket.onmessage = ({ data }: { data: unknown }) => (typeof data === "string" ? handlers.onText(data) : fail("binary_unsupported", ""));
  // An error is always followed by a close, which says more.
  socket.onclose = ({ code, reason }) => handlers.onClose({ closeCode: code, reason });
  return {
    send: (text) => socket.send(text),
    get queuedBytes() {
      return socket.bufferedAmount;
    },
    close: (closeCode, reason) => socket.close(closeCode, reason),
    destroy,
  };
}

/** Carries links over the platform's WebSocket. */
export const webSocketTransport: Transport = { name: "websocket", dial };
