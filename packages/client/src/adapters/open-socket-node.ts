/**
 * Opens a WebSocket in Node, and keeps the socket under it: the WebSocket interface has no way of ending a connection without the peer's
 * consent, nor tells of bytes that are not a whole message yet. It must never keep a process running for a peer that is silent.
 */
import type { openSocket as openInBrowser, PlatformSocket } from "./open-socket.ts";

interface Socket {
  destroy(): void;
  on(event: "data", listener: () => void): void;
}
interface Dispatcher {
  dispatch(request: object, handler: object): boolean;
}

/** How long a closing handshake may take. The timer does not keep a process; a socket that waits for its peer does, until then. */
const closeGraceMs = 1_000;

/** Node's WebSocket takes a dispatcher, as its fetch does. This is Node's own with one ear for the socket of the upgrade; undefined where there is none. */
function listeningDispatcher(onSocket: (socket: Socket) => void): Dispatcher | undefined {
  const globals = globalThis as unknown as Record<symbol, Dispatcher | undefined>;
  const inner = globals[Symbol.for("undici.globalDispatcher.1")];
  if (inner === undefined) return undefined;
  const dispatch = (request: object, handler: object): boolean => {
    const own = handler as Record<string, ((...values: unknown[]) => unknown) | undefined>;
    const ear: Record<string, unknown> = Object.create(handler) as Record<string, unknown>;
    for (const name of ["onUpgrade", "onRequestUpgrade"]) {
      if (typeof own[name] !== "function") continue;
      ear[name] = (...values: unknown[]): unknown => {
        onSocket(values.at(-1) as Socket);
        return own[name]?.(...values);
      };
    }
    return inner.dispatch(request, ear);
  };
  return { dispatch };
}

export const openSocket: typeof openInBrowser = (url, subprotocol, onActivity) => {
  // Read first: Node loads its implementation, and with it the dispatcher, when the name is first used.
  const PlatformWebSocket = WebSocket;
  let under: Socket | undefined;
  let isDestroyed = false;
  const dispatcher = listeningDispatcher((socket) => {
    under = socket;
    if (isDestroyed) socket.destroy();
  });
  const options = dispatcher === undefined ? subprotocol : { protocols: subprotocol, dispatcher };
  const socket: PlatformSocket = new PlatformWebSocket(url, options as string);
  socket.addEventListener("open", () => under?.on("data", onActivity));
  const close = socket.close.bind(socket);
  const destroy = (): void => {
    isDestroyed = true;
    under?.destroy();
  };
  socket.close = (closeCode, reason) => {
    close(closeCode, reason);
    const timer: unknown = setTimeout(destroy, closeGraceMs);
    (timer as { unref(): void }).unref();
  };
  socket.destroy = destroy;
  return socket;
};
