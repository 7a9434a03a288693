/**
 * The `grpc` transport of Node: a link is a call of holdfast.v1.Line/Subscribe, on a session that others share (proto/holdfast/v1/line.proto).
 * It speaks to whatever speaks that, behind proxies that take gRPC only. It must let go of a silent peer at once, and never end the session
 * for the sake of one call.
 */
import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from "node:http2";
import {
  codeRules,
  type DecodeFault,
  decodeClientFrame,
  entryBytesMax,
  fromBase64,
  isCode,
  LengthPrefixedReader,
  type PublishFrame,
  type PublishPartFrame,
  wireBytesMax,
} from "@holdfast/protocol";
import { decodeSubscribeResponse, encodeSubscribeRequest, grpcStatuses } from "@holdfast/protocol/grpc";
import type { Conn, ConnHandlers, Transport } from "../../transport.ts";
import type { Sessions, StreamTicket } from "./sessions.ts";

const path = "/holdfast.v1.Line/Subscribe";
/** How long what is queued may take to leave at the end. The timer does not keep a process. */
const closeGraceMs = 1_000;

class GrpcConn implements Conn {
  readonly #handlers: ConnHandlers;
  readonly #ticket: StreamTicket;
  readonly #reader = new LengthPrefixedReader(entryBytesMax + wireBytesMax);
  #stream: ClientHttp2Stream | null = null;
  /** Of the publish that is under way: gRPC takes payloads whole. */
  #parts: PublishPartFrame[] = [];
  #end: IncomingHttpHeaders = {};
  #isOver = false;

  constructor(sessions: Sessions, url: string, handlers: ConnHandlers) {
    this.#handlers = handlers;
    this.#ticket = sessions.open(new URL(url).origin, {
      headers: { ":method": "POST", ":path": path, "content-type": "application/grpc+proto", te: "trailers" },
      opened: (stream) => this.#opened(stream),
      failed: (message) => {
        this.#isOver = true;
        handlers.onError("connect_failed", message);
      },
      leaving: (afterMs) => this.#text(JSON.stringify({ type: "goaway", code: "rotated", afterMs, deadlineMs: afterMs }), false),
    });
  }

  get queuedBytes(): number {
    return this.#stream?.writableLength ?? 0;
  }

  send(text: string): void {
    const said = decodeClientFrame(text);
    if (!said.ok) this.#refuse(said);
    else if (said.frame.type === "part") this.#parts.push(said.frame);
    else this.#stream?.write(encodeSubscribeRequest(said.frame.type === "publish" ? this.#whole(said.frame) : said.frame));
  }

  #whole(frame: PublishFrame): PublishFrame {
    if (frame.parts === 0) return frame;
    const payload = Buffer.concat(this.#parts.map(({ base64 }) => fromBase64(base64) as Uint8Array));
    this.#parts = [];
    return { ...frame, parts: 0, payload };
  }

  /** What a server would answer, which judges by the same rules: what is wrong has no form in gRPC. */
  #refuse({ of, id, stream = "", code, message }: DecodeFault): void {
    const answer = of === "publish" ? { type: "refused", id } : of === "subscribe" ? { type: "unsubscribed", id, stream } : { type: "error" };
    queueMicrotask(() => this.#text(JSON.stringify({ ...answer, code, message }), false));
  }

  /** A call that only ended its side would go on: it is cancelled when what is queued has left. */
  close(): void {
    const stream = this.#stream;
    if (stream === null) return this.destroy();
    this.#isOver = true;
    stream.end(() => this.#reset());
    setTimeout(() => this.#reset(), closeGraceMs).unref();
  }

  destroy(): void {
    this.#isOver = true;
    if (this.#stream === null) return this.#ticket.cancel();
    const hasEnded = this.#end["grpc-status"] !== undefined;
    this.#reset();
    // Whoever lets go like this may have waited in vain: the next call should not meet the same silence.
    if (!hasEnded) this.#ticket.doubt();
  }

  #reset(): void {
    this.#stream?.close(constants.NGHTTP2_CANCEL);
    this.#stream?.destroy();
  }

  #opened(stream: ClientHttp2Stream): void {
    this.#stream = stream;
    // Where nothing was said, what ends the call stands beside what began it.
    stream.on("response", (headers) => {
      this.#end = headers;
    });
    stream.on("trailers", (trailers) => {
      this.#end = { ...this.#end, ...trailers };
    });
    stream.on("data", (piece: Buffer) => this.#take(piece));
    stream.once("close", () => this.#closed());
    this.#handlers.onOpen();
  }

  #take(piece: Buffer): void {
    if (this.#isOver) return;
    this.#handlers.onActivity();
    const fault = this.#reader.push(piece, (message) => {
      const text = decodeSubscribeResponse(message);
      // What only a newer server says was proof of life, and no more.
      if (text === "fault") this.#fault("the server sent what is no message");
      else if (text !== null) this.#text(text);
    });
    if (fault !== null) this.#fault(fault);
  }

  #fault(message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reset();
    this.#handlers.onError("protocol_error", message);
  }

  #text(text: string, isProof = true): void {
    if (this.#isOver) return;
    // Another call on the same session would meet the same server.
    if (isProof && text.startsWith('{"type":"goaway","code":"draining"')) this.#ticket.leave();
    this.#handlers.onText(text, isProof);
  }

  #closed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handlers.onClose(endingOf(this.#end));
  }
}

const count = (value: unknown): number | undefined => (typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : undefined);

/** What the end of a call says, as the end of a connection does. */
function endingOf(end: IncomingHttpHeaders): { readonly closeCode: number; readonly reason: string } {
  const code = end["holdfast-code"];
  if (typeof code === "string") {
    const message = typeof end["grpc-message"] === "string" ? end["grpc-message"] : undefined;
    const reason = JSON.stringify({ code, message, afterMs: count(end["holdfast-after-ms"]), windowMs: count(end["holdfast-window-ms"]) });
    return { closeCode: (isCode(code) ? codeRules[code].close : null) ?? 1013, reason };
  }
  const status = count(end["grpc-status"]);
  if (status === undefined && (end[":status"] ?? 200) === 200) return { closeCode: 1006, reason: "" };
  // A hop's own word, or another program's.
  const message = status === undefined ? `HTTP ${end[":status"]}` : `gRPC status ${status}`;
  if (status === grpcStatuses.UNIMPLEMENTED) return { closeCode: 4505, reason: JSON.stringify({ code: "protocol_unsupported", message }) };
  return { closeCode: status === grpcStatuses.UNAVAILABLE ? 1006 : 1013, reason: JSON.stringify({ message }) };
}

/** Carries links over gRPC, on sessions that they share. */
export function grpcTransport(sessions: Sessions): Transport {
  return { name: "grpc", dial: ({ url }, handlers) => new GrpcConn(sessions, url, handlers) };
}
