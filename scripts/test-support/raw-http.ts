/**
 * An HTTP client of bare bytes over a real socket: it sends what well-behaved clients never send, reads as slowly as a test wants,
 * and shows where a response ended and whether it ended well.
 */
import { connect, type Socket } from "node:net";

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The body came to its end: by its length, its last chunk, or the end of a connection that delimits it. */
  readonly isComplete: boolean;
}

/** Bytes of a request. A body of text is given its length. */
export function requestBytes(method: string, target: string, port: number, headers: Readonly<Record<string, string>> = {}, body?: string | Buffer): Buffer {
  const bytes = body === undefined ? null : Buffer.from(body);
  const all = { Host: `127.0.0.1:${port}`, ...(bytes === null ? {} : { "Content-Length": String(bytes.length) }), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`), bytes ?? Buffer.alloc(0)]);
}

export class RawHttp {
  readonly socket: Socket;
  readonly received: Buffer[] = [];
  hasEnded = false;
  wasReset = false;
  #wake: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.received.push(chunk);
      this.#wake?.();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.wasReset = error.code === "ECONNRESET";
    });
    const ended = (): void => {
      this.hasEnded = true;
      this.#wake?.();
    };
    socket.on("end", ended);
    socket.on("close", ended);
  }

  /** Opens a connection, from `localAddress` where one is given: all of 127.0.0.0/8 are this machine. */
  static async open(port: number, localAddress = "127.0.0.1"): Promise<RawHttp> {
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    await new Promise((resolve, reject) => socket.once("connect", () => resolve(null)).once("error", reject));
    return new RawHttp(socket);
  }

  /** Opens a connection, sends, and waits for the head of the answer. */
  static async send(port: number, bytes: string | Buffer, localAddress?: string): Promise<RawHttp> {
    const http = await RawHttp.open(port, localAddress);
    http.socket.write(bytes);
    return http;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.received);
  }

  /** Every response that has begun to arrive, in order. */
  get responses(): RawResponse[] {
    const found: RawResponse[] = [];
    let rest = this.bytes;
    for (;;) {
      const head = rest.indexOf("\r\n\r\n");
      if (head < 0) return found;
      const { response, used } = readResponse(rest, head, this.hasEnded);
      found.push(response);
      rest = rest.subarray(used);
      if (!response.isComplete) return found;
    }
  }

  get response(): RawResponse | undefined {
    return this.responses[0];
  }
  get text(): string {
    return this.response?.body.toString("utf8") ?? "";
  }

  /** Waits until `fact` holds; fails after `withinMs` with what was seen. */
  async until(fact: () => boolean, withinMs = 5_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!fact()) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`not in ${withinMs} ms; ended ${this.hasEnded}; received ${this.bytes.toString("utf8").slice(-1_500)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 100));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The whole answer: the last response is complete. */
  async whole(withinMs?: number): Promise<RawResponse> {
    await this.until(() => this.response?.isComplete === true, withinMs);
    return this.response as RawResponse;
  }

  destroy(): void {
    this.socket.destroy();
  }
}

function readResponse(bytes: Buffer, head: number, hasEnded: boolean): { response: RawResponse; used: number } {
  const [statusLine = "", ...lines] = bytes.subarray(0, head).toString("latin1").split("\r\n");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const status = Number(statusLine.split(" ")[1]);
  const start = head + 4;
  const made = (body: Buffer, isComplete: boolean, used: number) => ({ response: { status, headers, body, isComplete }, used });
  if (status === 204 || status === 304 || status < 200) return made(Buffer.alloc(0), true, start);
  if (headers["transfer-encoding"] === "chunked") return readChunks(bytes, start, made);
  const length = headers["content-length"];
  if (length === undefined) return made(bytes.subarray(start), hasEnded, bytes.length);
  const end = start + Number(length);
  return made(bytes.subarray(start, end), bytes.length >= end, Math.min(end, bytes.length));
}

type Made = (body: Buffer, isComplete: boolean, used: number) => { response: RawResponse; used: number };

/** Chunks (RFC 9112, section 7.1), strictly: what is no chunk is an error of the server. */
function readChunks(bytes: Buffer, start: number, made: Made): { response: RawResponse; used: number } {
  const pieces: Buffer[] = [];
  let at = start;
  for (;;) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return made(Buffer.concat(pieces), false, bytes.length);
    const size = bytes.subarray(at, line).toString("latin1");
    if (!/^[0-9a-f]+$/i.test(size)) throw new Error(`no chunk size: ${JSON.stringify(size)}`);
    const length = Number.parseInt(size, 16);
    const from = line + 2;
    if (length === 0) return made(Buffer.concat(pieces), bytes.length >= from + 2, Math.min(from + 2, bytes.length));
    pieces.push(bytes.subarray(from, from + length));
    at = from + length + 2;
    if (bytes.length < at) return made(Buffer.concat(pieces), false, bytes.length);
    if (bytes.subarray(at - 2, at).toString("latin1") !== "\r\n") throw new Error("a chunk that does not end");
  }
}
