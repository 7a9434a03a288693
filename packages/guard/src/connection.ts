/**
 * One accepted connection: what is known of it, and the one way to end it. Sockets are reached through a port, so that the same record
 * serves TCP, TLS and tests. It keeps no byte of what passes.
 */
import type { Silenced } from "@holdfast/path";
import type { Clock } from "@holdfast/protocol";
import { type ConnectionEvent, type ConnectionState, type Facts, openConnection, type Phase, stepConnection } from "./connection-state.ts";
import { type EndCode, ends, type Side } from "./ends.ts";
import type { GuardOptions } from "./options.ts";
import type { SocketPort } from "./socket-port.ts";
import { SocketWatch } from "./socket-watch.ts";

export interface Peer {
  readonly address: string;
  readonly port: number;
}

export interface TlsFacts {
  readonly version: string;
  readonly cipher: string;
  readonly alpn: string | null;
  readonly sni: string | null;
  readonly resumed: boolean;
}

/** What a part may do with the connection that it watches. */
export interface Watched {
  /** Monotonic. */
  nowMs(): number;
  /** Ends it gracefully (FIN, lingering) with a code; `final` bytes are written before. */
  end(code: EndCode, final?: Uint8Array): void;
  /** Resets it: queued bytes are not delivered. */
  reset(code: EndCode): void;
  /** Its own protocol is ending it, for this reason: what the record says when it is gone, unless it is ended or reset for another. */
  closing(code: EndCode): void;
  /** What is left of the write that the kernel is taking: it falls as the peer reads, in the middle of one message too. */
  inFlightBytes(): number;
  /** Something of the peer was received. */
  proof(): void;
}

/** How long whoever is left when its server is has for what. */
export interface LeaveTimes {
  /** Within it what is open ends by its protocol's own means, each at a time of its own. */
  readonly windowMs: number;
  /** After it what is still open is reset, window included. */
  readonly drainMs: number;
}

/** Something that watches one connection. It owns no timer: it is asked at every sweep. */
export interface ConnectionPart {
  check(nowMs: number): void;
  /** The server is being left. */
  leave?(times: LeaveTimes): void;
  /** Ends the connection by its protocol's own means, where FIN alone would lose what is on its way. */
  drain?(code: EndCode): void;
  /** Since when its peer has asked nothing of it, where a protocol of its own runs on the connection; null while something is asked. */
  readonly idleSinceMs?: number | null;
}

/** How a connection ended. */
export interface Ending {
  readonly code: EndCode;
  readonly side: Side;
  readonly ageMs: number;
  /** For how long the peer had been silent. A spike of it at 60 s names a hop. */
  readonly silentMs: number;
  /** For how long nothing had moved in either direction, and on what; null: in the middle of a request, or before the first. */
  readonly quiet: Quiet | null;
}

export interface Quiet {
  readonly of: Silenced;
  readonly ms: number;
}

/** What the sweep cannot know by the socket alone. */
export interface Handling {
  /** The request's body has come. */
  readonly complete: boolean;
  /** The application does not read the body. */
  readonly held: boolean;
  /** Words of ours would stand in the middle of an answer, or be taken for one. */
  readonly begun: boolean;
}

interface Start {
  /** Makes an id; asked when somebody wants to know it, which for most connections nobody does. */
  readonly newId: () => string;
  readonly listener: string;
  readonly peer: Peer;
  readonly port: SocketPort;
  readonly options: GuardOptions;
  readonly clock: Clock;
  /** Age at which the next answer is the last; Infinity for none. */
  readonly ageMsMax: number;
  readonly ended: (connection: Connection, ending: Ending) => void;
}

/** Whole numbers stand in the object itself; a fraction is an object of its own. */
const wholeMs = (clock: Clock): number => Math.floor(clock.monoMs());

/** A record of TLS with an alert, and one of HTTP/2 that says goodbye, are smaller. */
const closeAlertBytes = 64;
/** What was sent may move for a while after the answer has left. */
const idleGraceMs = 1_000;

const noParts: readonly ConnectionPart[] = [];

/** Ten thousand of these stand idle: each closure of its own would cost more than all of its numbers. */
export class Connection implements Watched {
  readonly listener: string;
  readonly peer: Peer;
  readonly openedMs: number;
  /** Age at which it is to take no further request, with its share of chance; Infinity for none. */
  readonly ageMsMax: number;
  /** The key by which connections of one address are counted. */
  addressKey = "";
  protocol = "http/1.1";
  tls: TlsFacts | null = null;
  subject: string | null = null;
  requests = 0;
  /** Why the answer under way is the last: no request after it is served. Null: another may follow. */
  lastAnnounced: EndCode | null = null;
  /** The request that is being handled, while its body may still come. */
  handling: Handling | null = null;

  readonly #clock: Clock;
  readonly #newId: Start["newId"];
  #id: string | null = null;
  readonly #port: SocketPort;
  readonly #watch: SocketWatch;
  readonly #options: GuardOptions;
  /** When it ends whatever it does: what it was opened under is not valid any longer. */
  #endsMs = Number.POSITIVE_INFINITY;
  /** When its TLS handshake is to be done; null: there is none, or it is done. */
  #handshakeEndsMs: number | null = null;
  readonly #ended: Start["ended"];
  #parts = noParts;
  #state: ConnectionState;
  #ending: { readonly code: EndCode; readonly side: Side } | null = null;
  /** Why its own protocol is ending it. */
  #closing: { readonly code: EndCode; readonly side: Side } | null = null;
  #endedIdle: EndCode | null = null;
  /** `bytesRead` when the last answer left. */
  #bytesAtAnswer = 0;

  constructor(start: Start) {
    const nowMs = wholeMs(start.clock);
    this.#newId = start.newId;
    this.listener = start.listener;
    this.peer = start.peer;
    this.openedMs = nowMs;
    this.#clock = start.clock;
    this.#port = start.port;
    this.#watch = new SocketWatch(start.port, start.options.stallMs, nowMs);
    this.#options = start.options;
    this.ageMsMax = start.ageMsMax;
    this.#ended = start.ended;
    this.#state = openConnection(nowMs);
  }

  get id(): string {
    this.#id ??= this.#newId();
    return this.#id;
  }

  nowMs(): number {
    return wholeMs(this.#clock);
  }

  get parts(): readonly ConnectionPart[] {
    return this.#parts;
  }

  /** Has it watched by something more. */
  addPart(part: ConnectionPart): void {
    this.#parts = this.#parts.concat(part); // Exactly as long as needed; a push makes room for 16 more.
  }

  get phase(): Phase {
    return this.#state.name;
  }
  /** Since when it waits for a request, its first or its next; null while it does anything else. */
  get idleSinceMs(): number | null {
    const state = this.#state;
    // Bytes of a request count at once, not from the next sweep on.
    if (state.name === "idle" || state.name === "opening") return this.#port.bytesRead() === this.#bytesAtAnswer ? state.sinceMs : null;
    for (const { idleSinceMs } of this.#parts) if (idleSinceMs !== undefined) return idleSinceMs;
    return null;
  }
  /** Why it was ended while it waited for a request, without a word: its peer could not know. Null otherwise. */
  get endedIdle(): EndCode | null {
    return this.#endedIdle;
  }
  get bytesRead(): number {
    return this.#port.bytesRead();
  }
  get bytesWritten(): number {
    return this.#port.bytesWritten();
  }
  inFlightBytes(): number {
    return this.#port.queuedBytes();
  }
  /** Bytes that the application has written and the kernel has not taken. */
  get bytesQueued(): number {
    return this.#port.waitingBytes();
  }
  /** When the peer was last heard of. */
  get proofMs(): number {
    return this.#watch.heardMs;
  }

  /** Whether the request that begins now is the last one of this connection, and why. */
  lastCode(): EndCode | null {
    const { requestsMax } = this.#options;
    if (requestsMax !== "never" && this.requests + 1 >= requestsMax) return "requests_limit";
    return this.nowMs() - this.openedMs >= this.ageMsMax ? "age_limit" : null;
  }

  /** Ends it in `ms` at the latest. */
  endWithin(ms: number): void {
    this.#endsMs = Math.min(this.#endsMs, this.nowMs() + ms);
  }

  /** Says why it is about to end, where the socket alone would not. */
  blame(code: EndCode): void {
    this.#ending ??= { code, side: ends[code].side };
  }

  /** It begins with a TLS handshake: no request is waited for before that is done. */
  handshaking(withinMs: number): void {
    this.#handshakeEndsMs = this.nowMs() + withinMs;
  }

  /** Why it is being ended; null while it is not. */
  get endsFor(): EndCode | null {
    return this.#ending?.code ?? null;
  }

  /** The TLS handshake is done: the first request is waited for from now on. */
  secured(): void {
    this.#handshakeEndsMs = null;
    this.#bytesAtAnswer = this.#port.bytesRead();
    this.#state = openConnection(this.nowMs());
    this.proof();
  }

  /** A request begins. */
  requested(handling: Handling): void {
    this.requests++;
    this.handling = handling;
    this.proof();
    this.#step({ type: "request", bytes: this.#port.bytesRead() });
  }

  /** An answer has left. `complete`: the body of its request has come. */
  answered(more: boolean, complete: boolean): void {
    const bytes = this.#port.bytesRead();
    this.#bytesAtAnswer = bytes;
    if (!more && complete) this.handling = null;
    this.#step({ type: "answered", more, complete, bytes });
  }

  /** The body of the request that is being handled has come, before its answer or, as with one that was refused early, after it. */
  bodyCame(handling: Handling): void {
    if (this.handling !== handling || this.#state.name !== "body") return;
    if (this.#state.answered === true) {
      this.#bytesAtAnswer = this.#port.bytesRead();
      this.handling = null;
    }
    this.#step({ type: "complete" });
  }

  upgraded(protocol: string): void {
    this.protocol = protocol;
    this.#step({ type: "upgrade" });
  }

  proof(): void {
    this.#watch.heard(this.nowMs());
  }

  /** Looks at the socket and judges. */
  check(nowMs: number): void {
    if (this.#state.name === "gone") return;
    const facts = this.#look(nowMs);
    if (this.#handshakeEndsMs !== null && this.#state.name === "opening") {
      if (nowMs >= this.#handshakeEndsMs) this.end("handshake_timeout");
      return;
    }
    if (nowMs >= this.#endsMs) this.spare("age_limit");
    if (this.handling?.complete === true) this.bodyCame(this.handling);
    const { state, verdict } = stepConnection(this.#state, { type: "check", facts }, this.#options, nowMs);
    this.#state = state;
    if (verdict === null) {
      for (const part of this.#parts) part.check(nowMs);
    } else if (verdict.do === "reset") this.reset(verdict.code);
    else if (this.#state.name === "tunnel") this.spare(verdict.code);
    else if (this.#state.name === "body" && this.#state.answered === true)
      this.end(verdict.code); // It has had its answer: there are no words left.
    else this.tell(verdict.code);
  }

  /** Ends it with the words of the code, or by a reset where they would be taken for a part of an answer. */
  tell(code: EndCode, words = finalWords(code)): void {
    if (words !== null && this.handling?.begun === true) this.reset(code);
    else this.end(code, words);
  }

  #look(nowMs: number): Facts {
    const look = this.#watch.look(nowMs);
    return { ...look, fresh: look.bytes > this.#bytesAtAnswer, held: this.handling?.held ?? false };
  }

  /** Ends it although nothing is wrong with it, by its protocol's own means. */
  spare(code: EndCode): void {
    const part = this.#parts.find(({ drain }) => drain !== undefined);
    if (part?.drain === undefined) this.end(code);
    else part.drain(code);
  }

  end(code: EndCode, final: Uint8Array | null = null): void {
    if (this.#state.name === "gone" || this.#state.name === "lingering") return;
    this.#ending = { code, side: ends[code].side };
    if (final === null && this.idleSinceMs !== null) this.#endedIdle = code;
    this.#step({ type: "linger", code });
    this.#port.end(final);
  }

  reset(code: EndCode): void {
    if (this.#state.name === "gone") return;
    this.#ending ??= { code, side: ends[code].side };
    this.#port.reset();
  }

  closing(code: EndCode): void {
    this.#closing = { code, side: ends[code].side };
  }

  /** Ends it because an operator said so. */
  kill(): void {
    this.reset("killed");
  }

  /** The socket is closed; `code` is what the socket itself knows of the reason. */
  gone(code: EndCode): void {
    if (this.#state.name === "gone") return;
    const nowMs = this.nowMs();
    const quiet = this.#quiet(nowMs);
    const { silentMs } = this.#watch.look(nowMs);
    this.#step({ type: "gone" });
    this.#ended(this, { ...(this.#ending ?? this.#closing ?? { code, side: ends[code].side }), ageMs: nowMs - this.openedMs, silentMs, quiet });
  }

  #quiet(nowMs: number): Quiet | null {
    const state = this.#state;
    if (state.name !== "idle" && state.name !== "answering" && state.name !== "tunnel") return null;
    // The alert that ends TLS comes with the end, and is no sign of life before it.
    const ms = this.#watch.quietAtEnd(nowMs, this.tls === null ? 0 : closeAlertBytes);
    const idleSinceMs = state.name === "idle" ? state.sinceMs : (this.#parts.find(({ idleSinceMs }) => idleSinceMs !== undefined)?.idleSinceMs ?? null);
    // An answer that is cut leaves its connection idle for the moment until that is gone too. Idle it was only if it was so all the while.
    const isIdle = idleSinceMs !== null && nowMs - idleSinceMs >= ms - idleGraceMs;
    return { of: isIdle ? "idle" : "stream", ms };
  }

  #step(event: ConnectionEvent): void {
    this.#state = stepConnection(this.#state, event, this.#options, this.nowMs()).state;
  }
}

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  425: "Too Early",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  503: "Service Unavailable",
};

/** A whole answer that says why and that the connection ends, or null where the table has no status. */
export function finalWords(
  code: EndCode,
  status: number | null = ends[code].http,
  afterMs?: number,
  headers: Readonly<Record<string, string>> = {},
): Uint8Array | null {
  if (status === null) return null;
  const after = afterMs === undefined ? "" : `Retry-After: ${Math.ceil(afterMs / 1_000)}\r\n`;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const connection = headers["Upgrade"] === undefined ? "close" : "close, Upgrade";
  return Buffer.from(`HTTP/1.1 ${status} ${reasons[status]}\r\n${after}${lines.join("")}Connection: ${connection}\r\nContent-Length: 0\r\n\r\n`);
}
