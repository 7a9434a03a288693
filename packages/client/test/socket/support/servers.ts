/** Real servers of other people's making, and what a socket under test told. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type WebSocket as PeerSocket, WebSocketServer } from "ws";
import { ReliableWebSocket } from "../../../src/socket/index.ts";

/** Waits for a condition, with a deadline. */
export async function until(what: string, condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A bare HTTP server that can be ended and started again on its port. */
export class HttpServer implements AsyncDisposable {
  port = 0;
  #server: Server | null = null;
  readonly #listener: RequestListener;
  readonly sockets = new Set<Socket>();
  readonly requests: IncomingMessage[] = [];

  constructor(listener: (request: IncomingMessage, response: ServerResponse, server: HttpServer) => void) {
    this.#listener = (request, response) => {
      this.requests.push(request);
      listener(request, response, this);
    };
  }
  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }
  get server(): Server {
    return this.#server as Server;
  }
  async listen(): Promise<this> {
    const server = createServer(this.#listener);
    server.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket)).on("error", () => {});
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
    return this;
  }
  /** Ends as a killed process does. */
  async kill(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    // A paused socket would not tell its owner that it is gone.
    for (const socket of this.sockets) socket.resume().resetAndDestroy();
    await closed;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server?.listening) await this.kill();
  }
}

/** A plain `ws` server: keeps what it hears; `act` sees each peer first. */
export class PlainServer extends HttpServer {
  readonly peers: PeerSocket[] = [];
  readonly heard: string[] = [];
  /** Refuses handshakes while true. */
  isShut = false;
  readonly #act: (peer: PeerSocket) => void;

  constructor(act: (peer: PeerSocket) => void = () => {}) {
    super((_, response) => response.writeHead(426).end());
    this.#act = act;
  }
  override async listen(): Promise<this> {
    await super.listen();
    const hub = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
    this.server.on("upgrade", (request, socket, head) => {
      if (this.isShut) {
        socket.end("HTTP/1.1 503 Busy\r\nConnection: close\r\n\r\n");
        return;
      }
      hub.handleUpgrade(request, socket, head, (peer) => {
        this.peers.push(peer);
        peer.on("error", () => {});
        peer.on("message", (data, isBinary) => this.heard.push(isBinary ? `binary ${(data as Buffer).toString("hex")}` : String(data)));
        this.#act(peer);
      });
    });
    return this;
  }
  get wsUrl(): string {
    return this.url.replace("http", "ws");
  }
  get last(): PeerSocket {
    return this.peers.at(-1) as PeerSocket;
  }
}

/** What a socket told, in order, as text. */
export function record(socket: ReliableWebSocket): string[] {
  const told: string[] = [];
  socket.onopen = () => told.push("open");
  socket.onmessage = ({ data }) => told.push(`message ${data}`);
  socket.onerror = () => told.push("error");
  socket.onclose = ({ code, reason, wasClean }) => told.push(`close ${code} ${reason} ${wasClean}`);
  return told;
}

/** The states a status went through, and when. */
export function states(source: ReliableWebSocket["status"]): { atMs: number; state: string; code: string | null; reason: string }[] {
  const seen: { atMs: number; state: string; code: string | null; reason: string }[] = [];
  source.subscribe(() => {
    const { state, code, reason } = source.getSnapshot();
    if (seen.at(-1)?.state !== state || seen.at(-1)?.code !== code) seen.push({ atMs: performance.now(), state, code, reason });
  });
  return seen;
}

const dialled = new Set<ReliableWebSocket>();

/** A socket that is closed by `closeAll`, whatever becomes of its test. */
export function dial(...given: ConstructorParameters<typeof ReliableWebSocket>): ReliableWebSocket {
  const socket = new ReliableWebSocket(...given);
  dialled.add(socket);
  return socket;
}

/** For `after`: a failed test must not keep the process. */
export function closeAll(): void {
  for (const socket of dialled) socket.close();
}
