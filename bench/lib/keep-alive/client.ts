/**
 * A client that keeps one connection to an edge and says how each request ended. It repeats nothing and hides nothing: what a browser or
 * a library would paper over is what is counted here.
 */
import { connect, type Socket } from "node:net";

/** The status of an answer; `closed` when the connection ended without one. */
export type Outcome = number | "closed";

export type Method = "GET" | "POST";

const body = "x=1";

export class EdgeClient {
  readonly #port: number;
  readonly #host: string;
  #socket: Socket | null = null;
  #text = "";
  #waiting: ((outcome: Outcome) => void) | null = null;

  /** `host` is what the request's Host says; the connection goes to loopback. */
  constructor(port: number, host = "edge.test") {
    this.#port = port;
    this.#host = host;
  }

  /** Sends one request, on the connection that is there or a new one, and resolves with how it ended. Never rejects. */
  send(method: Method): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      const text = method === "GET" ? "" : `Content-Length: ${body.length}\r\n`;
      this.#open().write(`${method} / HTTP/1.1\r\nHost: ${this.#host}\r\n${text}\r\n${method === "GET" ? "" : body}`);
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  #open(): Socket {
    if (this.#socket !== null) return this.#socket;
    const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    this.#socket = socket;
    this.#text = "";
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#received(socket, text));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#settle("closed");
    });
    return socket;
  }

  #received(socket: Socket, text: string): void {
    this.#text += text;
    const end = this.#text.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#text.slice(0, end);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (this.#text.length < end + 4 + length) return;
    this.#text = this.#text.slice(end + 4 + length);
    if (/^connection: close/im.test(head)) {
      this.#socket = null;
      socket.destroy();
    }
    this.#settle(Number(head.slice(9, 12)));
  }

  #settle(outcome: Outcome): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(outcome);
  }
}
