/**
 * Part E: event streams, polls, and HTTP as pages and libraries use it.
 */
import { gzipSync } from "node:zlib";
import { EventStreamParser } from "../../../scripts/test-support/event-stream.ts";
import { RawHttp, requestBytes } from "../../../scripts/test-support/raw-http.ts";
import { answersTo, get, seenOf, sendAndSee, wordsOf } from "../attack.ts";
import { canary } from "../clauses.ts";
import type { Expected, Row, Seen, Target } from "../row.ts";

type Message = Record<string, unknown>;

const on = (expected: Expected): Row["on"] => ({ holdfast: expected });
const refused = (status: number, code: string, more: Partial<Expected> = {}): Expected => ({ statuses: [status], end: "open", code, ...more });

const hello = '{"type":"hello","protocol":1}';
const lines = (...messages: readonly Message[]): string => [hello, ...messages.map((message) => JSON.stringify(message))].join("\n");
const text = { "Content-Type": "text/plain" };
const poll = (t: Target, body: string | Buffer, headers: Readonly<Record<string, string>> = text): Buffer =>
  requestBytes("POST", "/v1/poll", t.port, headers, body);
const publish = (t: Target, body: string | Buffer, headers: Readonly<Record<string, string>>): Buffer =>
  requestBytes("POST", "/v1/streams/hostile", t.port, headers, body);
const json = { "Content-Type": "application/json" };

/** Everything that ends a line or an event somewhere, in a key and in a payload. */
const breaks = `\r\n\nevent: ${canary}\rdata: ${canary}\n\nid: 7\u2028\u2029\u0000`;

/** Follows a stream by `EventSource`'s means until so many events have come; their kinds, as the standard's parser sees them. */
async function follow(t: Target, target: string, count: number): Promise<Seen> {
  const http = await RawHttp.send(t.port, requestBytes("GET", target, t.port));
  const events = (): EventStreamParser["events"] => {
    const parser = new EventStreamParser();
    parser.push(http.response?.body ?? Buffer.alloc(0));
    return parser.events;
  };
  try {
    await http.until(() => http.hasEnded || events().length >= count);
    return { ...seenOf(http), says: events().map(({ type, data }) => `${type} of ${data.split("\n").length}`) };
  } finally {
    http.destroy();
  }
}

/** Two polls for one stream at once; a publish answers both. */
async function pollTwice(t: Target): Promise<Seen> {
  const stream = "polls";
  const body = lines({ type: "subscribe", id: 1, stream, from: "now" });
  const polls = [await RawHttp.send(t.port, poll(t, body)), await RawHttp.send(t.port, poll(t, body))];
  try {
    for (const http of polls) await http.until(() => http.text.includes('"subscribed"'));
    await answersTo(t, [requestBytes("POST", `/v1/streams/${stream}`, t.port, json, "1")]);
    for (const http of polls) await http.whole();
    const messages = polls.flatMap(({ text: told }) => told.split("\n").slice(0, -1)).map((line) => JSON.parse(line) as Message);
    const entries = wordsOf(messages).filter((word) => word === "entry");
    return { statuses: polls.map(({ response }) => response?.status ?? 0), headers: {}, body: "", end: "open", says: entries };
  } finally {
    for (const http of polls) http.destroy();
  }
}

const badIds: readonly (readonly [letter: string, input: string, id: string])[] = [
  ["a", "a `Last-Event-ID` that no server wrote", canary],
  ["b", "one of 4 KiB", "1".repeat(4_096)],
  ["c", "one of other streams", "1,aaaaaa,k3v9.11"],
  ["d", "one with signs beyond ASCII", "1,\u00ff\u00fe,0"],
];

const bomb = gzipSync(Buffer.alloc(50_000_000, 48));

const bodies: readonly (readonly [letter: string, input: string, expected: Expected, (t: Target) => Buffer])[] = [
  ["57a", "a link's body that says to be JSON", refused(415, "unsupported_media_type"), (t) => poll(t, lines(), json)],
  ["57b", "a link's body without a type", refused(415, "unsupported_media_type"), (t) => poll(t, lines(), {})],
  ["57c", "a link's body that is not UTF-8", refused(400, "not_utf8"), (t) => poll(t, Buffer.from([0x7b, 0xff, 0xfe]))],
  ["57d", "a link's body without `hello`", refused(400, "bad_request"), (t) => poll(t, canary)],
  ["57e", "an entry whose type nobody knows", refused(415, "unsupported_media_type"), (t) => publish(t, "1", { "Content-Type": `text/${canary}` })],
  ["57f", "an entry that is not the JSON that it says to be", refused(400, "bad_payload"), (t) => publish(t, `{"${canary}"`, json)],
  ["58a", "50 MB of zeros, compressed to 50 KB", refused(415, "unsupported_media_type"), (t) => publish(t, bomb, { ...json, "Content-Encoding": "gzip" })],
  ["58b", "the same as a link's body", refused(415, "unsupported_media_type"), (t) => poll(t, bomb, { ...text, "Content-Encoding": "gzip" })],
  ["58c", "an encoding that nobody knows", refused(415, "unsupported_media_type"), (t) => publish(t, "1", { ...json, "Content-Encoding": canary })],
];

const noCors = ["Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"];
const foreign = `Origin: https://${canary}.example\r\n`;

export const rowsE: readonly Row[] = [
  {
    id: "E54",
    input: "CR, LF, NUL, U+2028 and whole events, in the key and the payload of an entry that is read as events",
    on: on({ statuses: [200], end: "open", says: ["welcome of 1", "subscribed of 1", "message of 1"], code: null }),
    run: async (t) => {
      const stream = `breaks/${t.port}`;
      await answersTo(t, [poll(t, lines({ type: "publish", id: 1, stream, key: breaks, data: breaks }))]);
      return follow(t, `/v1/sse?stream=${encodeURIComponent(stream)}&after=first`, 3);
    },
    note: "A parser that was written from the standard sees one event, and one line in it",
  },
  ...badIds.map(
    ([letter, input, id]): Row => ({
      id: `E55${letter}`,
      input,
      on: on(refused(400, "bad_position")),
      bytes: (t) => Buffer.from(get(t, `Last-Event-ID: ${id}\r\n`, "/v1/sse?stream=calm"), "latin1"),
    }),
  ),
  { id: "E56", input: "two polls at once, of one client", on: on({ statuses: [200, 200], end: "open", says: ["entry", "entry"], code: null }), run: pollTwice },
  ...bodies.map(([id, input, expected, bytes]): Row => ({ id: `E${Number.parseInt(id, 10)}${id.slice(2)}`, input, on: on(expected), bytes })),
  {
    id: "E59a",
    input: "a request of a foreign page",
    on: on(refused(403, "bad_origin", { end: "closed", without: noCors })),
    bytes: (t) => get(t, foreign),
  },
  {
    id: "E59b",
    input: "a preflight of a foreign page",
    on: on(refused(403, "bad_origin", { end: "closed", without: noCors })),
    bytes: (t) => get(t, `${foreign}Access-Control-Request-Method: POST\r\n`, "/v1/poll").replace("GET", "OPTIONS"),
  },
  {
    id: "E59c",
    input: "an event stream for our own page",
    on: on({
      statuses: [200],
      headers: { "Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no" },
      without: ["Access-Control-Allow-Credentials", "Content-Encoding"],
      end: "open",
      code: null,
    }),
    run: (t) =>
      sendAndSee(t, requestBytes("POST", "/v1/sse", t.port, { ...text, Origin: `http://127.0.0.1:${t.port}`, "Accept-Encoding": "gzip, br" }, lines())),
    note: "Never compressed: what a page adds must not tell the length of what it may not read",
  },
];
