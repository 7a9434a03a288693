/**
 * A link whose client has said everything in its request: messages go out in the response. What is common to SSE and long-poll.
 * The response begins with the first message; what ends the link before that is answered by an HTTP status.
 * Bytes go straight to the socket, framed here, so it must never be used while `node:http` writes a body of its own. Over HTTP/2 they go
 * to the stream, which frames them.
 */
import type { ServerResponse } from "node:http";
import type { Code, ServerFrame, Timer } from "@holdfast/protocol";
import type { Carrier, CloseDetails, WireFormat } from "../carrier.ts";
import { sendError } from "../http/respond.ts";
import { cutOff, lastOfConnection } from "../http/response-version.ts";
import type { Entry } from "../hub/link-access.ts";
import { closeHandshakeMs } from "../hub/link-state.ts";
import { textChunk } from "./chunks.ts";
import type { TransportParts } from "./request-transport.ts";
import { SocketCarrier } from "./socket-carrier.ts";
import type { WayOut } from "./way-out.ts";

/** What a server sends beside entries. */
export type ControlFrame = Exclude<ServerFrame, { type: "entry" | "part" }>;

/** Of every response that goes on while there is something to say. */
export const streamingHeaders = {
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
  "X-Content-Type-Options": "nosniff",
};

export abstract class ResponseCarrier extends SocketCarrier implements Carrier {
  abstract readonly transport: string;
  abstract readonly format: WireFormat;
  readonly twoWay = false;
  abstract readonly lasting: boolean;
  /** False once the end has been written: nothing may follow it. */
  protected isOpen = true;
  /** Whether the body goes out in chunks; known once the response has begun. A copy, because every delivery asks. */
  protected isChunked = false;
  protected readonly parts: TransportParts;
  readonly #response: ServerResponse;
  readonly #way: WayOut;
  #timer: Timer | null = null;
  #hasBegun = false;
  /** While what is said in the turn of the first message is collected. */
  #isBeginning = false;
  #lines: readonly string[] = [];
  #next = 0;
  #isHeld = false;
  #isFeeding = false;

  constructor(response: ServerResponse, way: WayOut, parts: TransportParts) {
    super(way.out);
    this.#response = response;
    this.#way = way;
    this.parts = parts;
  }

  protected abstract readonly contentType: string;
  abstract deliver(bytes: Uint8Array, stream: string, position: string): void;
  abstract send(frame: ControlFrame): void;
  abstract sendAll(frames: readonly ControlFrame[]): void;
  /** Writes the last message of a response that has begun. */
  protected abstract bye(code: Code, details: CloseDetails): void;
  /** All of the request has been taken by the hub; may be called again. */
  protected abstract fed(): void;
  /** The link is to move to another connection. */
  abstract rotate(remainingMs?: number): void;

  /** Whether anything has been said. */
  protected get hasBegun(): boolean {
    return this.#hasBegun;
  }

  protected get isFed(): boolean {
    return this.#next >= this.#lines.length && !this.#isFeeding;
  }

  /** Runs `call` later, unless the link is over by then. One call waits at a time: the newest. */
  protected later(delayMs: number, call: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.parts.env.clock.after(delayMs, call);
  }

  /**
   * Writes text as it is. The first takes the headers with it, and both leave at the end of the turn: what the request asks for is mostly
   * answered within it, so one write is enough.
   */
  protected writeText(text: string): void {
    if (this.#hasBegun) {
      this.write(textChunk(text, this.isChunked));
      return;
    }
    this.#hasBegun = true;
    this.#response.writeHead(200, this.#headers());
    this.socket.cork();
    this.#response.flushHeaders();
    this.isChunked = this.#response.chunkedEncoding === true;
    this.socket.write(textChunk(text, this.isChunked));
    this.#isBeginning = true;
    this.parts.env.soon(() => this.#begun());
  }

  #begun(): void {
    this.#isBeginning = false;
    this.socket.uncork();
    if (!this.isOpen) return; // Nothing may be written behind the end.
    if (this.socket.writableLength > 0) this.watch();
    else this.events?.drained(); // What was collected was bytes that waited, to whoever asked.
  }

  protected override watch(): void {
    if (!this.#isBeginning) super.watch();
  }

  /** Ends the response; `gone` follows when it has left, or after `deadlineMs`. */
  protected finish(deadlineMs: number = closeHandshakeMs): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    // The response began before it was known that the connection is not to be used again.
    if (this.parts.hub.draining && this.#way.session === null) this.#response.once("finish", () => this.socket.end());
    this.#response.end();
    this.later(deadlineMs, () => this.destroy());
  }

  close(code: Code, details: CloseDetails = {}): void {
    if (!this.isOpen) return;
    if (this.#hasBegun) {
      this.bye(code, details);
      this.finish();
      return;
    }
    this.isOpen = false;
    sendError(this.#response, code, details.message, details.afterMs === undefined ? {} : { afterMs: details.afterMs });
  }

  belongsTo(subject: string): boolean {
    return this.parts.hub.countSubject(this.#way.connection, subject);
  }

  destroy(): void {
    this.isOpen = false;
    // A session has other links than this one.
    if (this.#way.session !== null) cutOff(this.#response);
    else this.reset(this.parts.hub);
  }

  /** The client is to open nothing more where this response comes from: over HTTP/2 it would find its session again. */
  protected leaveSession(): void {
    if (this.parts.hub.draining) this.#way.session?.close();
  }

  /** The request has been read as a whole, so it is its lines that wait. */
  holdInput(held: boolean): void {
    this.#isHeld = held;
    if (!held) this.#feed();
  }

  /** Answers a request for the headers alone. */
  showHeaders(): void {
    this.isOpen = false;
    this.#response.writeHead(200, this.#headers());
    this.#response.end();
  }

  /** A connection that lasts carries nothing after the link: what is pipelined behind an endless response would wait for ever. */
  #headers(): Readonly<Record<string, string>> {
    const common = { ...streamingHeaders, "Content-Type": this.contentType };
    return this.lasting ? { ...common, ...lastOfConnection(this.#response) } : common;
  }

  /** Joins the hub and gives it the client's messages. `entry` is what the request has shown; `isBrief`: see `Hub.accept`. */
  open(lines: readonly string[], entry: Entry, isBrief = false): void {
    const { session } = this.#way;
    if (session === null) this.#watchHalfClose();
    else this.parts.sessions?.add(session, this);
    this.#response.on("close", () => this.#over());
    const accepted = this.parts.hub.accept(this, isBrief, entry);
    if ("refused" in accepted) {
      this.refuse(accepted.refused, accepted.afterMs);
      return;
    }
    this.events = accepted;
    // A body without a message lacks its hello, like one that begins with something else.
    this.#lines = lines.length === 0 ? [""] : lines;
    this.#feed();
  }

  /** A client that says it will send no more is leaving; `node:http` ends the connection for it as well. Over HTTP/2 only its request has ended. */
  #watchHalfClose(): void {
    const { socket } = this;
    const left = (): void => {
      socket.destroy();
    };
    socket.on("end", left);
    this.#response.on("close", () => socket.off("end", left));
  }

  /** The hub takes no link now. */
  protected refuse(code: Code, afterMs: number, message?: string): void {
    this.isOpen = false;
    sendError(this.#response, code, message, afterMs > 0 ? { afterMs } : {});
  }

  #feed(): void {
    if (this.#isFeeding) return;
    this.#isFeeding = true;
    while (this.#next < this.#lines.length && !this.#isHeld && this.isOpen) {
      const line = this.#lines[this.#next] as string;
      this.#next++;
      this.events?.text(line);
    }
    this.#isFeeding = false;
    if (this.#next < this.#lines.length || !this.isOpen) return;
    this.#lines = [];
    this.#next = 0;
    this.fed();
  }

  #over(): void {
    const { events } = this;
    const { session, connection } = this.#way;
    this.isOpen = false;
    this.events = null;
    this.#lines = [];
    this.#timer?.cancel();
    // The connection may be kept for whoever asks next, or for nothing: it is not the subject's any longer. A session may carry more links of it.
    if (session === null) this.parts.hub.countSubject(connection, null);
    else this.parts.sessions?.remove(session, this);
    events?.gone(null);
  }
}
