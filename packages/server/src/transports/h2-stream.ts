/**
 * One link on a stream of HTTP/2: the request's body is what the client says, for as long as it is open, the response what the server says,
 * both as length-prefixed messages. When the client ends its body the link goes on one way, and moves after a while as all such links do.
 * Nothing here may end, or wait for, the session for the sake of one link: others share it.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { type Code, type FramingFault, LengthPrefixedReader, lengthPrefixBytes, limits, linkContentType, type Timer, writeHead } from "@holdfast/protocol";
import type { Carrier, CloseDetails } from "../carrier.ts";
import { sendError } from "../http/respond.ts";
import { cutOff } from "../http/response-version.ts";
import { entryOf } from "../http/who.ts";
import { closeHandshakeMs } from "../hub/link-state.ts";
import { boundHeldPieces } from "./held-pieces.ts";
import { MessageFormat } from "./message-format.ts";
import type { TransportParts } from "./request-transport.ts";
import { type ControlFrame, streamingHeaders } from "./response-carrier.ts";
import { rotateAfterMs, rotateDeadlineMs } from "./rotation.ts";
import { SocketCarrier } from "./socket-carrier.ts";

/** Entries as length-prefixed messages. */
const h2Format: MessageFormat = new MessageFormat("h2", (textBytes) => {
  const buffer = Buffer.allocUnsafeSlow(lengthPrefixBytes + textBytes);
  writeHead(buffer, textBytes);
  return { buffer, at: lengthPrefixBytes };
});

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const faults: Readonly<Record<FramingFault, readonly [code: Code, message: string]>> = {
  too_large: ["frame_too_large", `expected messages of at most ${limits.wireBytesMax.value} bytes`],
  too_many_pieces: ["frame_too_large", "a message came in too many pieces"],
  bad_flags: ["protocol_error", "expected length-prefixed messages"],
};

export class H2Carrier extends SocketCarrier implements Carrier {
  readonly transport = "h2";
  readonly lasting = true;
  readonly format = h2Format;
  readonly #stream: ServerHttp2Stream;
  readonly #session: ServerHttp2Session;
  readonly #response: ServerResponse;
  readonly #parts: TransportParts;
  readonly #reader = new LengthPrefixedReader(limits.wireBytesMax.value);
  #timer: Timer | null = null;
  #hasBegun = false;
  #hasHeard = false;
  /** False once the end has been written: nothing may follow it, and nothing is heard. */
  #isOpen = true;
  /** The client can say no more. */
  #isOneWay = false;
  /** It was told to move, and has its time. */
  #isRotating = false;

  constructor(stream: ServerHttp2Stream, session: ServerHttp2Session, response: ServerResponse, parts: TransportParts) {
    super(stream);
    this.#stream = stream;
    this.#session = session;
    this.#response = response;
    this.#parts = parts;
  }

  get twoWay(): boolean {
    return !this.#isOneWay;
  }

  deliver(bytes: Uint8Array): void {
    if (this.#isOpen) this.write(bytes);
  }

  send(frame: ControlFrame): void {
    if (this.#isOpen) this.#say(h2Format.text(JSON.stringify(frame)));
  }

  sendAll(frames: readonly ControlFrame[]): void {
    if (this.#isOpen) this.#say(Buffer.concat(frames.map((frame) => h2Format.text(JSON.stringify(frame)))));
  }

  /** The first message takes the headers with it. */
  #say(bytes: Uint8Array): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#response.writeHead(200, { ...streamingHeaders, "Content-Type": linkContentType });
      this.#response.flushHeaders();
    }
    this.write(bytes);
  }

  /** The peer feels it by the stream's window; the session's is handed out whoever reads, so the other streams do not. */
  holdInput(held: boolean): void {
    if (held) this.#stream.pause();
    else this.#stream.resume();
  }

  close(code: Code, details: CloseDetails = {}): void {
    if (!this.#isOpen) return;
    if (!this.#hasBegun) {
      this.#isOpen = false;
      this.#refuse(code, details.message, details.afterMs);
      return;
    }
    this.send({ type: "bye", code, ...details });
    this.#finish();
  }

  #refuse(code: Code, message: string | undefined, afterMs?: number): void {
    sendError(this.#response, code, message, afterMs === undefined || afterMs <= 0 ? {} : { afterMs });
  }

  /** Ends the response; `gone` follows when it has left, or after a while. */
  #finish(): void {
    this.#isOpen = false;
    this.#response.end();
    this.#stream.resume(); // What is still said must be read, or the end of it is never seen.
    this.#later(closeHandshakeMs, () => this.destroy());
  }

  destroy(): void {
    this.#isOpen = false;
    cutOff(this.#response);
  }

  belongsTo(subject: string): boolean {
    return this.#parts.hub.countSubject(this.#session, subject);
  }

  /** The client is to move to another link. */
  rotate(remainingMs?: number): void {
    if (!this.#isOpen) return; // It has its time already.
    const deadlineMs = rotateDeadlineMs(this.#parts.options, remainingMs);
    this.#isRotating = true;
    // `welcome` comes first. A link that has not got that far yet may be over before it does.
    if (this.#hasBegun) this.send({ type: "goaway", code: "rotated", afterMs: 0, deadlineMs });
    this.#later(deadlineMs, () => {
      this.#parts.hub.counters.close("rotated");
      this.close("rotated");
    });
  }

  /** Joins the hub, and passes on what comes until the stream is gone. */
  open(request: IncomingMessage): void {
    const { hub, sessions } = this.#parts;
    const accepted = hub.accept(this, false, entryOf(request, hub));
    if ("refused" in accepted) {
      this.#isOpen = false;
      this.#refuse(accepted.refused, undefined, accepted.afterMs);
      return;
    }
    this.events = accepted;
    sessions?.add(this.#session, this);
    this.#stream.on("close", () => this.#over());
    this.#stream.on("end", () => this.#ended());
    boundHeldPieces(this.#stream, () => this.#fail(...faults.too_many_pieces));
    this.#stream.on("data", (piece: Buffer) => this.#take(piece));
  }

  #take(piece: Buffer): void {
    if (!this.#isOpen) return;
    this.events?.bytes();
    const fault = this.#reader.push(piece, (message, isCompressed) => this.#heard(message, isCompressed));
    if (fault !== null) this.#fail(...faults[fault]);
  }

  #heard(message: Uint8Array, isCompressed: boolean): void {
    if (!this.#isOpen) return;
    this.#hasHeard = true;
    if (isCompressed) return this.#fail("protocol_error", "expected messages that are not compressed");
    if (message.length === 0) return this.#farewell();
    let text: string;
    try {
      text = utf8.decode(message);
    } catch {
      return this.#fail("not_utf8", "expected text in UTF-8");
    }
    this.events?.text(text);
  }

  /** A message without bytes: the client leaves in good order, so that no stream has to be reset for it. */
  #farewell(): void {
    if (this.#hasBegun) this.#finish();
    else this.destroy();
  }

  #fail(code: Code, message: string): void {
    if (!this.#isOpen) return;
    this.#parts.hub.counters.close(code);
    this.close(code, { message });
  }

  /** The client has ended its body: it can say no more, and cannot be proved alive by its silence. */
  #ended(): void {
    if (!this.#isOpen) return;
    if (this.#reader.isMidMessage) return this.#fail("protocol_error", "the body ended in the middle of a message");
    // A body without a message lacks its hello, like one that begins with something else.
    if (!this.#hasHeard) this.events?.text("");
    this.#isOneWay = true;
    const { env, options } = this.#parts;
    if (this.#isOpen && !this.#isRotating) this.#later(rotateAfterMs(options, env.rng), () => this.rotate());
  }

  /** Runs `call` later, unless the link is over by then. One call waits at a time: the newest. */
  #later(delayMs: number, call: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#parts.env.clock.after(delayMs, call);
  }

  #over(): void {
    const { events } = this;
    this.#isOpen = false;
    this.events = null;
    this.#timer?.cancel();
    this.#parts.sessions?.remove(this.#session, this);
    events?.gone(null);
  }
}
