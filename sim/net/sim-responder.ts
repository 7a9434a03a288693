/**
 * The server's end of simulated requests: as much of `node:http` as the real transports use, over a simulated connection, so that SSE and
 * long-poll are played as they ship. A hop may hold back streamed responses; what it holds arrives when it has enough, or at the end.
 */
import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestTransport } from "@holdfast/server";
import type { Random } from "../random.ts";
import type { SimProcess } from "../sim-process.ts";
import type { Connection, End } from "./connection.ts";
import { frameOf, kinds, Unframer } from "./wire.ts";

/** What a hop that holds streams back collects before it passes anything on. */
const hopBytes = 4_096;
/** A write is cut in up to so many places beside those where the way cuts it. */
const piecesMax = 3;

/** A request, as it travels over the simulated wire. */
export interface SimRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly search: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the transports use of a socket. */
class SimSocket extends EventEmitter {
  readonly #responder: SimResponder;

  constructor(responder: SimResponder) {
    super();
    this.#responder = responder;
  }

  get writableLength(): number {
    return this.#responder.queuedBytes;
  }
  cork(): void {}
  uncork(): void {}
  write(bytes: Uint8Array, left?: () => void): void {
    this.#responder.write(bytes);
    if (left !== undefined) this.#responder.whenLeft(left);
  }
  destroy(): void {
    this.#responder.destroy();
  }
}

/** What the transports use of a response. */
class SimResponse extends EventEmitter {
  readonly chunkedEncoding = false;
  readonly socket: SimSocket;
  readonly #responder: SimResponder;
  #status = 0;
  #isStream = false;
  #hasHead = false;

  constructor(responder: SimResponder) {
    super();
    this.#responder = responder;
    this.socket = new SimSocket(responder);
  }

  writeHead(status: number, headers: Readonly<Record<string, string>>): this {
    this.#status = status;
    this.#isStream = headers["Content-Type"] === "text/event-stream";
    return this;
  }
  setHeader(): void {}
  flushHeaders(): void {
    if (this.#hasHead) return;
    this.#hasHead = true;
    this.#responder.head(this.#status, this.#isStream);
  }
  end(body = ""): void {
    this.flushHeaders();
    if (body !== "") this.#responder.write(Buffer.from(body));
    this.#responder.finish();
  }
}

/** One accepted connection that carries one request and its response. */
export class SimResponder implements End {
  readonly process: SimProcess;
  readonly #connection: Connection;
  readonly #random: Random;
  readonly #transports: readonly RequestTransport[];
  readonly #unframer = new Unframer((_kind, text) => this.#take(text));
  readonly #response = new SimResponse(this);
  readonly #left: (() => void)[] = [];
  #held: Buffer[] = [];
  #isHeldBack = false;
  #isFinishing = false;
  #over = false;

  constructor(process: SimProcess, connection: Connection, random: Random, transports: readonly RequestTransport[]) {
    this.process = process;
    this.#connection = connection;
    this.#random = random;
    this.#transports = transports;
  }

  /** The answer to the dial. */
  welcome(): void {
    this.#connection.write("server", frameOf(kinds.open, ""));
  }

  #take(text: string): void {
    const { method, path, search, headers, body } = JSON.parse(text) as SimRequest;
    const transport = this.#transports.find((each) => each.path === path);
    if (transport === undefined) throw new Error(`nobody answers ${path}`);
    const request = Object.assign(new EventEmitter(), { method, headers, pause: () => {} });
    void transport.answer(request as unknown as IncomingMessage, this.#response as unknown as ServerResponse, new URLSearchParams(search));
    if (method === "GET") return;
    request.emit("data", Buffer.from(body));
    request.emit("end");
  }

  // ---- what the transport does

  get queuedBytes(): number {
    return this.#connection.queuedBytes("server");
  }

  head(status: number, isStream: boolean): void {
    this.#isHeldBack = isStream && this.#connection.path.rules.holdsStreams;
    this.#connection.write("server", frameOf(kinds.head, String(status)));
  }

  write(bytes: Uint8Array): void {
    if (this.#over || bytes.length === 0) return;
    this.#held.push(Buffer.from(bytes));
    const all = Buffer.concat(this.#held);
    if (this.#isHeldBack && all.length < hopBytes && !this.#isFinishing) return;
    this.#held = [];
    this.#send(all);
  }

  /** What arrives is read as it comes: a piece is no longer than what the way carries at once. */
  #send(bytes: Buffer): void {
    const { segmentBytesMax, windowBytes } = this.#connection.path.rules;
    const longest = Math.min(segmentBytesMax, windowBytes);
    let at = 0;
    for (let pieces = this.#random.int(1, piecesMax); at < bytes.length; pieces--) {
      const end = Math.min(at + longest, pieces <= 1 ? bytes.length : this.#random.int(at + 1, bytes.length));
      this.#connection.write("server", frameOf(kinds.text, bytes.toString("latin1", at, end)));
      at = end;
    }
  }

  whenLeft(call: () => void): void {
    this.#left.push(call);
    if (this.queuedBytes === 0) this.process.later(0, () => this.drained());
  }

  finish(): void {
    if (this.#over || this.#isFinishing) return;
    this.#isFinishing = true;
    this.#send(Buffer.concat(this.#held));
    this.#held = [];
    this.#connection.write("server", frameOf(kinds.close, ""));
    if (this.queuedBytes === 0) this.process.later(0, () => this.drained());
  }

  destroy(): void {
    if (this.#over) return;
    if (!this.#connection.isGone("server")) this.#connection.reset("server");
    this.process.later(0, () => this.#gone());
  }

  // ---- what reaches it

  arrived(bytes: Uint8Array): void {
    this.#unframer.push(bytes);
  }

  ended(how: "fin" | "reset"): void {
    if (how === "fin" && !this.#isFinishing) {
      this.#response.socket.emit("end");
      return;
    }
    if (how === "fin") this.#connection.release("server");
    this.#gone();
  }

  drained(): void {
    if (this.queuedBytes > 0) return;
    for (const call of this.#left.splice(0)) call();
    if (!this.#isFinishing || this.#over) return;
    this.#connection.release("server");
    this.#gone();
  }

  #gone(): void {
    if (this.#over) return;
    this.#over = true;
    this.#response.emit("close");
  }
}
