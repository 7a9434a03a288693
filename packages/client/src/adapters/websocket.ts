/**
 * The WebSocket transport over the platform's own WebSocket: Node 24 and later, and browsers.
 * It must let go of a silent peer at once: a closing handshake that nobody answers would keep a socket, and a process, for ever.
 */
import type { Conn, ConnHandlers, DialTarget, Transport } from "../transport.ts";

interface Socket {
  destroy(): void;
  on(event: "data", listener: () => void): void;
}
interface Dispatcher {
  dispatch(request: object, handler: object): boolean;
}

/**
 * Node's WebSocket takes a dispatcher, as its fetch does. Ours is Node's own with one ear: it keeps the socket of the upgrade, because
 * the WebSocket interface has no way of ending a connection without the peer's consent. Null where there is none, as in browsers.
 */
function listeningDispatcher(onSocket: (socket: Socket) => void): Dispatcher | null {
  const globals = globalThis as unknown as Record<symbol, Dispatcher | undefined>;
  const inner = globals[Symbol.for("undici.globalDispatcher.1")];
  if (inner === undefined) return null;
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

/** How long a closing handshake may take. The timer does not keep a process; a socket that waits for its peer does, until then. */
const closeGraceMs = 1_000;

class WebSocketConn implements Conn {
  readonly #ws: WebSocket;
  readonly #handlers: ConnHandlers;
  #socket: Socket | null = null;
  #over = false;

  constructor(target: DialTarget, handlers: ConnHandlers) {
    this.#handlers = handlers;
    // Read first: Node loads its implementation, and with it the dispatcher, when the name is first used.
    const PlatformWebSocket = WebSocket;
    const dispatcher = listeningDispatcher((socket) => {
      this.#socket = socket;
      if (this.#over) socket.destroy();
    });
    const options = dispatcher === null ? [target.subprotocol] : { protocols: [target.subprotocol], dispatcher };
    this.#ws = new PlatformWebSocket(`${target.url.replace(/^http/, "ws")}link`, options as string[]);
    this.#ws.onopen = () => this.#opened(target.subprotocol);
    this.#ws.onmessage = ({ data }: { data: unknown }) => {
      if (this.#over) return;
      if (typeof data === "string") handlers.onText(data);
      else this.#fail("binary_unsupported", "the server sent a binary message");
    };
    this.#ws.onclose = ({ code, reason }) => {
      if (this.#over) return;
      this.#over = true;
      handlers.onClose({ closeCode: code, reason });
    };
    // An error is always followed by a close, which says more.
    this.#ws.onerror = () => {};
  }

  #opened(subprotocol: string): void {
    if (this.#over) return;
    if (this.#ws.protocol !== subprotocol) {
      this.#fail("protocol_unsupported", `the server does not speak ${subprotocol}`);
      return;
    }
    this.#socket?.on("data", () => {
      if (!this.#over) this.#handlers.onActivity();
    });
    this.#handlers.onOpen();
  }

  #fail(code: "binary_unsupported" | "protocol_unsupported", message: string): void {
    this.destroy();
    this.#handlers.onError(code, message);
  }

  send(text: string): void {
    if (!this.#over) this.#ws.send(text);
  }

  get queuedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  close(closeCode: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#ws.close(closeCode, reason);
    const timer: unknown = setTimeout(() => this.#socket?.destroy(), closeGraceMs);
    (timer as { unref?(): void }).unref?.();
  }

  destroy(): void {
    this.#over = true;
    this.#ws.close();
    this.#socket?.destroy();
  }
}

/** Carries links over the platform's WebSocket. */
export const webSocketTransport: Transport = {
  name: "websocket",
  dial: (target, handlers) => new WebSocketConn(target, handlers),
};
