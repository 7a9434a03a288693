/**
 * The `h2` transport of Node: a link is a stream of an HTTP/2 session that other links share (PROTOCOL.md, "Over a stream of HTTP/2").
 * It must let go of a silent peer at once, and must never end the session for the sake of one link.
 */
import { type ClientHttp2Stream, constants } from "node:http2";
import { LengthPrefixedReader, lengthPrefixed, linkContentType, wireBytesMax } from "@holdfast/protocol";
import type { Conn, ConnHandlers, DialTarget, Transport } from "../../transport.ts";
import type { Sessions, StreamTicket } from "./sessions.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** How long a farewell may take. The timer does not keep a process. */
const closeGraceMs = 1_000;
/** What is kept of an answer that is an error. */
const errorCharsMax = 65_536;
const nothing = new Uint8Array(0);

class H2Conn implements Conn {
  readonly #handlers: ConnHandlers;
  readonly #ticket: StreamTicket;
  readonly #reader = new LengthPrefixedReader(wireBytesMax);
  #stream: ClientHttp2Stream | null = null;
  #status = 0;
  /** What an answer with another status than 200 says. */
  #error = "";
  /** The server has said that this is the end, or we have. */
  #isParting = false;
  #isOver = false;

  constructor(sessions: Sessions, url: string, handlers: ConnHandlers) {
    this.#handlers = handlers;
    const { origin, pathname } = new URL("link", url);
    this.#ticket = sessions.open(origin, {
      headers: { ":method": "POST", ":path": pathname, "content-type": linkContentType, accept: linkContentType },
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
    this.#stream?.write(lengthPrefixed(encoder.encode(text)));
  }

  /** Leaves in good order: a message of no bytes. What a server thinks of the code and the reason nobody would read. */
  close(): void {
    const stream = this.#stream;
    if (stream === null) return this.destroy();
    this.#isParting = true;
    stream.end(lengthPrefixed(nothing));
    this.#resetLater();
  }

  destroy(): void {
    if (this.#stream === null) this.#ticket.cancel();
    else if (this.#isParting) {
      this.#stream.end();
      this.#resetLater();
    } else {
      this.#reset();
      // Whoever lets go like this may have waited in vain: the next link should not meet the same silence.
      this.#ticket.doubt();
    }
    this.#isOver = true;
  }

  /** Whoever said that this is the end may not keep to it, and a stream that stays takes room from others. */
  #resetLater(): void {
    setTimeout(() => this.#reset(), closeGraceMs).unref();
  }

  #reset(): void {
    this.#stream?.close(constants.NGHTTP2_CANCEL);
    this.#stream?.destroy();
  }

  #opened(stream: ClientHttp2Stream): void {
    this.#stream = stream;
    stream.on("response", (headers) => {
      const isOurs = headers["content-type"] === linkContentType;
      this.#status = headers[":status"] === 200 && !isOurs ? 502 : Number(headers[":status"]);
    });
    stream.on("data", (piece: Buffer) => this.#take(piece));
    stream.once("close", () => this.#closed());
    this.#handlers.onOpen();
  }

  #take(piece: Buffer): void {
    if (this.#isOver) return;
    if (this.#status !== 200) {
      if (this.#error.length < errorCharsMax) this.#error += decoder.decode(piece);
      return;
    }
    this.#handlers.onActivity();
    const fault = this.#reader.push(piece, (message) => {
      // An empty one is a farewell where it comes from a client; from a server it means nothing.
      if (message.length > 0) this.#text(decoder.decode(message));
    });
    if (fault === null) return;
    this.#reset();
    this.#isOver = true;
    this.#handlers.onError("protocol_error", fault);
  }

  #text(text: string, isProof = true): void {
    if (this.#isOver) return;
    // Another link of the same session would meet the same server.
    if (isProof && text.startsWith('{"type":"goaway","code":"draining"')) this.#ticket.leave();
    if (text.startsWith('{"type":"bye"')) this.#isParting = true;
    this.#handlers.onText(text, isProof);
  }

  #closed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const isRefused = this.#status !== 200 && this.#status !== 0;
    // What has no rule of its own is for now only.
    this.#handlers.onClose(isRefused ? { closeCode: 1013, reason: JSON.stringify(refusalIn(this.#error, this.#status)) } : { closeCode: 1006, reason: "" });
  }
}

/** What a server of ours says in its error; of any other, the status. */
function refusalIn(body: string, status: number): { readonly message?: string } {
  try {
    const { error } = JSON.parse(body) as { error?: { readonly message?: string } };
    if (typeof error === "object" && error !== null) return error;
  } catch {
    // Not a server of ours.
  }
  return { message: `HTTP ${status}` };
}

/** Carries links over HTTP/2, on sessions that they share. */
export function h2Transport(sessions: Sessions): Transport {
  return { name: "h2", dial: ({ url }: DialTarget, handlers) => new H2Conn(sessions, url, handlers) };
}
