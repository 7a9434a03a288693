/**
 * Knows the connections on which the agent was asked, and tells how each ended. It only listens: it never ends one, and hears errors
 * without handling them.
 */
import { errorMonitor } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Http2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Endings } from "../endings.ts";
import type { AgentHow } from "../wire.ts";

/** What a connection is at the application: a socket, or the session where HTTP/2 hides it. */
type Carrier = Socket | Http2Session;

export interface Arrived {
  readonly id: string;
  readonly tls: boolean;
  readonly alpn: string | null;
}

const resets: readonly (string | undefined)[] = ["ECONNRESET", "EPIPE"];
const givenUp: readonly (string | undefined)[] = ["ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"];

export class Connections {
  readonly #endings: Endings;
  readonly #prefix: string;
  readonly #ids = new WeakMap<Carrier, string>();
  /** What a WebSocket on the socket knows better: whether the other side has sent a close frame. */
  readonly #closing = new WeakMap<Carrier, () => boolean>();
  #count = 0;

  /** `prefix` keeps ids of several processes apart. */
  constructor(endings: Endings, prefix: string) {
    this.#endings = endings;
    this.#prefix = prefix;
  }

  of(request: IncomingMessage): Arrived {
    const session = (request as { stream?: ServerHttp2Stream }).stream?.session;
    const carrier: Carrier = session ?? request.socket;
    const tls = session === undefined ? "getProtocol" in request.socket : session.encrypted === true;
    const alpn = session === undefined ? (request.socket as TLSSocket).alpnProtocol || null : (session.alpnProtocol ?? null);
    return { id: this.#ids.get(carrier) ?? this.#watch(carrier, session !== undefined), tls, alpn: tls ? alpn : null };
  }

  /** `isClosing`: whether the other side has sent a close frame on the WebSocket of `request`. */
  becomes(request: IncomingMessage, isClosing: () => boolean): void {
    this.#closing.set(request.socket, isClosing);
  }

  #watch(carrier: Carrier, isSession: boolean): string {
    const id = `${this.#prefix}-${++this.#count}`;
    this.#ids.set(carrier, id);
    this.#endings.begin(id, performance.now());
    const said = (how: AgentHow): void => this.#endings.end(id, this.#closing.get(carrier)?.() === true ? "close_frame" : how, performance.now(), Date.now());
    const failed = ({ code }: NodeJS.ErrnoException): void => said(resets.includes(code) ? "rst" : givenUp.includes(code) ? "silent" : "here");
    // Before the host's own: what they do in answer to the end is not its cause.
    carrier.prependListener(errorMonitor, failed);
    if (isSession) {
      carrier.prependListener("goaway", () => said("goaway"));
      carrier.prependListener("close", () => said("unknown"));
    } else {
      carrier.prependListener("end", () => said((carrier as Socket).writableEnded ? "here" : "fin"));
      carrier.prependListener("close", () => said("here"));
    }
    return id;
  }
}
