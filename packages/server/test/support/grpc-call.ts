/**
 * Calls of gRPC by hand, over a session of node:http2: what a client library would not send, and all that comes back.
 */
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import { LengthPrefixedReader, lengthPrefixed } from "@holdfast/protocol";
import { decodeMessage, encodeMessage, lineSchema, type Message, type Schema } from "@holdfast/protocol/grpc";
import { until } from "../../../../scripts/test-support/http2-client.ts";

/** A call and what has come of it. */
export class RawCall {
  readonly stream: ClientHttp2Stream;
  readonly messages: Message[] = [];
  /** Headers and trailers together. */
  end: IncomingHttpHeaders = {};
  isOver = false;

  constructor(stream: ClientHttp2Stream, schema: Schema) {
    this.stream = stream;
    const reader = new LengthPrefixedReader(1 << 20);
    stream.on("response", (headers) => {
      this.end = headers;
    });
    stream.on("trailers", (trailers) => {
      this.end = { ...this.end, ...trailers };
    });
    stream.on("data", (piece: Buffer) => void reader.push(piece, (bytes) => this.messages.push(decodeMessage(schema, bytes.slice()) as Message)));
    stream.on("error", () => {});
    stream.on("close", () => {
      this.isOver = true;
    });
  }

  /** Writes a SubscribeRequest. */
  ask(message: Message): this {
    this.stream.write(lengthPrefixed(encodeMessage(lineSchema.SubscribeRequest, message)));
    return this;
  }

  ofKind(kind: string): Message[] {
    return this.messages.filter((message) => message[kind] !== undefined).map((message) => message[kind] as Message);
  }

  until(fact: () => boolean): Promise<void> {
    return until(fact, () => `over ${this.isOver}, ${JSON.stringify(this.end)}, ${JSON.stringify(this.messages).slice(-500)}`);
  }

  /** Its status and code. */
  async ended(): Promise<readonly [status: number, code: string | undefined]> {
    await this.until(() => this.isOver || this.end["grpc-status"] !== undefined);
    return [Number(this.end["grpc-status"] ?? -1), this.end["holdfast-code"] as string | undefined];
  }
}

export class GrpcSession {
  readonly session: ClientHttp2Session;

  private constructor(session: ClientHttp2Session) {
    this.session = session;
    session.on("error", () => {});
  }

  static async open(url: string): Promise<GrpcSession> {
    const session = connect(url);
    await once(session, "connect");
    return new GrpcSession(session);
  }

  /** Begins a call; `body` is written as it is, and ends the client's side. */
  call(path: string, body: Uint8Array | null, headers: OutgoingHttpHeaders = {}, schema: Schema = lineSchema.SubscribeResponse): RawCall {
    const stream = this.session.request(
      { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...headers },
      { endStream: false },
    );
    if (body !== null) stream.end(body);
    return new RawCall(stream, schema);
  }

  subscribe(headers: OutgoingHttpHeaders = {}): RawCall {
    return this.call("/holdfast.v1.Line/Subscribe", null, headers);
  }

  publish(message: Message, headers: OutgoingHttpHeaders = {}): RawCall {
    return this.call("/holdfast.v1.Line/Publish", lengthPrefixed(encodeMessage(lineSchema.PublishRequest, message)), headers, lineSchema.PublishResponse);
  }
}
