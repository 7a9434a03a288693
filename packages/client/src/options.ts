/**
 * The client's options: defaults, bounds and their documentation, in one place.
 * Nothing here may depend on the platform; a resolved set is frozen and complete.
 */
import { isKey } from "@holdfast/protocol";

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
  /** How long an entry waits for the server's answer, in ms. Default 10 minutes; then `outbox_expired`. */
  readonly outboxAgeMs?: number;
  /** Publishes of one stream that may be unanswered at a time. Default 128. */
  readonly inFlightMax?: number;
  /** The producer's id, 1 to 255 bytes. Default: random for each client. Give one to repeat a run without adding entries twice. */
  readonly producerId?: string;
  /** The epoch that this producer begins with. Default 0. */
  readonly producerEpoch?: number;
  /** What may carry the link, best first: `websocket`, `sse`, `poll`. Default: all, in this order. */
  readonly transports?: readonly string[];
  /** Name and version of the application, for the server's logs; at most 128 bytes. Default `holdfast-js`. */
  readonly name?: string;
}

/** Options with every default filled in; `producerId` stays null until the client draws one. */
export type ResolvedOptions = Readonly<Record<NumberOption, number> & { producerId: string | null; transports: readonly string[] | null; name: string }>;

type NumberOption = keyof typeof numbers;

// Default, least, most. The greatest delays stay below what a platform's timer can hold (2^31 ms); an entry is given up in less than half
// of the time (25 minutes) for which a server remembers a silent producer.
const numbers = {
  dialTimeoutMs: [10_000, 100, 300_000],
  handshakeTimeoutMs: [10_000, 100, 300_000],
  probeTimeoutMs: [5_000, 100, 60_000],
  ackTimeoutMs: [5_000, 100, 600_000],
  backoffBaseMs: [1_000, 10, 60_000],
  backoffCapMs: [30_000, 10, 3_600_000],
  idleLinkMs: [10_000, 0, 86_400_000],
  queueEntriesMax: [1_000, 2, 1_000_000],
  queueBytesMax: [1_048_576, 1_024, 1_073_741_824],
  outboxBytesMax: [1_048_576, 1_024, 1_073_741_824],
  outboxAgeMs: [600_000, 1_000, 720_000],
  inFlightMax: [128, 1, 128],
  producerEpoch: [0, 0, Number.MAX_SAFE_INTEGER - 1_000_000],
} as const;

const expected = (name: string, what: string, got: unknown): TypeError => new TypeError(`Expected \`${name}\` to be ${what}, got ${describe(got)}`);

const describe = (value: unknown): string => (typeof value === "string" ? JSON.stringify(value) : String(value));

/** Fills in and checks. Throws TypeError "Expected `x` to be …, got …"; an unknown option is refused too, since it is a spelling mistake. */
export function resolveOptions(given: ClientOptions = {}): ResolvedOptions {
  const resolved: Record<string, unknown> = { producerId: null, transports: null, name: "holdfast-js" };
  for (const [name, [value]] of Object.entries(numbers)) resolved[name] = value;
  for (const [name, value] of Object.entries(given as Record<string, unknown>)) {
    if (value === undefined) continue;
    if (name === "producerId") {
      if (!isKey(value)) throw expected(name, "1 to 255 bytes of text", value);
    } else if (name === "transports") {
      if (!Array.isArray(value)) throw expected(name, "a list", value);
    } else if (name === "name") {
      if (typeof value !== "string" || new TextEncoder().encode(value).length > 128) throw expected(name, "text of at most 128 bytes", value);
    } else {
      if (!Object.hasOwn(numbers, name)) throw expected(name, "an option of this client", value);
      const [, least, most] = numbers[name as NumberOption];
      if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
        throw expected(name, `a whole number from ${least} to ${most}`, value);
      }
    }
    resolved[name] = value;
  }
  return Object.freeze(resolved) as ResolvedOptions;
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
  name: ["text", "Name and version of the application, for the server's logs", "holdfast-js"],
};

/** Documents the options; built on demand, so that a bundle which does not ask for it does not carry it. */
export const clientOptionDocs: Readonly<Record<string, OptionDoc>> = /* @__PURE__ */ documentOptions();

function documentOptions(): Record<string, OptionDoc> {
  const docs: Record<string, OptionDoc> = {};
  for (const [name, [unit, what, byDefault]] of Object.entries(texts)) {
    docs[name] = { default: byDefault ?? numbers[name as NumberOption][0], unit, what };
  }
  return docs;
}
