/**
 * Limits of HTTP/2 by name, the options for `http2.createServer` and `createSecureServer` that follow from them, and what a
 * server that was made without them will do otherwise. Node's own defaults leave several of these open: streams without end,
 * header lists of any size. It must never set an option that belongs to the host (keys, ALPN, allowHTTP1).
 */
import type { ServerOptions, Settings } from "node:http2";
import type { GuardOptions } from "../options.ts";
import { budgetWindowMs } from "./budget.ts";

/** Every limit with its default, unit and meaning; the one place of all three. */
export const http2LimitDocs = {
  streamsMax: {
    default: 100,
    unit: "streams per session",
    what: "Requests open at a time. Beyond it Node refuses them until the client has acknowledged our SETTINGS, and then ends the session",
  },
  streamsRefusedMax: {
    default: 100,
    unit: "streams",
    what: "Requests in a row that Node may refuse, because reset ones are not freed yet, before it ends the session",
  },
  headerListBytesMax: {
    default: 16_384,
    unit: "bytes",
    what: "Header list of one request, counted as RFC 9113, section 6.5.2 does; a longer one is reset with ENHANCE_YOUR_CALM. Without it Node accepts any size",
  },
  headerPairsMax: { default: 128, unit: "fields", what: "Fields of one request, pseudo-fields included; more are reset with ENHANCE_YOUR_CALM" },
  streamWindowBytes: {
    default: 65_535,
    unit: "bytes",
    what: "Request body that a peer may send on one stream before the host has read any; times `streamsMax` is what a session can pin",
  },
  connectionWindowBytes: {
    default: 262_144,
    unit: "bytes",
    what: "Request bytes of a session under way at a time. Raise both windows for uploads over long paths",
  },
  sessionMemoryMb: { default: 10, unit: "MB", what: "What Node's HTTP/2 may hold for one session; new streams are refused above it" },
  pingsMax: {
    default: 100,
    unit: "frames per 10 s",
    what: "PING frames of a peer, one that follows data of ours for a tenth; more end the session (`ping_flood`, with `too_many_pings` for gRPC)",
  },
  settingsFramesMax: { default: 20, unit: "frames per 10 s", what: "SETTINGS frames of a peer; more end the session (`settings_flood`)" },
  settingsEntriesMax: { default: 32, unit: "entries", what: "Entries of one SETTINGS frame" },
  resetsMax: { default: 200, unit: "streams per 10 s", what: "Streams that end by a reset, whoever sent it; more end the session (`reset_flood`)" },
  strayBytesMax: { default: 65_536, unit: "bytes per 10 s", what: "Bytes received while no stream is open; more end the session (`stray_flood`)" },
  invalidFramesMax: { default: 1_000, unit: "frames per session", what: "Invalid frames that do not end a session by themselves, empty DATA among them" },
  pingsOutstandingMax: { default: 10, unit: "frames", what: "Our own PING frames without an answer, those of the host included" },
  prefaceMs: { default: 10_000, unit: "ms", what: "Time for the client's preface and SETTINGS; then `handshake_timeout`" },
  announceMs: { default: 1_000, unit: "ms", what: "Time between the two GOAWAYs of a drain when the PING between them is not answered" },
  windowStallMs: {
    default: 10_000,
    unit: "ms",
    what: "How long a response may wait for a window, or a socket, in which less than `progressBytesMin` leaves for each waiting stream (16 at most); then `slow_reader`",
  },
  progressBytesMin: { default: 1_024, unit: "bytes", what: "What counts as progress within `windowStallMs`, and in place of the answer to a PING" },
  pingAfterMs: {
    default: 10_000,
    unit: "ms",
    what: "Time without proof of life after which a session that has open streams, or an unfinished header block, is asked by PING",
  },
  pingAckMs: { default: 10_000, unit: "ms", what: "Time for the answer to that PING; then `zombie`" },
  errorEndMs: { default: 1_000, unit: "ms", what: "Time between a GOAWAY with an error and the reset of a TCP connection that has not ended by then" },
  unknownProtocolMs: { default: 5_000, unit: "ms", what: "Time that a TLS connection without a common protocol stays open after its answer" },
} as const;

/** The largest value that a setting of HTTP/2 can have (RFC 9113, section 6.5.2), and plenty for anything else. */
const valueMax = 0x7fff_ffff;

/** Limits of HTTP/2, each a whole number above 0. */
export type Http2Limits = { readonly [name in keyof typeof http2LimitDocs]: number };

/** Fills in defaults. Throws a TypeError for unknown names and for what is not a whole number from 1. */
export function resolveHttp2Limits(given: Partial<Http2Limits> = {}): Http2Limits {
  const resolved: Record<string, number> = {};
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(http2LimitDocs, name)) throw new TypeError(`Expected a known limit of HTTP/2, got \`${name}\``);
  }
  for (const [name, { default: fallback, unit }] of Object.entries(http2LimitDocs)) {
    const value = given[name as keyof Http2Limits] ?? fallback;
    if (!Number.isSafeInteger(value) || value < 1 || value > valueMax) {
      throw new TypeError(`Expected \`${name}\` to be a whole number of ${unit} from 1 to ${valueMax}, got ${JSON.stringify(value)}`);
    }
    resolved[name] = value;
  }
  return Object.freeze(resolved) as Http2Limits;
}

/** What HTTP/2 shares with every other connection of a guard, as numbers: Infinity where an option says "never". */
export interface SessionTimes {
  readonly keepAliveMs: number;
  /** Age of this session at which it is drained, its jitter included. */
  readonly ageMs: number;
  readonly requestMs: number;
  readonly requestsMax: number;
  readonly drainMs: number;
  readonly lingerMs: number;
  /** A random fraction of this session's own: where in the window of a drain it is left, so that not all clients come back at once. */
  readonly slot: number;
}

/** All that one session is held to. */
export type Http2SessionLimits = Http2Limits & SessionTimes;

/** The limits of one session: those of HTTP/2, and of the guard's options those that concern it. */
export function http2SessionLimits(limits: Http2Limits, options: GuardOptions, own: Pick<SessionTimes, "ageMs" | "slot">): Http2SessionLimits {
  const { keepAliveMs, requestMs, requestsMax, drainMs, lingerMs } = options;
  return { ...limits, ...own, keepAliveMs, requestMs, requestsMax: requestsMax === "never" ? Number.POSITIVE_INFINITY : requestsMax, drainMs, lingerMs };
}

/** The SETTINGS that follow from the limits. `enablePush` is a client's to say. */
export function http2Settings(limits: Http2Limits): Settings {
  const { streamsMax, headerListBytesMax, streamWindowBytes } = limits;
  return { maxConcurrentStreams: streamsMax, maxHeaderListSize: headerListBytesMax, initialWindowSize: streamWindowBytes };
}

/** Options of Node that the limits decide; what the host adds (keys, ALPN, allowHTTP1, its own settings) is spread around them. */
export function http2ServerOptions(limits: Http2Limits): ServerOptions & { readonly streamResetBurst: number; readonly streamResetRate: number } {
  return {
    settings: http2Settings(limits),
    maxSessionMemory: limits.sessionMemoryMb,
    maxHeaderListPairs: limits.headerPairsMax,
    maxSessionInvalidFrames: limits.invalidFramesMax,
    maxSessionRejectedStreams: limits.streamsRefusedMax,
    maxOutstandingPings: limits.pingsOutstandingMax,
    maxSettings: limits.settingsEntriesMax,
    peerMaxConcurrentStreams: limits.streamsMax,
    unknownProtocolTimeout: limits.unknownProtocolMs,
    // nghttp2 counts only the peer's resets and says nothing of its verdict until all is over, so that the guard's own budget has to come first.
    streamResetBurst: limits.resetsMax * 2,
    streamResetRate: Math.max(1, Math.ceil((limits.resetsMax * 2_000) / budgetWindowMs)),
  };
}

/** Bytes of request bodies that one session can make a server hold, if a host reads none of them (claims of memory are sums of these). */
export function sessionBytesMax(limits: Http2Limits): number {
  return limits.streamsMax * (limits.streamWindowBytes + limits.headerListBytesMax);
}

/** One thing that a server does otherwise than its limits say, and that can not be changed once it exists. */
export interface Http2Contradiction {
  readonly limit: keyof Http2Limits;
  readonly wanted: number;
  /** What Node does; null where it can not be seen from outside. */
  readonly found: number | null;
  readonly message: string;
}

const fixedAtCreation = {
  maxHeaderListPairs: ["headerPairsMax", 128],
  maxSessionInvalidFrames: ["invalidFramesMax", 1_000],
  maxSessionRejectedStreams: ["streamsRefusedMax", 100],
  maxSessionMemory: ["sessionMemoryMb", 10],
  maxOutstandingPings: ["pingsOutstandingMax", 10],
  maxSettings: ["settingsEntriesMax", 32],
} as const;

/**
 * What remains looser than the limits for a server that was created with `options`; without them Node's defaults are assumed.
 * Settings are not among it: the guard sets those when a session begins.
 */
export function http2Contradictions(limits: Http2Limits, options: Readonly<Record<string, unknown>> = {}): Http2Contradiction[] {
  return Object.entries(fixedAtCreation).flatMap(([option, [limit, fallback]]) => {
    const found = typeof options[option] === "number" ? options[option] : fallback;
    const wanted = limits[limit];
    if (found <= wanted) return [];
    const message = `${option} of this server is ${found}, ${limit} wants ${wanted}; it is fixed when the server is made: pass http2ServerOptions(limits) to http2.createServer`;
    return [{ limit, wanted, found, message }];
  });
}
