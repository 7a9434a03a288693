/**
 * What the agent and the doctor say to each other, as types: JSON, one version for all of it (`agent`). Data only.
 */

/** What arrived at the application, and on which connection. `GET hello`; the first event of `events`; the first message of `socket`. */
export interface AgentHello {
  readonly agent: 1;
  /** Names the process: two of them mean several workers or replicas. */
  readonly instance: string;
  /** Wall clock of the application's machine, in ms. */
  readonly now: number;
  /** Names the TCP connection at the application. */
  readonly connId: string;
  /** Requests of the agent's on that connection, this one included. */
  readonly requestsOnConn: number;
  /** "1.0", "1.1" or "2.0". */
  readonly httpVersion: string;
  readonly tls: boolean;
  /** What TLS agreed on; null without TLS. */
  readonly alpn: string | null;
  /** As they arrived, by name in small letters; those of `shownHeaders` that were there. */
  readonly headers: Readonly<Record<string, string>>;
  readonly server: {
    readonly node: string;
    readonly keepAliveMs: number;
    readonly headersMs: number;
    readonly requestMs: number;
    /** Whether `socket` can be had here. */
    readonly socket: boolean;
  };
  readonly limits: Readonly<Record<"connectionsMax" | "requestsPerSecondMax" | "lifeMs" | "connectionBytesMax" | "eventBytesMax" | "everyMsMin", number>>;
}

/**
 * How a connection ended as the application saw it. fin and rst: from the other side. here: the application's side ended it first.
 * close_frame: the other side sent a WebSocket close frame. goaway: an HTTP/2 GOAWAY. silent: its own kernel gave up. unknown: an HTTP/2
 * session that ended without words.
 */
export type AgentHow = "fin" | "rst" | "here" | "close_frame" | "goaway" | "silent" | "unknown";

/** `GET ended?id=`. */
export type AgentEnded =
  | { readonly known: false }
  | {
      readonly known: true;
      readonly open: boolean;
      readonly how: AgentHow | null;
      /** From the last bytes that the application sent or got to the end; to now while it is open. */
      readonly afterSilentMs: number;
      /** Wall clock of the end, in ms; null while it is open. */
      readonly at: number | null;
      readonly requests: number;
    };

/** One event of `events`, and one message of `socket` that was asked for by `send`. */
export interface AgentTick {
  readonly seq: number;
  /** Wall clock of the application's machine when it was written, in ms. */
  readonly at: number;
  readonly pad?: string;
}

/** What `socket` takes, as JSON text. */
export type AgentCommand =
  | { readonly do: "silent" }
  | { readonly do: "send"; readonly everyMs: number; readonly count: number }
  | { readonly do: "ping"; readonly everyMs: number }
  | { readonly do: "echo" }
  | { readonly do: "close" };

/** What `socket` says, as JSON text. */
export type AgentMessage =
  | ({ readonly is: "hello"; readonly protocols: readonly string[] } & AgentHello)
  | ({ readonly is: "tick" | "echo" } & AgentTick)
  | { readonly is: "refused"; readonly code: string };

/** The subprotocol that the doctor offers, so that a hop that loses it is seen. */
export const agentProtocol = "holdfast-doctor";

/** The headers that `hello` shows. Never one that holds a secret. */
export const shownHeaders = [
  ...["host", "connection", "keep-alive", "upgrade", "te", "accept-encoding", "via", "forwarded", "x-forwarded-for", "x-forwarded-proto"],
  ...["x-forwarded-host", "x-forwarded-port", "x-real-ip", "x-varnish", "x-envoy-external-address", "x-envoy-expected-rq-timeout-ms", "x-amzn-trace-id"],
  ...["x-cloud-trace-context", "cf-ray", "cf-connecting-ip", "cdn-loop", "x-request-start", "surrogate-capability", "cache-control"],
  ...["sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions", "http2-settings"],
] as const;
