/**
 * Options of HTTP/2 sessions: each documented once, filled and checked in one place.
 */
import { type Never, type OptionDoc, optionFault, refuseUnknown, resolveQuantities } from "../option-docs.ts";

export interface Http2Options {
  readonly sessionsMax: number;
  readonly streamsMax: number;
  readonly queueMax: number;
  readonly acquireTimeoutMs: number;
  readonly ageMs: number | Never;
  readonly idleMs: number | Never;
  readonly requestsMax: number;
  readonly leaveMs: number;
  readonly pingMs: number | Never;
  readonly pingIdleMs: number | Never;
  readonly pingTimeoutMs: number;
  readonly proveAfterMs: number | Never;
  readonly windowBytesMin: number;
  readonly windowBytesMax: number;
  readonly windowBytesTotalMax: number;
  readonly shrinkAfterMs: number;
  readonly resendsMax: number;
  readonly replayBytesMax: number;
  readonly headersTimeoutMs: number | Never;
  readonly bodyTimeoutMs: number | Never;
  readonly headerListBytesMax: number;
  readonly headersCountMax: number;
}

/** The window that every stream has before anybody says otherwise (RFC 9113, section 6.9.2): less can not be promised. */
const protocolWindowBytes = 65_535;
/** The largest window that there is (RFC 9113, section 6.9.1). */
const largestWindowBytes = 2 ** 31 - 1;

/** Defaults and meaning; docs/pool-http2.md is made from it. */
export const http2OptionDocs = {
  sessionsMax: {
    default: 4,
    unit: "sessions",
    what: "Sessions that take requests at the same time. One is the rule; another is opened only when every open one has as many streams as its peer allows",
  },
  streamsMax: {
    default: 100,
    unit: "streams per session",
    what: "Open requests of one session; the peer's `SETTINGS_MAX_CONCURRENT_STREAMS` counts where it is smaller",
  },
  queueMax: { default: 1_000, unit: "requests", what: "Requests that wait for a stream; beyond it `queue_full`" },
  acquireTimeoutMs: { default: 10_000, unit: "ms", what: "How long a request waits for a stream; then `acquire_timeout`" },
  ageMs: {
    default: 3_000_000,
    unit: "ms",
    never: true,
    what: "Age, up to a tenth less, from which a session is replaced: the next one is made first, the old one finishes what it has. Behind a balancer of connections this is what moves load",
  },
  idleMs: {
    default: 50_000,
    unit: "ms",
    never: true,
    what: "A session without a request for so long is closed: before a hop that gives up after 60 s does it",
  },
  requestsMax: { default: 1_000_000, unit: "requests per session", what: "Then it is replaced, as by age: ids of streams are not endless" },
  leaveMs: {
    default: 600_000,
    unit: "ms",
    what: "How long a session that is left (GOAWAY, age) may finish what is under way; what is left then fails with `connection_lost`",
  },
  pingMs: {
    default: 30_000,
    unit: "ms",
    never: true,
    what: "Silence, while requests are open, after which the peer is asked by PING. Doubled for the origin whenever it says GOAWAY `ENHANCE_YOUR_CALM`",
  },
  pingIdleMs: {
    default: "never",
    unit: "ms",
    never: true,
    what: "The same while no request is open. Servers of gRPC punish it unless told to permit it",
  },
  pingTimeoutMs: { default: 10_000, unit: "ms", what: "How long nothing at all may arrive after a PING; then `liveness_failed`. Any byte is an answer" },
  proveAfterMs: {
    default: 10_000,
    unit: "ms",
    never: true,
    what: "Silence after which a session without requests has to answer a PING before it gets the next one",
  },
  windowBytesMin: {
    default: protocolWindowBytes,
    unit: "bytes",
    what: "Flow-control window of a stream at first, and when it shrinks. Never below 65,535, which the protocol promises",
  },
  windowBytesMax: { default: 16_777_216, unit: "bytes", what: "Largest window, of a stream as of a session" },
  windowBytesTotalMax: {
    default: 268_435_456,
    unit: "bytes",
    what: "What all peers of the process together may make it hold: the sum of the windows of all open streams. The smallest that any origin names counts",
  },
  shrinkAfterMs: { default: 10_000, unit: "ms", what: "A window is halved when fewer bytes than it allows arrived in such a time" },
  resendsMax: {
    default: 4,
    unit: "times per request",
    what: "How often a request is sent again that the server has certainly not processed (RFC 9113, section 8.7); then `refused`. What may have been processed is sent again once, if that is harmless",
  },
  replayBytesMax: {
    default: 65_536,
    unit: "bytes per request",
    what: "How much of a streamed body is kept until the answer begins, so that it can be sent again",
  },
  headersTimeoutMs: {
    default: 300_000,
    unit: "ms",
    never: true,
    what: "From the request's HEADERS to the answer's, unless the request says otherwise (`headersTimeout`)",
  },
  bodyTimeoutMs: {
    default: 300_000,
    unit: "ms",
    never: true,
    what: "Between two pieces of an answer that is being read, unless the request says otherwise (`bodyTimeout`)",
  },
  headerListBytesMax: {
    default: 65_536,
    unit: "bytes",
    what: "Header list of an answer, as RFC 9113 counts it (section 6.5.2); beyond it the request fails with `stream_reset`",
  },
  headersCountMax: { default: 128, unit: "lines", what: "Header lines of an answer; beyond it the request fails with `stream_reset`" },
} as const satisfies Record<keyof Http2Options, OptionDoc>;

/** Fills defaults and checks. */
export function resolveHttp2Options(given: Partial<Http2Options> = {}): Http2Options {
  refuseUnknown(given, http2OptionDocs, "HTTP/2");
  const options = resolveQuantities(http2OptionDocs, given as Readonly<Record<string, unknown>>) as unknown as Http2Options;
  const { windowBytesMin, windowBytesMax, windowBytesTotalMax } = options;
  if (windowBytesMin < protocolWindowBytes) throw optionFault("windowBytesMin", `at least ${protocolWindowBytes}`, windowBytesMin);
  if (windowBytesMax < windowBytesMin || windowBytesMax > largestWindowBytes)
    throw optionFault("windowBytesMax", `from \`windowBytesMin\` to ${largestWindowBytes}`, windowBytesMax);
  if (windowBytesTotalMax < windowBytesMin) throw optionFault("windowBytesTotalMax", "at least `windowBytesMin`", windowBytesTotalMax);
  return options;
}
