/**
 * One connection of the platform's own WebSocket, with what its interface lacks: a way to let go of a silent peer at once, and,
 * where the platform lends its socket (Node), every byte as activity and a protocol ping.
 */

interface NodeSocket {
  destroy(): void;
  write(bytes: Uint8Array): unknown;
  on(event: "data", listener: () => void): void;
}
interface Dispatcher {
  dispatch(request: object, handler: object): boolean;
}

/** What is told of a connection. After `destroy`, nothing. */
export interface SocketHandlers {
  /** `canPing`: `ping()` works, so that any server can be asked. */
  onOpen(canPing: boolean): void;
  onMessage(event: MessageEvent): void;
  /** Bytes came, whatever they say. */
  onActivity(): void;
  onClose(event: CloseEvent): void;
}

/** Node's own dispatcher with one ear, which keeps the socket of the upgrade; null where there is none, as in browsers. */
function listeningDispatcher(onSocket: (socket: NodeSocket) => void): Dispatcher | null {
  const inner = (globalThis as unknown as Record<symbol, Dispatcher | undefined>)[Symbol.for("undici.globalDispatcher.1")];
  if (inner === undefined) return null;
  return {
    dispatch(request, handler) {
      const own = handler as Record<string, ((...values: unknown[]) => unknown) | undefined>;
      const ear = Object.create(handler) as Record<string, unknown>;
      for (const name of ["onUpgrade", "onRequestUpgrade"]) {
        if (typeof own[name] !== "function") continue;
        ear[name] = (...values: unknown[]): unknown => {
          onSocket(values.at(-1) as NodeSocket);
          return own[name]?.(...values);
        };
      }
      return inner.dispatch(request, ear);
    },
  };
}

/** An empty ping, masked with zeros: FIN and opcode 9, mask bit and length 0, the mask. */
const pingFrame = Uint8Array.of(0x89, 0x80, 0, 0, 0, 0);

/** A connection. Its constructor throws what the platform's throws. */
export class PlatformSocket {
  readonly ws: WebSocket;
  #socket: NodeSocket | null = null;
  #isOver = false;

  constructor(url: string, protocols: string | string[] | undefined, handlers: SocketHandlers) {
    // Read first: Node loads its implementation, and with it the dispatcher, when the name is first used.
    const Platform = WebSocket;
    const dispatcher = listeningDispatcher((socket) => {
      this.#socket = socket;
      if (this.#isOver) socket.destroy();
    });
    const ws = new Platform(url, dispatcher === null ? protocols : ({ ...(protocols === undefined ? {} : { protocols }), dispatcher } as unknown as string[]));
    this.ws = ws;
    ws.onopen = () => {
      this.#socket?.on("data", () => this.#isOver || handlers.onActivity());
      handlers.onOpen(this.#socket !== null);
    };
    ws.onmessage = handlers.onMessage;
    // An error is always followed by a close, which says more.
    ws.onclose = handlers.onClose;
  }

  /** Sends a protocol ping. After a close frame nothing may follow. */
  ping(): void {
    if (this.ws.readyState === 1) this.#socket?.write(pingFrame);
  }

  /** Lets go at once. */
  destroy(): void {
    this.#isOver = true;
    this.ws.onopen = this.ws.onmessage = this.ws.onclose = null;
    this.ws.close();
    this.#socket?.destroy();
  }
}
