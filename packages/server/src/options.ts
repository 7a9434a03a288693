/**
 * The server's options: each documented once, filled and checked in one place, then frozen.
 */
import { limits } from "@holdfast/protocol";

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  readonly heartbeatMs: number;
  readonly handshakeMs: number;
  readonly linksMax: number;
  readonly subscriptionsMax: number;
  readonly entryBytesMax: number;
  readonly bodyBytesMax: number;
  readonly batchEntriesMax: number;
  readonly tailBytesMax: number;
  readonly pageCacheBytesMax: number;
  readonly pageEntriesMax: number;
  readonly controlBytesMax: number;
  readonly publishesInFlightMax: number;
  readonly stallMs: number;
  readonly rotateMs: number;
  readonly pollLingerMs: number;
  readonly pollBytesMax: number;
  readonly admissionPerSecond: number;
  readonly drainMs: number;
  readonly authorizeMs: number;
  readonly authorizeConcurrencyMax: number;
  readonly authorizeQueueMax: number;
  readonly authorizeCacheMs: number;
  readonly authorizeCacheEntriesMax: number;
  readonly revocationMs: number;
  readonly revocationsMax: number;
  readonly ticketMs: number;
  readonly ticketsMax: number;
  readonly sessionMs: number;
}

interface OptionDoc {
  readonly default: unknown;
  readonly unit: string;
  readonly what: string;
}

/** Defaults and meaning of every option; docs/options.md is made from it. */
export const serverOptionDocs = {
  host: {
    default: "127.0.0.1",
    unit: "address",
    what: "Where to listen. Any but a loopback address demands a decision on authorization (`auth`) and on `origins`",
  },
  port: { default: 4150, unit: "port", what: "Where to listen; 0 takes a free one" },
  hosts: { default: [], unit: "names", what: "Further Host names to answer to, beside localhost and loopback addresses; others get `bad_host`" },
  origins: {
    default: [],
    unit: "origins",
    what: "Web origins whose pages may connect, beside the server's own; others get `bad_origin`. Requests without Origin are not from pages. `none`, alone, is the decision for no others",
  },
  heartbeatMs: {
    default: 12_000,
    unit: "ms",
    what: "Interval of beats, both ways. 12 s survives hops that drop after 30 s of silence, and shows a dead link in about 21 s",
  },
  handshakeMs: { default: 10_000, unit: "ms", what: "Time for request headers, and again from the upgrade to `hello`; then `handshake_timeout`" },
  linksMax: { default: 20_000, unit: "links", what: "Links on this node; one more is refused with `too_many_links`" },
  subscriptionsMax: { default: 128, unit: "streams per link", what: "Subscriptions of one link; one more is refused with `too_many_subscriptions`" },
  entryBytesMax: { default: limits.entryBytesMax.value, unit: "bytes", what: "Payload of one entry; larger ones are refused with `entry_too_large`" },
  bodyBytesMax: { default: 1_048_576, unit: "bytes", what: "Body of one HTTP publish; larger ones are refused with `body_too_large`" },
  batchEntriesMax: {
    default: 1_000,
    unit: "entries",
    what: "Entries of one HTTP batch and of one page of history; more in a batch is refused with `body_too_large`",
  },
  tailBytesMax: {
    default: 67_108_864,
    unit: "bytes",
    what: "Recent entries kept in memory over all streams that have readers. What is evicted is read from the engine",
  },
  pageCacheBytesMax: { default: 33_554_432, unit: "bytes", what: "Encoded pages of older entries kept for readers who catch up" },
  pageEntriesMax: { default: 256, unit: "entries", what: "Entries in one aligned page; a page also ends at 64 KiB" },
  controlBytesMax: { default: 65_536, unit: "bytes", what: "Unread answers of one link; above it nothing more is read from that link" },
  publishesInFlightMax: { default: 256, unit: "publishes per link", what: "Unanswered publishes of one link; above it nothing more is read from that link" },
  stallMs: { default: 60_000, unit: "ms", what: "A link whose peer takes nothing for so long while bytes wait is closed with `slow_consumer`" },
  rotateMs: {
    default: 600_000,
    unit: "ms",
    what: "Age at which an SSE link, or one over HTTP/2 whose client has ended its body, is asked to move to another connection, a tenth more or less; 10 s later it is ended with `rotated`",
  },
  pollLingerMs: { default: 20, unit: "ms", what: "How long a long-poll waits for more once it has something to say" },
  pollBytesMax: { default: 262_144, unit: "bytes", what: "Bytes after which the answer to a long-poll ends; what follows is for the next one" },
  admissionPerSecond: {
    default: 1_000,
    unit: "links per second",
    what: "Links that this node takes in any second; one more is told `overloaded` with a time of its own. The advised reconnect window is links / rate, within 1 s and 60 s",
  },
  drainMs: {
    default: 10_000,
    unit: "ms",
    what: "On SIGTERM: the longest time for clients to move; then the rest is closed with `draining`. Twice the reconnect window and a second are enough where that is less",
  },
  authorizeMs: { default: 5_000, unit: "ms", what: "Time to judge a client or a request, the wait for a turn included; then `overloaded`" },
  authorizeConcurrencyMax: { default: 32, unit: "questions", what: "Questions put to whoever decides at once; the same question is asked once at a time" },
  authorizeQueueMax: { default: 4_096, unit: "questions", what: "Questions that wait for their turn; one more is refused with `overloaded`" },
  authorizeCacheMs: {
    default: 30_000,
    unit: "ms",
    what: "How long a yes is remembered, and a no for a tenth of it; a failure never is. 0 remembers nothing. Until then a right that was taken away may be used again: `revoke` does not wait",
  },
  authorizeCacheEntriesMax: { default: 20_000, unit: "answers", what: "Answers remembered, of either kind; the least recently used go first" },
  revocationMs: { default: 86_400_000, unit: "ms", what: "How long a revocation is remembered. Tokens should not live longer" },
  revocationsMax: { default: 10_000, unit: "subjects", what: "Revocations remembered; beyond it the oldest is dropped and counted" },
  ticketMs: { default: 30_000, unit: "ms", what: "How long a ticket can be redeemed; at most 30 s" },
  ticketsMax: {
    default: 100_000,
    unit: "tickets",
    what: "Used tickets remembered, each for `ticketMs`; while there are so many, one more is refused with `overloaded`",
  },
  sessionMs: { default: 3_600_000, unit: "ms", what: "How long the cookie lasts that a ticket is redeemed into; never longer than the token" },
} as const satisfies Record<keyof ServerOptions, OptionDoc>;

const ticketMsMax = 30_000;
/** As the one origin: no page of another origin. The way to say so where an empty list cannot be told from none. */
const noOrigins = "none";
const loopback = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/;

/** Fills defaults and checks. Throws a TypeError that names the option, what was expected and what was given. */
export function resolveServerOptions(given: Partial<ServerOptions> = {}): ServerOptions {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(serverOptionDocs, name)) throw new TypeError(`Expected a known server option, got \`${name}\``);
  }
  const filled: Record<string, unknown> = {};
  for (const [name, doc] of Object.entries(serverOptionDocs) as [keyof ServerOptions, OptionDoc][]) {
    const value = given[name] ?? doc.default;
    checkOption(name, value, doc);
    filled[name] = Array.isArray(value) ? Object.freeze(name === "origins" && value.join() === noOrigins ? [] : [...value]) : value;
  }
  const options = filled as unknown as ServerOptions;
  if (options.ticketMs > ticketMsMax) throw new TypeError(`Expected \`ticketMs\` to be at most ${ticketMsMax}, got ${options.ticketMs}`);
  if (options.entryBytesMax > limits.entryBytesMax.value) {
    throw new TypeError(`Expected \`entryBytesMax\` to be at most ${limits.entryBytesMax.value}, got ${options.entryBytesMax}`);
  }
  return Object.freeze(options);
}

function checkOption(name: string, value: unknown, doc: OptionDoc): void {
  if (Array.isArray(doc.default)) {
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string"))
      throw new TypeError(`Expected \`${name}\` to be a list of strings, got ${JSON.stringify(value)}`);
  } else if (typeof doc.default === "number") {
    const least = name === "port" || name === "authorizeCacheMs" ? 0 : 1;
    if (!Number.isSafeInteger(value) || (value as number) < least)
      throw new TypeError(`Expected \`${name}\` to be a whole number of ${doc.unit}, at least ${least}, got ${JSON.stringify(value)}`);
  } else if (typeof value !== "string") throw new TypeError(`Expected \`${name}\` to be a string, got ${JSON.stringify(value)}`);
}

/** What was decided on purpose, and not by default. */
export interface Decisions {
  readonly host: string;
  readonly auth: boolean;
  readonly origins: boolean;
}

/** Why a server must not listen there: beyond this machine nothing is open by default. Null when it may. */
export function decisionFault({ host, auth, origins }: Decisions): string | null {
  if (loopback.test(host) || (auth && origins)) return null;
  const lacking = [...(auth ? [] : ["`auth` (whom to let in, or `anonymous`)"]), ...(origins ? [] : ["`origins` (which pages, or `none`)"])];
  return `Expected a decision on ${lacking.join(" and ")} to listen on ${host}, which is not a loopback address`;
}
