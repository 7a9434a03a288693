/**
 * One HTTP/2 session of a client, from the dial to its end: how many streams it has room for, whether it lives, and that it takes no more when
 * the server says so or its age has come. It keeps a process running only while it has streams.
 * It must never give a stream before the server's SETTINGS have come: until then nobody knows that HTTP/2 is spoken there.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type OutgoingHttpHeaders, type SecureClientSessionOptions } from "node:http2";
import { type Rng, randomFraction } from "@holdfast/protocol";
import { Keepalive } from "../keepalive.ts";
import type { SessionOptions } from "../options.ts";

const headerListBytesMax = 16_384;
/** The server's own word to each of its streams comes first, where it has one; and not all of them move at once. */
const leaveAfterMs = 1_000;
const leaveSpreadMs = 1_000;
/** The same at its age, when there is no hurry. */
const ageSpreadMs = 10_000;
/** By how much ages may be less than `ageMs`. */
const ageJitter = 0.1;

/** What carries the connection. Of TLS, what `tls.connect` takes. */
export type TlsOptions = Pick<
  SecureClientSessionOptions,
  "ca" | "cert" | "key" | "passphrase" | "rejectUnauthorized" | "servername" | "minVersion" | "maxVersion"
>;

/** What its keeper hears of a session. */
export interface SessionEvents {
  /** It takes streams from now on. */
  ready(session: KeptSession): void;
  /** It takes no more streams. */
  left(session: KeptSession): void;
  /** It is over; `message` says why, for people. */
  over(session: KeptSession, message: string): void;
  /** The server found our PINGs too many. */
  tooManyPings(): void;
  asked(): void;
  died(): void;
}

export interface SessionParts {
  readonly origin: string;
  readonly options: SessionOptions;
  readonly tls: TlsOptions;
  readonly rng: Rng;
  readonly events: SessionEvents;
}

/** A stream's user, to be told when it should go on elsewhere. */
export interface StreamOwner {
  /** The session takes no more streams: whoever goes on for long opens another stream within `afterMs`, then ends this one. */
  leaving(afterMs: number): void;
}

export class KeptSession {
  readonly #parts: SessionParts;
  readonly #session: ClientHttp2Session;
  readonly #keepalive: Keepalive;
  readonly #streams = new Map<ClientHttp2Stream, StreamOwner>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #phase: "dialling" | "open" | "leaving" | "over" = "dialling";
  #why = "the connection ended";
  #idle: NodeJS.Timeout | null = null;

  constructor(parts: SessionParts) {
    const { origin, options, tls } = parts;
    this.#parts = parts;
    this.#keepalive = new Keepalive(options, performance.now());
    const session = connect(origin, {
      ...tls,
      settings: { enablePush: false, initialWindowSize: options.streamWindowBytes, maxHeaderListSize: headerListBytesMax },
    });
    this.#session = session;
    session.once("connect", () => this.#connected());
    session.once("remoteSettings", () => this.#greeted());
    session.on("goaway", (code, _last, said) => this.#toldToGo(code, said));
    session.on("error", (error: Error) => {
      this.#why = error.message;
    });
    session.on("close", () => this.#over());
    // Those who wait come and go: without this, one dial that comes to nothing would be waited for by all of them, for ever.
    this.#later(options.dialMs, () => {
      if (this.#phase !== "dialling") return;
      this.#why = "no SETTINGS from the server";
      session.destroy();
    });
  }

  /** Whether another stream may be opened on it now. */
  get hasRoom(): boolean {
    return this.#phase === "open" && !this.#keepalive.isDoubted && this.#streams.size < this.#room;
  }

  /** Whether it may have room later. */
  get isDialling(): boolean {
    return this.#phase === "dialling";
  }

  get #room(): number {
    return Math.min(this.#parts.options.streamsMax, this.#session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY);
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Opens a stream; its body is open until the user ends it. */
  open(headers: OutgoingHttpHeaders, owner: StreamOwner): ClientHttp2Stream {
    const stream = this.#session.request(headers, { endStream: false });
    this.#streams.set(stream, owner);
    if (this.#streams.size === 1) this.#session.ref();
    clearTimeout(this.#idle ?? undefined);
    stream.on("error", () => {}); // Its close says that it is over.
    stream.once("close", () => this.#closed(stream));
    return stream;
  }

  /** Somebody has reason to think that the peer is gone: it takes no streams until a byte has come. */
  doubt(): void {
    if (this.#phase !== "open" && this.#phase !== "leaving") return;
    // What was given up is reset first: its answer, or none, is what shows whether the peer is there.
    if (this.#keepalive.doubt(performance.now(), this.#bytesRead)) this.#ping();
  }

  /** Takes no more streams; those that it has go on for as long as they like. */
  leave(): void {
    if (this.#phase !== "open") return;
    this.#phase = "leaving";
    this.#parts.events.left(this);
    if (this.#streams.size === 0) this.#session.close();
  }

  /** Ends it, whatever is on it. */
  destroy(): void {
    this.#session.destroy();
  }

  get #bytesRead(): number {
    return this.#session.destroyed ? 0 : this.#session.socket.bytesRead;
  }

  #connected(): void {
    if (this.#session.encrypted && this.#session.alpnProtocol !== "h2") {
      this.#why = "the server does not agree on HTTP/2";
      this.#session.destroy();
    } else this.#session.setLocalWindowSize(this.#parts.options.connectionWindowBytes);
  }

  #greeted(): void {
    if (this.#phase !== "dialling") return;
    this.#phase = "open";
    const { options, rng, events } = this.#parts;
    this.#timers.add(setInterval(() => this.#look(), this.#keepalive.lookMs).unref());
    this.#later(options.ageMs * (1 - ageJitter * randomFraction(rng)), () => {
      this.#move(0, ageSpreadMs);
      this.leave();
    });
    events.ready(this);
    if (this.#streams.size === 0) this.#rest();
  }

  #later(afterMs: number, call: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      call();
    }, afterMs).unref();
    this.#timers.add(timer);
  }

  /** Every stream is told to move, each at a time of its own. */
  #move(afterMs: number, spreadMs: number): void {
    for (const owner of this.#streams.values()) owner.leaving(Math.round(afterMs + randomFraction(this.#parts.rng) * spreadMs));
  }

  #toldToGo(code: number, said: Buffer | undefined): void {
    const { events } = this.#parts;
    if (code !== constants.NGHTTP2_NO_ERROR) {
      // Node ends the session for it.
      this.#why = `GOAWAY with code ${code}`;
      if (code === constants.NGHTTP2_ENHANCE_YOUR_CALM && said?.toString("latin1") === "too_many_pings") events.tooManyPings();
      return;
    }
    if (this.#phase === "open") this.#later(leaveAfterMs, () => this.#move(0, leaveSpreadMs));
    this.leave();
  }

  #closed(stream: ClientHttp2Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.#rest();
  }

  /** Nothing is on it: it does not keep the process, and not itself for ever. */
  #rest(): void {
    if (this.#phase === "over") return;
    if (this.#phase === "leaving") this.#session.close();
    this.#session.unref();
    this.#idle = setTimeout(() => this.leave(), this.#parts.options.idleMs).unref();
  }

  #look(): void {
    const verdict = this.#keepalive.look(performance.now(), this.#bytesRead);
    if (verdict === "ping") this.#ping();
    if (verdict !== "dead") return;
    this.#why = "no answer to PING";
    this.#parts.events.died();
    this.#session.destroy();
  }

  #ping(): void {
    this.#parts.events.asked();
    // Its answer is a byte like any other. A session that is closing sends none, and is looked at all the same.
    if (!this.#session.destroyed && !this.#session.closed) this.#session.ping(() => this.#look());
    this.#later(this.#parts.options.keepAliveAckMs, () => this.#look());
  }

  #over(): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    clearTimeout(this.#idle ?? undefined);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#parts.events.over(this, this.#why);
  }
}
