/**
 * The client's options: defaults, bounds and their documentation, in one place.
 * Nothing here may depend on the platform.
 */
/** What may be tuned. Every member has a default that suits a client on an unknown path. */
export interface ClientOptions {
  /** Time for a transport to open a connection, in ms. Default 10,000. */
  readonly dialTimeoutMs?: number;
  /** Time from `hello` to `welcome`, in ms. Default 10,000. */
  readonly handshakeTimeoutMs?: number;
  /** Time for an answer to a probe, in ms. Default 5,000. With the server's default heartbeat a dead link is noticed within 21 s. */
  readonly probeTimeoutMs?: number;
  /** Publishes and subscribes that have had no answer for this long make the client probe the link, in ms. Default 5,000. */
  readonly ackTimeoutMs?: number;
  /** Upper bound of the first delay after a failed dial, in ms; it doubles with every failure. Default 1,000. */
  readonly backoffBaseMs?: number;
  /** Upper bound of every later delay, in ms. Default 30,000. */
  readonly backoffCapMs?: number;
  /** How long a link without streams and publishes is kept, in ms. Default 10,000. */
  readonly idleLinkMs?: number;
  /** Entries that one stream holds for an iterator that is not ready; then the stream is cut back. Default 1,000. */
  readonly queueEntriesMax?: number;
  /** The same in bytes of messages. Default 1 MiB. */
  readonly queueBytesMax?: number;
  /** Bytes of payload (plus 256 an entry) that wait for the server's answer. Default 1 MiB; above it, `outbox_full`. */
  readonly outboxBytesMax?: number;
  /** How long an entry waits for the server's answer, in ms. Default 10 minutes, at most 12; then `outbox_expired`. */
  readonly outboxAgeMs?: number;
  /** Publishes of one stream that may be unanswered at a time. Default 128. */
  readonly inFlightMax?: number;
  /** The producer's id, 1 to 255 bytes. Default: random for each client. Give one to repeat a run without adding entries twice. */
  readonly producerId?: string;
  /** The epoch that this producer begins with. Default 0. */
  readonly producerEpoch?: number;
  /** What may carry the link, best first: `websocket`, `sse`, `poll`. Default: all, in this order. */
  readonly transports?: readonly string[];
  /**
   * Says who this client is: the token, or a function that gives one, called for every dial, and again before what it gave runs out. What it throws, or rejects with, is tried again.
   * It must give a token that is good now. Default: none.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** Name and version of the application, for the server's logs; at most 128 bytes. Default `holdfast-js`. */
  readonly name?: string;
}

/** Options with every default filled in. */
export type ResolvedOptions = Readonly<typeof defaults>;

const defaults = {
  dialTimeoutMs: 10_000,
  handshakeTimeoutMs: 10_000,
  probeTimeoutMs: 5_000,
  ackTimeoutMs: 5_000,
  backoffBaseMs: 1_000,
  backoffCapMs: 30_000,
  idleLinkMs: 10_000,
  queueEntriesMax: 1_000,
  queueBytesMax: 1_048_576,
  outboxBytesMax: 1_048_576,
  outboxAgeMs: 600_000,
  inFlightMax: 128,
  producerEpoch: 0,
  /** Empty: the client draws one. */
  producerId: "",
  /** Empty: all that the platform has. */
  transports: [] as readonly string[],
  token: (): string | Promise<string> => "",
  name: "holdfast-js",
};

/** An entry must be given up in less than half of the time (25 minutes) for which a server remembers a silent producer. */
const outboxAgeMsMax = 720_000;

/**
 * Fills in. Throws TypeError for an option that does not exist, or is of the wrong kind: numbers are whole, from 0 on.
 * What texts may be is the server's to say.
 */
export function resolveOptions(given: ClientOptions = {}): ResolvedOptions {
  const resolved = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    const byDefault: unknown = defaults[name as keyof ClientOptions];
    const isWrong = typeof byDefault === "number" ? !Number.isSafeInteger(value) || value < 0 : typeof value !== typeof byDefault;
    if (value === undefined) continue;
    // Never shown, not even when it is of the wrong kind.
    if (name === "token" && isWrong) resolved.token = () => `${value}`;
    else if (isWrong) throw new TypeError(`Invalid option ${name}: ${value}`);
    else resolved[name as "name"] = value;
  }
  resolved.outboxAgeMs = Math.min(resolved.outboxAgeMs, outboxAgeMsMax);
  return resolved;
}

/** One option as the documentation lists it. */
export interface OptionDoc {
  readonly default: number | string;
  readonly unit: string;
  readonly what: string;
}

const texts: Readonly<Record<keyof ClientOptions, readonly [unit: string, what: string, byDefault?: string]>> = {
  dialTimeoutMs: ["ms", "Time for a transport to open a connection; then `connect_timeout`"],
  handshakeTimeoutMs: ["ms", "Time from `hello` to `welcome`; then `handshake_timeout`"],
  probeTimeoutMs: ["ms", "Time for an answer to a probe; then `heartbeat_lost` and a new link"],
  ackTimeoutMs: ["ms", "Time without any answer to publishes and subscribes before the link is probed"],
  backoffBaseMs: ["ms", "Upper bound of the first delay after a failed dial; it doubles with every failure"],
  backoffCapMs: ["ms", "Upper bound of every later delay"],
  idleLinkMs: ["ms", "How long a link without streams and publishes is kept"],
  queueEntriesMax: ["entries", "Entries that one stream holds for its iterator; at the limit the subscription is cut back until half is taken"],
  queueBytesMax: ["bytes", "The same, in bytes of messages"],
  outboxBytesMax: ["bytes", "Payload (plus 256 bytes an entry) that waits for answers; above it `outbox_full`"],
  outboxAgeMs: ["ms", "How long an entry waits for its answer; then `outbox_expired`"],
  inFlightMax: ["publishes", "Unanswered publishes of one stream at a time"],
  producerId: ["text", "The producer's id: the same id, epoch and order of publishes add nothing twice", "random for each client"],
  producerEpoch: ["number", "The epoch that this producer begins with"],
  transports: ["names", "What may carry the link, best first", "websocket, sse, poll"],
  token: [
    "text or function",
    "Says who this client is: the token, or what gives one, called for every dial and again before what it gave runs out; its failures are tried again",
    "none",
  ],
  name: ["text", "Name and version of the application, for the server's logs", "holdfast-js"],
};

/** Documents the options; built on demand, so that a bundle which does not ask for it does not carry it. */
export const clientOptionDocs: Readonly<Record<string, OptionDoc>> = /* @__PURE__ */ documentOptions();

function documentOptions(): Record<string, OptionDoc> {
  const docs: Record<string, OptionDoc> = {};
  for (const [name, [unit, what, byDefault]] of Object.entries(texts)) {
    docs[name] = { default: byDefault ?? (defaults[name as keyof ClientOptions] as number), unit, what };
  }
  return docs;
}
