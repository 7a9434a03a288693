/**
 * A connection between its accept and the end of its handshake. It reads the first message, puts every byte back, and lets go.
 * It must never keep a listener on a connection that it has handed over: TLS reads the handle beneath it from then on.
 */
import type { Socket } from "node:net";
import { type Hello, HelloPeek } from "../hello-peek.ts";

export interface HandshakeEvents {
  /** The first message was read, or is none that can be; the bytes are back in the socket. */
  peeked(handshake: Handshake): void;
  /** The connection ended before that. */
  lost(handshake: Handshake, error: Error): void;
}

/** Of a raw socket under TLS: Node never emits there, and one `error` without a listener would end the process. */
const ignore = (): void => undefined;

export class Handshake {
  readonly raw: Socket;
  readonly deadlineMs: number;
  /** Null until it was read, and when it could not be. */
  hello: Hello | null = null;
  startedAsTls = true;
  /** The period of the ticket that it brought, when its key is read here. */
  ticketPeriod: number | null = null;
  readonly #events: HandshakeEvents;
  readonly #peek = new HelloPeek();

  constructor(raw: Socket, deadlineMs: number, events: HandshakeEvents) {
    this.raw = raw;
    this.deadlineMs = deadlineMs;
    this.#events = events;
  }

  start(): void {
    const { raw } = this;
    raw.on("error", ignore);
    raw.on("data", this.#data);
    raw.on("end", this.#end);
    raw.on("close", this.#end);
    raw.resume();
  }

  /** Gives the socket back as it came, but for an `error` listener. */
  letGo(): void {
    const { raw } = this;
    raw.off("data", this.#data);
    raw.off("end", this.#end);
    raw.off("close", this.#end);
  }

  readonly #data = (chunk: Buffer): void => {
    const seen = this.#peek.take(chunk);
    if (seen.kind === "more") return;
    this.raw.pause();
    this.letGo();
    if (seen.kind === "hello") this.hello = seen.hello;
    else this.startedAsTls = seen.why !== "not_tls";
    this.raw.unshift(this.#peek.taken);
    this.#events.peeked(this);
  };

  readonly #end = (): void => {
    this.letGo();
    const { errored } = this.raw;
    this.#events.lost(this, errored ?? new Error("the connection ended before a TLS handshake began"));
  };
}
