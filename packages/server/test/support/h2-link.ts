/**
 * A link on a stream of HTTP/2, as a client of any make sees it: bytes go out as a test cuts them, messages are put together again here, by
 * other code than that which is tested.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import { until } from "../../../../scripts/test-support/http2-client.ts";

export type Message = Record<string, unknown>;
export const linkType = "application/vnd.holdfast.v1";
export const hello: Message = { type: "hello", protocol: 1 };

/** A message as it is on the wire. */
export function framed(message: string | Uint8Array | Message, flags = 0): Buffer {
  const isBytes = message instanceof Uint8Array;
  const body = isBytes ? Buffer.from(message) : Buffer.from(typeof message === "string" ? message : JSON.stringify(message));
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

export class H2Link {
  readonly stream: ClientHttp2Stream;
  headers: IncomingHttpHeaders | null = null;
  bytes: Buffer = Buffer.alloc(0);
  hasEnded = false;
  isOver = false;

  constructor(session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}) {
    this.stream = session.request({ ":method": "POST", ":path": "/v1/link", "content-type": linkType, ...headers }, { endStream: false });
    this.stream.on("response", (headers) => {
      this.headers = headers;
    });
    this.stream.on("data", (piece: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, piece]);
    });
    this.stream.on("end", () => {
      this.hasEnded = true;
    });
    this.stream.on("error", () => {});
    this.stream.on("close", () => {
      this.isOver = true;
    });
  }

  /** A session without TLS, and a link that has said hello on it. */
  static async live(url: string, ...messages: readonly Message[]): Promise<H2Link> {
    const session = connect(url, { rejectUnauthorized: false });
    session.on("error", () => {});
    return H2Link.on(session, ...messages);
  }

  static async on(session: ClientHttp2Session, ...messages: readonly Message[]): Promise<H2Link> {
    const link = new H2Link(session);
    link.say(hello, ...messages);
    await link.until(() => link.ofType("welcome").length === 1);
    return link;
  }

  get status(): number {
    return Number(this.headers?.[":status"] ?? 0);
  }

  /** The whole messages so far. */
  get messages(): Message[] {
    const messages: Message[] = [];
    if (this.status !== 200) return messages;
    for (let at = 0; at + 5 <= this.bytes.length; ) {
      const end = at + 5 + this.bytes.readUInt32BE(at + 1);
      if (end > this.bytes.length) break;
      messages.push(JSON.parse(this.bytes.toString("utf8", at + 5, end)) as Message);
      at = end;
    }
    return messages;
  }

  /** The error of a request that was refused. */
  get refusal(): Message {
    return (JSON.parse(this.bytes.toString("utf8")) as { error: Message }).error;
  }

  ofType(type: string): Message[] {
    return this.messages.filter((message) => message["type"] === type);
  }

  get byeCode(): unknown {
    return this.ofType("bye")[0]?.["code"];
  }

  say(...messages: readonly Message[]): void {
    this.stream.write(Buffer.concat(messages.map((message) => framed(message))));
  }

  until(fact: () => boolean): Promise<void> {
    return until(fact, () => `over ${this.isOver}, reset ${this.stream.rstCode}; got ${this.status} ${this.bytes.subarray(-500).toString("latin1")}`);
  }

  /** Ends the session too. */
  end(): void {
    this.stream.session?.destroy();
  }
}
