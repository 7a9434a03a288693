/**
 * A transport in memory whose other end is the test: what the client sends is kept, what the test says arrives at once.
 * It behaves as the WebSocket adapter does: nothing is reported during `dial`, nor after `close` or `destroy`.
 */
import { type Code, decodeClientFrame } from "@holdfast/protocol";
import type { Conn, ConnHandlers, Transport } from "../../src/index.ts";

export type Message = { readonly type: string; readonly [member: string]: unknown };

export class MemoryConn implements Conn {
  readonly handlers: ConnHandlers;
  readonly sentTexts: string[] = [];
  #isOpen = false;
  /** How the client ended it; null while it has not. */
  ended: { readonly how: "close" | "destroy"; readonly closeCode: number | null; readonly reason: string } | null = null;
  queuedBytes = 0;
  /** Answers to the client's pings, unless the test wants silence. */
  answersPings = true;
  onSend: ((message: Message) => void) | null = null;

  constructor(handlers: ConnHandlers) {
    this.handlers = handlers;
  }

  send(text: string): void {
    if (this.ended !== null) return;
    const decoded = decodeClientFrame(text);
    if (!decoded.ok) throw new Error(`the client sent what a server refuses: ${decoded.message}: ${text.slice(0, 200)}`);
    this.sentTexts.push(text);
    const message = JSON.parse(text) as Message;
    if (message.type === "ping" && this.answersPings) queueMicrotask(() => this.say({ type: "pong", id: message["id"] }));
    this.onSend?.(message);
  }
  close(closeCode: number, reason: string): void {
    this.ended ??= { how: "close", closeCode, reason };
  }
  destroy(): void {
    this.ended ??= { how: "destroy", closeCode: null, reason: "" };
  }

  // ---- the server's side

  get sent(): Message[] {
    return this.sentTexts.map((text) => JSON.parse(text) as Message);
  }
  of(type: string): Message[] {
    return this.sent.filter((message) => message.type === type);
  }
  last(type: string): Message {
    const message = this.of(type).at(-1);
    if (message === undefined) throw new Error(`the client sent no ${type}; it sent ${JSON.stringify(this.sent)}`);
    return message;
  }

  open(): this {
    if (this.ended === null && !this.#isOpen) {
      this.#isOpen = true;
      this.handlers.onOpen();
    }
    return this;
  }
  say(message: Message | string): void {
    if (this.ended === null) this.handlers.onText(typeof message === "string" ? message : JSON.stringify(message));
  }
  activity(): void {
    if (this.ended === null) this.handlers.onActivity();
  }
  /** Answers the last ping. */
  pong(): void {
    this.say({ type: "pong", id: this.last("ping")["id"] });
  }
  end(closeCode: number, reason: object | string = ""): void {
    if (this.ended !== null) return;
    this.ended = { how: "close", closeCode: null, reason: "by the server" };
    this.handlers.onClose({ closeCode, reason: typeof reason === "string" ? reason : JSON.stringify(reason) });
  }
  fail(code: Code, message = ""): void {
    if (this.ended !== null) return;
    this.ended = { how: "destroy", closeCode: null, reason: "failed" };
    this.handlers.onError(code, message);
  }
  /** Opens, takes the hello and welcomes. */
  welcome(members: Readonly<Record<string, unknown>> = {}): this {
    this.open();
    this.say({
      type: "welcome",
      link: `link-${this.sentTexts.length}-${Math.abs(this.#no())}`,
      node: "n",
      heartbeatMs: 12_000,
      entryBytesMax: 262_144,
      subscriptionsMax: 100,
      reconnect: { windowMs: 1_000 },
      ...members,
    });
    return this;
  }
  #no(): number {
    return this.sentTexts.join("").length;
  }
}

export class MemoryNet {
  readonly conns: MemoryConn[] = [];
  /** Called for each dial, after it has returned. */
  onDial: ((conn: MemoryConn) => void) | null = null;
  readonly transport: Transport = {
    name: "memory",
    dial: (target, handlers) => {
      if (!target.url.endsWith("/v1/")) throw new Error(`dialled ${target.url}`);
      const conn = new MemoryConn(handlers);
      this.conns.push(conn);
      queueMicrotask(() => this.onDial?.(conn));
      return conn;
    },
  };

  get last(): MemoryConn {
    const conn = this.conns.at(-1);
    if (conn === undefined) throw new Error("nothing was dialled");
    return conn;
  }
  /** Connections that neither side has ended. */
  get alive(): MemoryConn[] {
    return this.conns.filter((conn) => conn.ended === null);
  }
}
