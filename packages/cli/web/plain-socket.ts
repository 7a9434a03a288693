/**
 * What most pages do: a WebSocket that is opened again when `close` fires. It is here to be compared with, on the same wire, and does all
 * that such code usually does: it beats, so that nothing on the way forgets it for being idle, but it watches nothing.
 */
import { subprotocol } from "@holdfast/protocol";

const reopenMs = 1_000;
const words = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"] as const;

export interface PlainFacts {
  /** What the browser says: `readyState`. */
  readonly readyState: (typeof words)[number];
  /** When a message came; null before the first. */
  readonly lastMs: number | null;
  /** Numbers that were passed over: it starts anew instead of resuming. */
  readonly missed: number;
  readonly closes: number;
}

export class PlainSocket {
  readonly #url: string;
  readonly #stream: string;
  readonly #beatMs: number;
  #socket: WebSocket | null = null;
  #beats = 0;
  #reopening = 0;
  #lastMs: number | null = null;
  #number: number | null = null;
  #missed = 0;
  #closes = 0;

  constructor(url: string, stream: string, heartbeatMs: number) {
    this.#url = url;
    this.#stream = stream;
    this.#beatMs = heartbeatMs * 0.9;
  }

  get facts(): PlainFacts {
    return { readyState: words[this.#socket?.readyState ?? 3] ?? "CLOSED", lastMs: this.#lastMs, missed: this.#missed, closes: this.#closes };
  }

  /** Opens it anew, whatever it says of itself: what a person does by loading the page again. */
  open(): void {
    clearTimeout(this.#reopening);
    this.close();
    const socket = new WebSocket(this.#url, subprotocol);
    this.#socket = socket;
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: "hello", protocol: 1, client: "plain-websocket" }));
      socket.send(JSON.stringify({ type: "subscribe", id: 1, stream: this.#stream, from: "now" }));
      this.#beats = window.setInterval(() => {
        // The peer's close may have been read, and not been told yet.
        if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"beat"}');
      }, this.#beatMs);
    };
    socket.onmessage = ({ data }) => this.#message(socket, String(data));
    socket.onclose = () => {
      this.#closes++;
      clearInterval(this.#beats);
      this.#reopening = window.setTimeout(() => this.open(), reopenMs);
    };
  }

  /** Lets go of the socket; its end is none of its events any more. */
  close(): void {
    clearInterval(this.#beats);
    const socket = this.#socket;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#socket = null;
  }

  #message(socket: WebSocket, text: string): void {
    this.#lastMs = Date.now();
    const message = JSON.parse(text) as { readonly type: string; readonly id?: number; readonly data?: { readonly number?: number } };
    if (message.type === "ping") socket.send(JSON.stringify({ type: "pong", id: message.id }));
    const number = message.type === "entry" ? message.data?.number : undefined;
    if (number === undefined) return;
    if (this.#number !== null && number > this.#number + 1) this.#missed += number - this.#number - 1;
    this.#number = number;
  }
}
