/**
 * Limits of HTTP/2 by name, the options for `http2.createServer` and `createSecureServer` that follow from them, and what a
 * server that was made without them will do otherwise. Node's own defaults leave several of these open: streams without end,
 * header lists of any size. It must never set an option that belongs to the host (keys, ALPN, allowHTTP1).
 */
import type { ServerOptions, Settings } from "node:http2";
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
  pingsMax: { default: 100, unit: "frames per 10 s", what: "PING frames of a peer; more end the session (`ping_flood`)" },
  settingsFramesMax: { default: 20, unit: "frames per 10 s", what: "SETTINGS frames of a peer; more end the session (`settings_flood`)" },
  settingsEntriesMax: { default: 32, unit: "entries", what: "Entries of one SETTINGS frame" },
  resetsMax: { default: 200, unit: "streams per 10 s", what: "Streams that end by a reset, whoever sent it; more end the session (`reset_flood`)" },
  strayBytesMax: { default: 65_536, unit: "bytes per 10 s", what: "Bytes received while no stream is open; more end the session (`stray_flood`)" },
  invalidFramesMax: { default: 1_000, unit: "frames per session", what: "Invalid frames that do not end a session by themselves, empty DATA among them" },
  pingsOutstandingMax: { default: 10, unit: "frames", what: "Our own PING frames without an answer, those of the host included" },
  requestsMax: { default: 10_000, unit: "requests", what: "Requests after which a session is drained (`requests_limit`)" },
  prefaceMs: { default: 10_000, unit: "ms", what: "Time for the client's preface and SETTINGS; then `handshake_timeout`" },
  keepAliveMs: {
    default: 75_000,
    unit: "ms",
    what: "Time without open streams after which a session is drained (`idle_timeout`). PING frames do not prolong it",
  },
  ageMs: { default: 3_600_000, unit: "ms", what: "Age at which a session is drained (`age_limit`), so that balancers get to choose again" },
  drainMs: { default: 30_000, unit: "ms", what: "Time that open streams have to end once a session is drained; then they are cancelled" },
  announceMs: { default: 1_000, unit: "ms", what: "Time between the two GOAWAYs of a drain when the PING between them is not answered" },
  stallMs: {
    default: 10_000,
    unit: "ms",
    what: "Time in which a session whose bytes wait has to take `progressBytesMin` for each waiting stream (16 at most); then `slow_reader`",
  },
  progressBytesMin: { default: 1_024, unit: "bytes", what: "What counts as progress within `stallMs`" },
  pingAfterMs: {
    default: 10_000,
    unit: "ms",
    what: "Time without proof of life after which a session that has open streams, or an unfinished header block, is asked by PING",
  },
  pingAckMs: { default: 10_000, unit: "ms", what: "Time for the answer to that PING; then `zombie`" },
  errorEndMs: { default: 1_000, unit: "ms", what: "Time between a GOAWAY with an error and the end of the TCP connection, if the peer does not end it" },
  lingerMs: { default: 5_000, unit: "ms", what: "The same after a GOAWAY without an error: what is in the kernel's buffers gets time to arrive" },
  unknownProtocolMs: { default: 5_000, unit: "ms", what: "Time that a TLS connection without a common protocol stays open after its answer" },
} as const;

/** Limits of HTTP/2, each a whole number above 0. */
export type Http2Limits = { readonly [name in keyof typeof http2LimitDocs]: number };

/** Fills in defaults; refuses what is not a whole number above 0, or cannot be said in HTTP/2. */
export function resolveHttp2Limits(given: Partial<Http2Limits> = {}): Http2Limits {
  const resolved: Record<string, number> = {};
  for (const [name, { default: fallback }] of Object.entries(http2LimitDocs)) {
    const value = given[name as keyof Http2Limits] ?? fallback;
    const max = name.endsWith("WindowBytes") ? 0x7fff_ffff : Number.MAX_SAFE_INTEGER;
    if (!Number.isSafeInteger(value) || value < 1 || value > max)
      throw new RangeError(`Expected \`${name}\` to be a whole number from 1 to ${max}, got ${value}`);
    resolved[name] = value;
  }
  return Object.freeze(resolved) as Http2Limits;
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
