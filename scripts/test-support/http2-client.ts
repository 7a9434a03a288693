/**
 * A client of HTTP/2 that sees what a browser's would: answers stream by stream, on one session that it does not choose to leave.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import { EventStreamParser } from "./event-stream.ts";

/** One request and what has come for it so far. */
export class Answer {
  readonly stream: ClientHttp2Stream;
  text = "";
  headers: IncomingHttpHeaders | null = null;
  isOver = false;

  constructor(stream: ClientHttp2Stream) {
    this.stream = stream;
    stream.on("response", (headers) => {
      this.headers = headers;
    });
    stream.on("data", (chunk: Buffer) => {
      this.text += chunk.toString("utf8");
    });
    stream.on("error", () => {});
    stream.on("close", () => {
      this.isOver = true;
    });
  }

  get status(): number {
    return Number(this.headers?.[":status"] ?? 0);
  }

  /** The messages of an event stream so far. */
  get messages(): Record<string, unknown>[] {
    const parser = new EventStreamParser();
    parser.push(Buffer.from(this.text));
    return parser.events.flatMap(({ data }) => data.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>));
  }

  ofType(type: string): Record<string, unknown>[] {
    return this.messages.filter((message) => message["type"] === type);
  }

  until(fact: () => boolean): Promise<void> {
    return until(fact, () => `over ${this.isOver}, reset ${this.stream.rstCode}; got ${this.status} ${this.text.slice(-500)}`);
  }

  async whole(): Promise<this> {
    await this.until(() => this.isOver);
    return this;
  }
}

export async function until(fact: () => boolean, what: () => string, withinMs = 15_000): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!fact()) {
    assert.ok(performance.now() < deadlineMs, `not in ${withinMs} ms: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export class Http2Client {
  readonly session: ClientHttp2Session;
  /** The server said that it takes no more requests of this session. */
  isLeft = false;
  isOver = false;

  private constructor(session: ClientHttp2Session) {
    this.session = session;
    session.on("goaway", () => {
      this.isLeft = true;
    });
    session.on("error", () => {});
    session.on("close", () => {
      this.isOver = true;
    });
  }

  static async open(url: string): Promise<Http2Client> {
    const session = connect(url, { rejectUnauthorized: false });
    await once(session, "connect");
    return new Http2Client(session);
  }

  send(headers: OutgoingHttpHeaders, body?: string | Buffer): Answer {
    const stream = this.session.request(headers, { endStream: body === undefined });
    const answer = new Answer(stream);
    if (body !== undefined) stream.end(body);
    return answer;
  }

  get(path: string, headers: OutgoingHttpHeaders = {}): Answer {
    return this.send({ ":method": "GET", ":path": path, ...headers });
  }

  post(path: string, body: string | Buffer, headers: OutgoingHttpHeaders = {}): Answer {
    return this.send({ ":method": "POST", ":path": path, "content-type": "text/plain;charset=UTF-8", ...headers }, body);
  }

  /** Posts a link and leaves it open: a hello, then these messages. */
  link(...messages: readonly object[]): Answer {
    const lines = [{ type: "hello", protocol: 1 }, ...messages].map((message) => JSON.stringify(message));
    return this.post("/v1/sse", lines.join("\n"));
  }

  publish(stream: string, value: unknown): Promise<Answer> {
    return this.post(`/v1/streams/${stream}`, JSON.stringify(value), { "content-type": "application/json" }).whole();
  }

  async close(): Promise<void> {
    this.session.destroy();
    await until(
      () => this.isOver,
      () => "the session is open",
    );
  }
}
