/**
 * What the doctor measured, before anybody judges it: data only, printed as it is by `--json`.
 * Unknown is not false: what could not be measured says why. A bound is never tighter than what was seen.
 */
import type { Ending } from "@holdfast/path";

/** A fact, or why there is none. */
export type Known<T> = { readonly known: true; readonly value: T } | { readonly known: false; readonly why: string };

export const known = <T>(value: T): Known<T> => ({ known: true, value });
export const unknown = (why: string): { readonly known: false; readonly why: string } => ({ known: false, why });

/** What sat idle. http1: a kept connection after an answer. http2: a session without streams. tcp: a connection that never sent a request. */
export type IdleOf = "http1" | "http2" | "websocket" | "event-stream" | "tcp";

export type Moving = "nothing" | "tcp_keepalive" | "h2_ping" | "websocket_ping" | "comment" | "to_server" | "to_client";

/** For how long one kind of connection survived silence. */
export interface IdleFact {
  readonly of: IdleOf;
  /** Which bytes moved meanwhile: nothing, or one kind of them (a row of the reset matrix). */
  readonly moving: Moving;
  /** The longest silence that it survived, in ms. */
  readonly atLeastMs: number;
  /** The shortest that ended it; null: none did within the time that there was. */
  readonly atMostMs: number | null;
  readonly how: Ending | null;
  /** Who ended it, as far as both ends know. Null: unknown. */
  readonly by: "server" | "between" | "client" | null;
  /** How often it was seen. */
  readonly seen: number;
  /** The close code, the code of GOAWAY or the status that came with the end. */
  readonly code?: number;
  /** The ends came this far apart: more than the way there explains, so the timer is looked at only now and then, or there are several. */
  readonly spreadMs?: number;
}

/** A connection that was never silent for long: it tells an idle timer from a limit of age, and from an outage. */
export interface ControlFact {
  readonly of: IdleOf;
  /** So long between two of its beats. */
  readonly beatMs: number;
  readonly ageMs: number;
  /** Null: it was alive when the examination ended. */
  readonly ended: Ending | null;
  /** Since its last byte, when it ended. */
  readonly silentMs: number;
  readonly beats: number;
  /** The last answer said that no further request would be taken. */
  readonly announced: boolean;
}

export interface NameFact {
  readonly host: string;
  readonly addresses: readonly string[];
  /** All connections went to this one. */
  readonly used: string;
  readonly lookupMs: number;
}

export interface TcpFact {
  readonly address: string;
  readonly port: number;
  readonly connectMs: number;
}

export interface CertificateFact {
  readonly subject: string;
  readonly issuer: string;
  readonly validToWallMs: number;
}

export interface TlsFact {
  readonly version: string;
  readonly cipher: string;
  readonly alpn: string | null;
  readonly handshakeMs: number;
  /** The server's own first, then those that it sent with it. */
  readonly chain: readonly CertificateFact[];
  /** Null: the certificate is good for this host; else what is wrong with it. */
  readonly nameFault: string | null;
  readonly trustFault: string | null;
}

export interface ResumptionFact {
  readonly reconnects: number;
  readonly resumed: number;
  /** Sessions that were given to be resumed: none means that the server offers none. */
  readonly sessions: number;
}

/** Where the time of one request went, in ms; null where that step was not taken. */
export interface ExchangePhases {
  readonly tcpMs: number | null;
  readonly tlsMs: number | null;
  readonly waitMs: number;
  readonly bodyMs: number;
}

export interface HttpFact {
  readonly status: number;
  /** Of the status line: 1.0 or 1.1. */
  readonly version: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the client may speak: by ALPN, or by trying on a plain connection. */
  readonly http2: Known<boolean>;
  /** HTTP/3 as announced by Alt-Svc; it is not tried. */
  readonly http3Announced: boolean;
}

export interface KeepAliveFact {
  /** A second request was answered on the connection of the first. */
  readonly reused: boolean;
  readonly first: ExchangePhases;
  readonly second: ExchangePhases | null;
  /** `Connection` and `Keep-Alive` of the first answer. */
  readonly connection: string | null;
  readonly keepAlive: string | null;
  /** The idle time that `Keep-Alive: timeout` announces. */
  readonly announcedMs: number | null;
  /** Why there was no second answer, in words; null where there was one. */
  readonly fault: string | null;
}

/** A header that gives a hop away. */
export interface HopHint {
  readonly header: string;
  readonly value: string;
  /** A product of the hop database; null: the header is known to come from a hop, but not from which. */
  readonly product: string | null;
}

export interface WebSocketFact {
  readonly url: string;
  readonly taken: boolean;
  /** The status of the answer to the upgrade. */
  readonly status: number;
  /** A ping was answered within this. Null: it was not, or was not sent. */
  readonly pongMs: number | null;
  /** So far apart came what the server sent by itself, at most; null: it said nothing. Then its idle timer can not be seen. */
  readonly beatMs: number | null;
}

export interface EventStreamFact {
  readonly url: string;
  readonly status: number;
  readonly contentType: string | null;
  /** An event stream came. */
  readonly is: boolean;
  readonly firstByteMs: number | null;
  /** Of the chunks that came: how many, and the longest pause between two. */
  readonly chunks: number;
  readonly longestPauseMs: number | null;
  /** live: chunks come as they are made. held: bytes come in bursts of a buffer's size. Unknown where too little came. */
  readonly signature: Known<"live" | "held">;
}

/** Something at the origin that helps: the agent, or a Holdfast server. */
export interface HelperFact {
  readonly kind: "agent";
  readonly version: number;
  /** Of the application's side of the path, as the agent says. */
  readonly server: Readonly<Record<string, unknown>>;
  /** What of the request arrived at the application. */
  readonly headers: Readonly<Record<string, string>>;
  readonly httpVersion: string;
  /** Ids of the connections at the application that carried requests which came here over one connection. */
  readonly connections: readonly string[];
}

/** On which connections requests reach the application, and what of them does. They were sent one after the other, on one connection from here while it was kept. */
export interface BackendFact {
  /** Of each request, in order: the connection at the application, by its id. */
  readonly connections: readonly string[];
  /** kept: one connection for all. some: fewer than requests. never: each came on a new one. */
  readonly reuse: "kept" | "some" | "never";
  /** Who ended connections that were not reused; unknown while they are open. */
  readonly endedBy: "hop" | "application" | null;
  /** So many of them arrived with `Connection: close`. */
  readonly asksToClose: number;
  /** Each HTTP version that arrived. */
  readonly httpVersions: readonly string[];
  /** Processes of the application that answered. */
  readonly instances: number;
  /** Of the last request, as it arrived. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Whether an upgrade to WebSocket reaches the application, and what gets lost of it. */
export interface UpgradeFact {
  readonly taken: boolean;
  readonly status: number;
  /** What arrived at the application; null: the request did not, a hop answered. */
  readonly arrived: Readonly<Record<string, string>> | null;
  /** The subprotocol that was offered arrived, and its choice came back. */
  readonly protocol: boolean;
}

/** browser: accepts compression, as browsers do. identity: accepts none. no-transform and accel: the application forbids compression, or buffering. padded: large events. ndjson: another content type. */
export type StreamWay = "browser" | "identity" | "no-transform" | "accel" | "padded" | "ndjson";

/** How events came through, asked for in one way. */
export interface StreamRow {
  readonly way: StreamWay;
  readonly encoding: string | null;
  readonly everyMs: number;
  /** Of each event that came: from when the application wrote it until it was read, beyond the fastest of all. */
  readonly latenciesMs: readonly number[];
  /** live: as they were written. steps: several at a time. held: all at the end. Unknown where too few came. */
  readonly signature: Known<"live" | "steps" | "held">;
  /** Of steps: how many bytes, and how far apart, by the median. */
  readonly stepBytes: number | null;
  readonly stepMs: number | null;
}

/** What becomes of an answer for which the application takes its time. */
export interface DeadlineFact {
  /** An answer that took so long came through, or was awaited so long. */
  readonly atLeastMs: number;
  /** After so long a hop gave it up; null: none did within the time that there was. */
  readonly atMostMs: number | null;
  /** The status that came instead; null: the connection ended. */
  readonly status: number | null;
  /** A product of the hop database that words its error so. */
  readonly product: string | null;
}

/** What both ends of the path know together; only with an agent where the application stands. */
export interface OriginFacts {
  readonly backend: Known<BackendFact>;
  readonly upgrade: Known<UpgradeFact>;
  readonly streams: Known<readonly StreamRow[]>;
  readonly deadline: Known<DeadlineFact>;
}

export interface NotMeasured {
  readonly what: string;
  readonly why: string;
}

export interface Facts {
  readonly url: string;
  readonly startedWallMs: number;
  readonly tookMs: number;
  readonly maxMs: number;
  readonly name: Known<NameFact>;
  readonly tcp: Known<TcpFact>;
  readonly tls: Known<TlsFact>;
  readonly resumption: Known<ResumptionFact>;
  readonly http: Known<HttpFact>;
  readonly keepAlive: Known<KeepAliveFact>;
  readonly hops: readonly HopHint[];
  readonly webSocket: Known<WebSocketFact>;
  readonly eventStream: Known<EventStreamFact>;
  readonly helper: Known<HelperFact>;
  readonly origin: Known<OriginFacts>;
  /** Silence and what resets it; the rows where nothing moved first. */
  readonly idle: readonly IdleFact[];
  readonly controls: readonly ControlFact[];
  readonly notMeasured: readonly NotMeasured[];
  /** What the examination itself cost the target. */
  readonly cost: { readonly connections: number; readonly openMax: number };
}
