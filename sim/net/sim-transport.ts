/**
 * The client's end of the simulated wire: a `Transport` whose connections behave as the WebSocket adapter's do.
 * It reports what reaches it and nothing else.
 */
import type { Conn, ConnHandlers, Transport } from "@holdfast/client";
import type { SimProcess } from "../sim-process.ts";
import type { Connection, End } from "./connection.ts";
import { frameOf, kinds, Unframer } from "./wire.ts";

/** Something that was dialled, as faults and records see it. */
export interface SimDial {
  readonly process: SimProcess;
  /** Null as long as there is none. */
  readonly connection: Connection | null;
  /** Whether the client has let go of it, or has been told its end. */
  readonly over: boolean;
  /** Whether the server has answered the dial. */
  readonly isOpen: boolean;
}

/** What a connection is to carry: a link, or a request with its response. */
export type DialKind = "link" | "request";

/** What the transports ask of the network. */
export interface Dialer {
  /** Dials for this client; the answer comes through `end`, or `failed`, or never. Null as long as there is no connection. */
  dial(kind: DialKind, end: End & SimDial, failed: () => void): { readonly connection: Connection | null; readonly cancel: () => void };
  /** For the record: a text was sent, or reached the client. */
  note(conn: SimDial, direction: "send" | "receive", text: string): void;
  /** For the record: a connection broke, with `pendingBytes` of an unfinished message. */
  broken(conn: SimDial, pendingBytes: number): void;
}

const broken = { closeCode: 1006, reason: "" } as const;

class SimConn implements Conn, SimDial, End {
  readonly process: SimProcess;
  readonly #dialer: Dialer;
  readonly #handlers: ConnHandlers;
  readonly #unframer = new Unframer((kind, text) => this.#message(kind, text));
  readonly #dialled: { readonly connection: Connection | null; readonly cancel: () => void };
  #over = false;
  isOpen = false;

  constructor(process: SimProcess, dialer: Dialer, handlers: ConnHandlers) {
    this.process = process;
    this.#dialer = dialer;
    this.#handlers = handlers;
    this.#dialled = dialer.dial("link", this, () => this.#broken());
  }

  get connection(): Connection | null {
    return this.#dialled.connection;
  }
  get over(): boolean {
    return this.#over;
  }

  // ---- what the client does

  get queuedBytes(): number {
    return this.connection?.queuedBytes("client") ?? 0;
  }

  send(text: string): void {
    if (this.#over) return;
    this.#dialer.note(this, "send", text);
    this.connection?.write("client", frameOf(kinds.text, text));
  }

  close(closeCode: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#dialled.cancel();
    this.connection?.write("client", frameOf(kinds.close, JSON.stringify([closeCode, reason])));
    this.connection?.end("client");
  }

  destroy(): void {
    this.#over = true;
    this.#dialled.cancel();
    this.connection?.reset("client");
  }

  // ---- what reaches it

  arrived(bytes: Uint8Array): void {
    if (!this.#over) this.#handlers.onActivity();
    this.#unframer.push(bytes);
  }

  ended(how: "fin" | "reset"): void {
    if (how === "fin") this.connection?.release("client");
    this.#broken();
  }

  drained(): void {}

  #message(kind: number, text: string): void {
    if (this.#over) return;
    this.#dialer.note(this, "receive", text);
    if (kind === kinds.open) {
      this.isOpen = true;
      this.#handlers.onOpen();
    } else if (kind === kinds.text) {
      this.#handlers.onText(text);
    } else {
      const [closeCode, reason] = JSON.parse(text) as [number, string];
      this.#over = true;
      this.connection?.write("client", frameOf(kinds.close, text));
      this.connection?.release("client");
      this.#handlers.onClose({ closeCode, reason });
    }
  }

  #broken(): void {
    if (this.#over) return;
    this.#over = true;
    this.#dialer.broken(this, this.#unframer.pendingBytes);
    this.#handlers.onClose(broken);
  }
}

/** Carries links over the simulated wire, from one client's machine. */
export function simTransport(process: SimProcess, dialer: Dialer): Transport {
  return {
    name: "websocket",
    dial: (_target, handlers) => new SimConn(process, dialer, handlers),
  };
}
