/**
 * Arbitrary frames and publishes, with names, keys and numbers at their bounds, and the mutations that a hostile or broken
 * peer could make to a message's text.
 */
import fc from "fast-check";
import { formatPosition, type PublishMessage } from "../../src/index.ts";
import { jsonText } from "./json-text.ts";

/** Records as JSON.parse makes them, with a prototype. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;

/** Worst cases first: names and keys whose bytes or escapes are many. */
export const streamName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("a", "rooms/42", "__proto__", "四".repeat(85), `${"é/".repeat(84)}a`, "~".repeat(255)),
  fc.array(fc.constantFrom("a", "b.c", "é", "*", "-"), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")),
);

/** 1 to 255 bytes of anything: a control character takes 6 bytes in JSON. */
export const key: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("k", "\u0000".repeat(255), '"'.repeat(255), "\\".repeat(255), "\u2028".repeat(85), "\u{1f980}".repeat(63)),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((text) => Buffer.byteLength(text) <= 255),
);

export const count: fc.Arbitrary<number> = fc.oneof(fc.nat(), fc.constantFrom(0, Number.MAX_SAFE_INTEGER));

export const position: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom("e", "0123456789abcdefghjkmnpqrstvwxyz"), fc.oneof(fc.nat(), fc.constantFrom(0, Number.MAX_SAFE_INTEGER)))
  .map(([epoch, seq]) => formatPosition(epoch, seq));

const duration = fc.oneof(fc.nat({ max: 86_400_000 }), fc.constantFrom(0, 86_400_000));

/** JSON text of exactly `bytes` bytes, most of them in one string of `sign`. */
export function jsonOfBytes(bytes: number, sign = "x"): string {
  const times = Math.floor((bytes - 2) / Buffer.byteLength(sign));
  return `"${sign.repeat(times)}${"x".repeat(bytes - 2 - times * Buffer.byteLength(sign))}"`;
}

/** Payload sizes around every bound. */
export const sizes: readonly number[] = [
  2, 16_383, 16_384, 16_385, 36_863, 36_864, 36_865, 44_999, 45_000, 45_001, 49_151, 49_152, 49_153, 89_999, 90_000, 90_001, 262_143, 262_144,
];

const payload: fc.Arbitrary<string | Uint8Array | null> = fc.oneof(
  { weight: 4, arbitrary: jsonText.map(({ text }) => text) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...sizes), fc.constantFrom("x", "é", "四", "\u{1f980}")).map(([bytes, sign]) => jsonOfBytes(bytes, sign)) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 100 }) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...sizes), fc.nat(255)).map(([bytes, fill]) => new Uint8Array(bytes).fill(fill)) },
  fc.constant(null),
);

const producer = record({ id: key, epoch: count, seq: count });

/** A publish as an application asks for it. */
export const publish: fc.Arbitrary<PublishMessage> = fc
  .record({
    id: count,
    stream: streamName,
    payload,
    key: fc.option(key, { nil: undefined }),
    identity: fc.oneof(
      fc.constant({}),
      producer.map((p) => ({ producer: p })),
      key.map((k) => ({ dedupeKey: k })),
    ),
    close: fc.boolean(),
  })
  .map(({ identity, payload: given, close, ...rest }) => ({ ...rest, payload: given, ...identity, close: given === null || close }));

/** As long as one may be, and of what grows most in JSON. */
const token = fc.constantFrom("t", "a.b.c", "\u0000".repeat(8_192));

/** Every message of a client but publish and its parts, as frames. */
export const clientFrame = fc.oneof(
  record({ type: fc.constant("hello" as const), protocol: count, client: fc.constantFrom("c/1", "é".repeat(64), "\u0000".repeat(128)), replaces: key }),
  record({ type: fc.constant("hello" as const), protocol: count }),
  record({ type: fc.constant("hello" as const), protocol: count, token }),
  record({ type: fc.constant("auth" as const), id: count, token }),
  record({
    type: fc.constant("subscribe" as const),
    id: count,
    stream: streamName,
    from: fc.oneof(
      fc.constantFrom("first" as const, "now" as const),
      fc.nat({ max: 10_000 }).map((last) => ({ last })),
      position.map((after) => ({ after })),
    ),
  }),
  record({ type: fc.constant("unsubscribe" as const), stream: streamName }),
  fc.constant({ type: "beat" as const }),
  record({ type: fc.constantFrom("ping" as const, "pong" as const), id: count }),
);

const code = fc.constantFrom("bad_request" as const, "too_many_subscriptions" as const, "unknown_outcome" as const);
const streamBeats = fc
  .array(fc.tuple(streamName, record({ sent: position, head: position })), { maxLength: 64 })
  .map((pairs) => Object.fromEntries(pairs) as Record<string, { sent: string; head: string }>);

/** Every message of a server but entries and their parts, as frames. */
export const serverFrame = fc.oneof(
  record({
    type: fc.constant("welcome" as const),
    link: key,
    node: key,
    heartbeatMs: duration.map((ms) => Math.max(1, ms)),
    entryBytesMax: count,
    subscriptionsMax: count,
    reconnect: record({ windowMs: duration }),
  }),
  record({ type: fc.constant("authed" as const), id: count, expiresMs: duration }),
  record({ type: fc.constant("subscribed" as const), id: count, stream: streamName, position, head: position }),
  record({ type: fc.constant("unsubscribed" as const), stream: streamName }),
  record({ type: fc.constant("unsubscribed" as const), id: count, stream: fc.constantFrom("a", "\u0000".repeat(255)), code, message: fc.constant("m") }),
  record({
    type: fc.constant("gap" as const),
    stream: streamName,
    reason: fc.constantFrom("trimmed" as const, "epoch" as const, "ahead" as const, "missing" as const),
    from: position,
    after: position,
    head: position,
  }),
  record({ type: fc.constant("closed" as const), stream: streamName, position }),
  record({ type: fc.constant("published" as const), id: count, position: fc.option(position), duplicate: fc.boolean() }),
  record({ type: fc.constant("refused" as const), id: count, code, message: fc.constant("m") }),
  record({ type: fc.constant("refused" as const), id: count, code, message: fc.constant("m"), afterMs: duration }),
  record({ type: fc.constant("beat" as const), streams: streamBeats, reconnect: record({ windowMs: duration }) }),
  record({ type: fc.constantFrom("ping" as const, "pong" as const), id: count }),
  record({ type: fc.constant("goaway" as const), code, afterMs: duration, deadlineMs: duration }),
  record({ type: fc.constant("error" as const), code, message: fc.constant("m"), id: count }),
);

const hostileValue = fc.constantFrom(
  "null",
  "0",
  "-1",
  "1.5",
  "1e999",
  "9007199254740993",
  '""',
  '"x"',
  "[]",
  "{}",
  "true",
  '"\\ud800"',
  '"__proto__"',
  "[".repeat(80),
  `${"[".repeat(80)}${"]".repeat(80)}`,
  "NaN",
  "'x'",
);

type Mutation = (text: string, at: number, value: string) => string;
const mutations: readonly Mutation[] = [
  (text, at) => text.slice(0, at), // cut short
  (text, at) => text.slice(0, at) + text.slice(at + 1), // a sign lost
  (text, at, value) => text.slice(0, at) + value + text.slice(at), // something put in
  (text, at) => text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1), // a bit turned
  (text, at, value) => replaceMember(text, at, value), // a value replaced
  (text, at, value) => text.replace(/\}$/, `,${Object.keys(JSON.parse(text) as object).map((name) => JSON.stringify(name))[at % 3] ?? '"x"'}:${value}}`), // a member repeated
  (text, at) =>
    text.replace(/"([a-z])([a-zA-Z]*)":/g, (whole, first: string, rest: string) =>
      at % 2 === 0 ? `"\\u00${first.charCodeAt(0).toString(16)}${rest}":` : whole,
    ), // names escaped
  (text) => `${text}${text}`, // twice
  (text) => `[${text}]`, // wrapped
];

/** Replaces the value of one member of the outermost object; the message must be JSON. */
function replaceMember(text: string, at: number, value: string): string {
  const names = Object.keys(JSON.parse(text) as object);
  const name = names[at % Math.max(1, names.length)];
  if (name === undefined) return value;
  const members = Object.entries(JSON.parse(text) as object).map(([other, old]) => `${JSON.stringify(other)}:${other === name ? value : JSON.stringify(old)}`);
  return `{${members.join(",")}}`;
}

/** A text that is nearly one of the messages given: one mutation that knows the structure, or several that do not. */
export function nearly(messages: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const once = fc
    .tuple(messages, fc.nat(), hostileValue, fc.nat({ max: mutations.length - 1 }))
    .map(([text, at, value, which]) => (mutations[which] as Mutation)(text, at % (text.length + 1), value));
  const thenSigns = fc.tuple(once, fc.array(fc.tuple(fc.nat(), hostileValue, fc.nat({ max: 3 })), { minLength: 1, maxLength: 3 }));
  const manyTimes = thenSigns.map(([text, more]) =>
    more.reduce((sofar, [at, value, which]) => (mutations[which] as Mutation)(sofar, at % (sofar.length + 1), value), text),
  );
  return fc.oneof({ weight: 3, arbitrary: once }, manyTimes);
}
