/**
 * The end of a connection at the door: in order, and awaited, because the server counts it until then.
 */
import type { Socket } from "node:net";

/** Longest wait for the server's own end; then the socket is destroyed. */
const closeMs = 2_000;

/** Resolves when the socket is closed, which is when the server has closed its side, or did not in time. */
export function closeWithin(socket: Socket, end: () => void): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    const timer = setTimeout(() => socket.destroy(), closeMs);
    socket.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    end();
  });
}
