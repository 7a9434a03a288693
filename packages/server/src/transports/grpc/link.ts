/**
 * `holdfast.v1.Line/Subscribe`: a call is a link. What the client says comes as messages of its side of the call, and it may have said all
 * in the first; what the server says goes out on the other. It must never write an entry anew for each reader: those are made once.
 */
import { type ClientFrame, type Code, type Decoded, limits } from "@holdfast/protocol";
import { type CallFrame, decodeSubscribeRequest, encodeCallFrame, encodeEntry } from "@holdfast/protocol/grpc";
import type { Carrier, CloseDetails, WireFormat } from "../../carrier.ts";
import { entryOf } from "../../http/who.ts";
import type { ServerOptions } from "../../options.ts";
import { boundHeldPieces } from "../held-pieces.ts";
import { rotateAfterMs, rotateDeadlineMs } from "../rotation.ts";
import { SocketCarrier } from "../socket-carrier.ts";
import { type CallEnd, endOf, framingFault, type GrpcCall } from "./call.ts";
import type { GrpcParts } from "./parts.ts";

/** Entries as messages of gRPC: whole, because every client takes messages of a size that no entry has. */
export const grpcFormat: WireFormat = { name: "grpc", encode: encodeEntry };

/** The largest message: an entry and what is around it, or a row of subscriptions. */
export const messageBytesMax = ({ entryBytesMax }: ServerOptions): number => entryBytesMax + limits.callBytesMax.value;

const helloFrame: Decoded<ClientFrame> = { ok: true, frame: { type: "hello", protocol: 1 } };
const sizeOf = (decoded: Decoded<ClientFrame>): number => (decoded.ok && decoded.frame.type === "publish" ? decoded.frame.payload.length : 0);

export class GrpcCarrier extends SocketCarrier implements Carrier {
  readonly transport = "grpc";
  /** Until the client has closed its side. */
  twoWay = true;
  readonly lasting = true;
  readonly format = grpcFormat;
  readonly #call: GrpcCall;
  readonly #parts: GrpcParts;
  #isOpen = true;
  #hasGreeted = false;
  #isHeld = false;
  /** What came with the piece during which input was held, and the end of the request behind it. */
  #waiting: Uint8Array[] = [];
  #isEndWaiting = false;

  constructor(call: GrpcCall, parts: GrpcParts) {
    super(call.stream);
    this.#call = call;
    this.#parts = parts;
  }

  /** Joins the hub, and listens. */
  open(timeoutMs: number | null): void {
    const { hub, sessions, options } = this.#parts;
    const { session, stream, request } = this.#call;
    const accepted = hub.accept(this, false, entryOf(request, hub));
    if ("refused" in accepted) {
      this.close(accepted.refused, { afterMs: accepted.afterMs });
      return;
    }
    this.events = accepted;
    sessions.add(session, this);
    stream.once("close", () => {
      this.#isOpen = false;
      this.events = null;
      this.#waiting = [];
      sessions.remove(session, this);
      accepted.gone(null);
    });
    boundHeldPieces(stream, () => this.#fail(framingFault("too_many_pieces")));
    stream.on("data", () => accepted.bytes());
    this.#call.read(
      messageBytesMax(options),
      (message) => this.#take(message),
      () => this.#saidAll(),
      (end) => this.#fail(end),
    );
    // The deadline of a client is the age at which it wants to come again.
    if (timeoutMs !== null) this.#call.within(timeoutMs, () => this.#fail({ status: "DEADLINE_EXCEEDED", code: "rotated" }));
  }

  #fail(end: CallEnd): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#parts.hub.counters.close(end.code as Code);
    this.#call.end(end);
  }

  #take(message: Uint8Array): void {
    // The bytes are the reader's: what waits is copied.
    if (this.#isHeld) this.#waiting.push(message.slice());
    else this.#say(message);
  }

  #say(message: Uint8Array): void {
    const said = decodeSubscribeRequest(message);
    if (said === null) {
      this.#fail(framingFault("malformed"));
      return;
    }
    this.#greet(said[0]);
    for (const decoded of said) this.events?.frame(decoded, sizeOf(decoded));
  }

  /** A client need not say hello: what it would say in it is in the metadata. */
  #greet(first: Decoded<ClientFrame> | undefined): void {
    if (this.#hasGreeted) return;
    this.#hasGreeted = true;
    if (first?.ok !== true || first.frame.type !== "hello") this.events?.frame(helloFrame, 0);
  }

  #saidAll(): void {
    this.twoWay = false;
    this.#isEndWaiting = this.#isHeld;
    if (this.#isHeld) return;
    this.#greet(undefined);
    const { options, env } = this.#parts;
    // It can not be proved alive by its silence any more.
    this.#call.within(rotateAfterMs(options, env.rng), () => this.rotate());
    this.#endWhenDone();
  }

  holdInput(held: boolean): void {
    this.#isHeld = held;
    if (held) {
      this.#call.stream.pause();
      return;
    }
    while (!this.#isHeld && this.#waiting.length > 0) this.#say(this.#waiting.shift() as Uint8Array);
    if (this.#isHeld) return;
    this.#call.stream.resume();
    if (this.#isEndWaiting) this.#saidAll();
  }

  deliver(bytes: Uint8Array): void {
    if (this.#isOpen) this.write(bytes);
  }

  send(frame: Parameters<Carrier["send"]>[0]): void {
    this.sendAll([frame]);
  }

  sendAll(frames: Parameters<Carrier["sendAll"]>[0]): void {
    if (!this.#isOpen) return;
    this.#call.begin();
    const framed = frames.map((frame) => encodeCallFrame(frame as CallFrame));
    this.write(framed.length === 1 ? (framed[0] as Uint8Array) : Buffer.concat(framed));
    if (frames.some(({ type }) => type === "goaway")) this.#leaveSession();
    if (!this.twoWay) this.#parts.env.soon(() => this.#endWhenDone());
  }

  /** Who can ask for nothing more and follows nothing more is done. */
  #endWhenDone(): void {
    const { events } = this;
    if (!this.#isOpen || events === null || this.#isEndWaiting || events.unanswered > 0 || events.subscriptions > 0) return;
    this.#isOpen = false;
    this.#call.end({ status: "OK" });
  }

  close(code: Code, details: CloseDetails = {}): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#call.end(endOf(code, details));
  }

  destroy(): void {
    this.#isOpen = false;
    this.#call.cut();
  }

  belongsTo(subject: string): boolean {
    return this.#parts.hub.countSubject(this.#call.session, subject);
  }

  /** The client's next call is to find another server. */
  #leaveSession(): void {
    if (this.#parts.hub.draining) this.#parts.leaveSession(this.#call.session);
  }

  rotate(remainingMs?: number): void {
    const deadlineMs = rotateDeadlineMs(this.#parts.options, remainingMs);
    // `welcome` comes first. A link that has not got that far yet may be over before it does.
    if (this.#call.stream.headersSent) this.send({ type: "goaway", code: "rotated", afterMs: 0, deadlineMs });
    this.#call.within(deadlineMs, () => this.#fail(endOf("rotated")));
  }
}
