/**
 * A client that keeps one connection to an edge and says how each request ended. It repeats nothing and hides nothing: what a browser or
 * a library would paper over is what is counted here.
 */
import { connect, type Socket } from "node:net";
import { type Answer, AnswerReader } from "./answers.ts";

/** The status of an answer; `closed` when the connection ended without one. */
export type Outcome = number | "closed";

export type Method = "GET" | "POST";

const body = "x=1";

export class EdgeClient {
  readonly #port: number;
  readonly #host: string;
  #socket: Socket | null = null;
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
    const reader = new AnswerReader();
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#received(socket, reader.read(text)));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#settle("closed");
    });
    return socket;
  }

  #received(socket: Socket, answers: readonly Answer[]): void {
    for (const { status, isLast } of answers) {
      if (isLast) {
        this.#socket = null;
        socket.destroy();
      }
      this.#settle(status);
    }
  }

  #settle(outcome: Outcome): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(outcome);
  }
}
