/**
 * A server on a real socket whose lines the test writes: it accepts, keeps what it is sent, and says what it is told.
 * `ws` does the framing; it answers no ping and no close by itself unless the test lets it.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Message } from "./memory-net.ts";

export class ServerConn {
  readonly ws: WebSocket;
  readonly socket: Socket;
  readonly messages: Message[] = [];
  onMessage: ((message: Message) => void) | null = null;

  constructor(ws: WebSocket, socket: Socket) {
    this.ws = ws;
    this.socket = socket;
    ws.on("message", (data) => {
      const text = String(data);
      const message = (text.startsWith("{") ? JSON.parse(text) : { type: "noise" }) as Message;
      this.messages.push(message);
      this.onMessage?.(message);
    });
    ws.on("error", () => {});
  }
  say(message: Message): void {
    this.ws.send(JSON.stringify(message));
  }
}

export class ScriptedServer implements AsyncDisposable {
  readonly conns: ServerConn[] = [];
  readonly #http: Server = createServer();
  readonly #sockets = new Set<Socket>();
  onConn: ((conn: ServerConn) => void) | null = null;

  static async listen(subprotocol: string | false = "holdfast.v1"): Promise<ScriptedServer> {
    const server = new ScriptedServer();
    const wss = new WebSocketServer({ noServer: true, handleProtocols: () => subprotocol });
    server.#http.on("connection", (socket) => {
      server.#sockets.add(socket);
      socket.on("close", () => server.#sockets.delete(socket));
    });
    server.#http.on("upgrade", (request, socket, head) => {
      wss.handleUpgrade(request, socket, head, (ws) => {
        const conn = new ServerConn(ws, socket as Socket);
        server.conns.push(conn);
        server.onConn?.(conn);
      });
    });
    await new Promise<void>((resolve) => server.#http.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }
  /** Connections that are open at the level of TCP. */
  get sockets(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }
}

/** Polls until it is so; fails after the deadline. */
export async function until(what: string, isSo: () => boolean, deadlineMs = 5_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Greets like a server, with a heartbeat that makes silence noticeable in a test. */
export function greet(conn: ServerConn, more: Readonly<Record<string, unknown>> = {}): void {
  conn.onMessage = (message) => {
    if (message.type === "hello") {
      const rest = { link: "L", node: "n", heartbeatMs: 12_000, entryBytesMax: 262_144, subscriptionsMax: 100, reconnect: { windowMs: 50 } };
      conn.say({ type: "welcome", ...rest, ...more });
    } else if (message.type === "subscribe") {
      const position = (message["from"] as { after?: string }).after ?? "0";
      conn.say({ type: "subscribed", id: message["id"], stream: message["stream"], position, head: position });
    } else if (message.type === "publish") {
      conn.say({ type: "published", id: message["id"], position: "e.11", duplicate: false });
    } else if (message.type === "ping") conn.say({ type: "pong", id: message["id"] });
  };
}
