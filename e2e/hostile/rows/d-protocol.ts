/**
 * Part D: messages of the protocol, over links and by HTTP. All of it is Holdfast's own: a guarded server has a protocol of its own.
 */
import { RawHttp, requestBytes } from "../../../scripts/test-support/raw-http.ts";
import { Wire } from "../../../scripts/test-support/wire.ts";
import { answersTo, closeOf, link, seenOf } from "../attack.ts";
import { canary } from "../clauses.ts";
import type { Expected, Row, Seen, Target } from "../row.ts";
import { forbiddenRows, takenBackRows } from "./d-access.ts";

type Message = Readonly<Record<string, unknown>>;

const on = (expected: Expected): Row["on"] => ({ holdfast: expected });
const says = (words: readonly string[], code: string | null, times = 1): Expected => ({ end: "open", says: words, code, times });
const answers = (statuses: readonly number[], code: string | null, more: Partial<Expected> = {}): Expected => ({ statuses, end: "open", code, ...more });

const subscribe = (from: unknown, id = 1, stream: unknown = "calm"): Message => ({ type: "subscribe", id, stream, from });
const publish = (id: number, rest: Message): Message => ({ type: "publish", id, stream: "hostile", ...rest });
const json = { "Content-Type": "application/json" };
const post = (t: Target, stream: string, body: string, headers: Readonly<Record<string, string>> = {}): Buffer =>
  requestBytes("POST", `/v1/streams/${stream}`, t.port, { ...json, ...headers }, body);
const get = (t: Target, target: string): Buffer => requestBytes("GET", target, t.port);

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

const badMessages: readonly string[] = [
  canary,
  "[]",
  "null",
  `{"type":"${canary}"}`,
  '{"type":"ping","id":-1}',
  '{"type":"ping","id":1.5}',
  '{"type":"subscribe","id":1}x',
  '{"type":"part"}',
  '{"type":"pong"}',
  `{"type":"ping","id":${nested(10_000)}}`,
];

/** None of these was ever written by a server. */
const badCursors: readonly string[] = [
  "",
  "1",
  "-1",
  "e.-1",
  "e.05",
  "../x",
  `${canary}.99999999999999999999`,
  "e.zzzzzzzzzzzzzzzzzzzz",
  "e.1\r\n",
  "\u202e.1",
];

/** Names that could mean something elsewhere; here they are no names. */
const badNames: readonly string[] = ["../x", "a/../b", "a//b", "/a", "x".repeat(4_096), "a\r\nb", "a\u001b[31mb", "a\u202eb", "a\0b", "a b"];
const badPaths: readonly string[] = ["..%2fx", "a%2f%2e%2e", "a%2f%2fb", "a%0d%0ab", "a%1b%5b31m", "a%e2%80%aeb", "a%ff", "a%00", "%"];

/** The head of the stream that goes on, by HTTP. */
async function head(t: Target): Promise<string> {
  const http = await RawHttp.send(t.port, get(t, "/v1/streams/calm?after=now"));
  const { body } = await http.whole();
  http.destroy();
  return (JSON.parse(body.toString()) as { head: string }).head;
}

/** A place of this log that it has not reached. */
const ahead = (position: string): string => `${position.split(".")[0]}.5zzzzz`;

/** Fills a stream beyond what is kept of one. */
async function overfill(t: Target): Promise<void> {
  for (let i = 0; i < 2; i++) {
    const body = Array.from({ length: 1_000 }, (_, n) => String(n)).join("\n");
    const http = await RawHttp.send(t.port, requestBytes("POST", "/v1/streams/past", t.port, { "Content-Type": "application/x-ndjson" }, body));
    await http.whole();
    http.destroy();
  }
}

const pages = (t: Target, cursors: readonly string[]): Promise<Seen> =>
  answersTo(
    t,
    cursors.map((after) => get(t, `/v1/streams/calm?after=${encodeURIComponent(after)}`)),
  );

/** What was said before delivery went on. */
const withoutEntries = (seen: Seen): Seen => ({ ...seen, says: (seen.says ?? []).filter((word) => word !== "entry") });

/** The reasons of gaps, or whether a publish was a duplicate, as words. */
const toldIn = (seen: Seen, pick: (body: Record<string, unknown>) => unknown): Seen => ({
  ...seen,
  says: seen.body.split("\n").flatMap((line) => (line === "" ? [] : [String(pick(JSON.parse(line) as Record<string, unknown>))])),
});
const gapReason = (body: Record<string, unknown>): unknown => (body["gap"] as { reason: string }).reason;

const malformed: readonly Row[] = [
  {
    id: "D38a",
    input: "ten messages that are none",
    on: on(
      says(
        badMessages.map(() => "error bad_request"),
        "bad_request",
        badMessages.length,
      ),
    ),
    run: (t) => link(t, badMessages, badMessages.length),
  },
  {
    id: "D38b",
    input: "an eleventh",
    on: on({ end: "closed", close: 4500, says: badMessages.map(() => "error bad_request"), code: "bad_request", times: 11 }),
    run: (t) =>
      link(
        t,
        Array.from({ length: 11 }, () => canary),
        11,
      ),
  },
  {
    id: "D39a",
    input: "a payload of 10,000 arrays in each other",
    on: on(says(["refused payload_too_deep"], "payload_too_deep")),
    run: (t) => link(t, [`{"type":"publish","id":1,"stream":"hostile","data":${nested(10_000)}}`], 1),
  },
  {
    id: "D39b",
    input: "a message of 200,000 members",
    on: on({ end: "closed", close: 1009, says: [], code: "frame_too_large" }),
    run: (t) => link(t, [`{${Array.from({ length: 200_000 }, (_, i) => `"${i}":1`).join(",")}}`], 1),
  },
  {
    id: "D39c",
    input: "a number of 40,000 digits",
    on: on(says(["published"], null)),
    run: (t) => link(t, [`{"type":"publish","id":1,"stream":"hostile","data":${"9".repeat(40_000)}}`], 1),
    note: "Payloads are text: it is kept as it came, and parsed by nobody here",
  },
  {
    id: "D39d",
    input: "by HTTP: 10,000 arrays in each other",
    on: on(answers([400], "payload_too_deep")),
    bytes: (t) => post(t, "hostile", nested(10_000)),
  },
  {
    id: "D40",
    input: "a publish that announces 10,000 parts, and sent none",
    on: on(says(["refused bad_request"], "bad_request")),
    run: (t) => link(t, [publish(1, { parts: 10_000, format: "json" })], 1),
  },
];

const cursors: readonly Row[] = [
  {
    id: "D41a",
    input: "cursors that no server wrote: malformed, negative, above 2^63, with leading zeros",
    on: on(
      says(
        badCursors.map(() => "unsubscribed bad_position"),
        "bad_position",
        badCursors.length,
      ),
    ),
    run: (t) =>
      link(
        t,
        badCursors.map((after, id) => subscribe({ after }, id)),
        badCursors.length,
      ),
  },
  {
    id: "D41b",
    input: "the same by HTTP",
    on: on(
      answers(
        badCursors.map(() => 400),
        "bad_position",
        { times: badCursors.length },
      ),
    ),
    run: (t) => pages(t, badCursors),
  },
  {
    id: "D42a",
    input: "a cursor ahead of the log",
    on: on(says(["subscribed", "gap ahead"], "ahead")),
    run: async (t) => withoutEntries(await link(t, [subscribe({ after: ahead(await head(t)) })], 2)),
  },
  {
    id: "D42b",
    input: "the same by HTTP",
    on: on(answers([410], "ahead", { says: ["ahead"] })),
    run: async (t) => toldIn(await pages(t, [ahead(await head(t))]), gapReason),
  },
  {
    id: "D43a",
    input: "a cursor of another log",
    on: on(says(["subscribed", "gap epoch"], "epoch")),
    run: async (t) => withoutEntries(await link(t, [subscribe({ after: "0000000000.15" })], 2)),
  },
  {
    id: "D43b",
    input: "the same by HTTP",
    on: on(answers([410], "epoch", { says: ["epoch"] })),
    run: async (t) => toldIn(await pages(t, ["0000000000.15"]), gapReason),
  },
  {
    id: "D44a",
    input: "a cursor before what is kept",
    on: on(says(["subscribed", "gap trimmed"], "trimmed")),
    run: async (t) => {
      await overfill(t);
      return withoutEntries(await link(t, [subscribe({ after: "0" }, 1, "past")], 2));
    },
  },
  {
    id: "D44b",
    input: "the same by HTTP",
    on: on(answers([410], "trimmed", { says: ["trimmed"] })),
    run: async (t) => toldIn(await answersTo(t, [get(t, "/v1/streams/past?after=0")]), gapReason),
  },
];

const names: readonly Row[] = [
  {
    id: "D46a",
    input: "subscriptions beyond `subscriptionsMax`, here 3",
    setting: "few",
    on: on(says(["subscribed", "subscribed", "subscribed", "unsubscribed too_many_subscriptions"], "too_many_subscriptions")),
    run: async (t) => {
      const wishes = ["a", "b", "c", canary].map((stream, id) => subscribe("first", id, stream));
      const seen = await link(t, wishes, 4);
      return { ...seen, says: (seen.says ?? []).toSorted() }; // A refusal needs no look into the log, and overtakes.
    },
  },
  {
    id: "D46b",
    input: "names with `..`, empty segments, line ends, NUL, escapes, signs that turn the line around, or 4 KiB",
    on: on(
      says(
        badNames.map(() => "unsubscribed bad_stream_name"),
        "bad_stream_name",
        badNames.length,
      ),
    ),
    run: (t) =>
      link(
        t,
        badNames.map((stream, id) => subscribe("first", id, stream)),
        badNames.length,
      ),
  },
  {
    id: "D46c",
    input: "the same in paths, percent-encoded",
    on: on(
      answers(
        badPaths.map(() => 400),
        "bad_stream_name",
        { times: badPaths.length },
      ),
    ),
    run: (t) =>
      answersTo(
        t,
        badPaths.map((path) => get(t, `/v1/streams/${path}`)),
      ),
  },
];

const producer = (epoch: number, seq: number): Record<string, string> => ({
  "Holdfast-Producer-Id": "hostile",
  "Holdfast-Producer-Epoch": String(epoch),
  "Holdfast-Producer-Seq": String(seq),
});

const publishes: readonly Row[] = [
  {
    id: "D47",
    input: "one dedupe key three times, the third with another body",
    on: on(answers([200, 200, 200], null, { says: ["false", "true", "true"] })),
    run: async (t) => {
      const dedupe = { "Holdfast-Dedupe-Key": canary };
      const bodies = ["1", "1", "2"].map((body) => post(t, "dedupe", body, dedupe));
      return toldIn(await answersTo(t, bodies), ({ duplicate }) => duplicate);
    },
    note: "The key says that it is the same entry; the first body is in the log, and no other",
  },
  {
    id: "D48a",
    input: "a producer that leaves out a number",
    on: on(answers([200, 409], "out_of_order")),
    run: (t) => answersTo(t, [post(t, "gap", "1", producer(0, 0)), post(t, "gap", "2", producer(0, 2))]),
  },
  {
    id: "D48b",
    input: "a producer of an epoch that is over",
    on: on(answers([200, 409], "fenced")),
    run: (t) => answersTo(t, [post(t, "fence", "1", producer(1, 0)), post(t, "fence", "2", producer(0, 0))]),
  },
  {
    id: "D49a",
    input: "a body above `bodyBytesMax`",
    on: on(answers([413], "body_too_large", { end: "closed" })),
    bytes: (t) => post(t, "hostile", `"${"x".repeat(1_048_576)}"`),
  },
  {
    id: "D49b",
    input: "a body of 3 GB, as far as it is announced",
    on: on(answers([413], "body_too_large", { end: "closed" })),
    run: (t) => pour(t, requestBytes("POST", "/v1/streams/hostile", t.port, { ...json, "Content-Length": "3000000000" })),
    note: "Read on to twice the limit, so that the answer is not lost to a reset",
  },
  {
    id: "D49c",
    input: "an entry above `entryBytesMax`",
    on: on(answers([413], "entry_too_large")),
    bytes: (t) => post(t, "hostile", `"${"x".repeat(262_143)}"`),
  },
  {
    id: "D49d",
    input: "a message above 65,536 bytes on a link",
    on: on({ end: "closed", close: 1009, says: ["welcome"], code: "frame_too_large" }),
    run: async (t) => {
      const wire = await Wire.live(t.port);
      wire.send(publish(1, { data: "x".repeat(65_536) }));
      return closeOf(wire);
    },
  },
];

/** Sends a body until the connection ends or an answer has come whole. */
async function pour(t: Target, requestHead: Buffer): Promise<Seen> {
  const http = await RawHttp.send(t.port, requestHead);
  const piece = Buffer.alloc(65_536, 120);
  const pouring = setInterval(() => {
    if (http.socket.writable && http.socket.writableLength < piece.length) http.socket.write(piece);
  }, 1);
  try {
    await http.until(() => http.hasEnded);
    return seenOf(http);
  } finally {
    clearInterval(pouring);
    http.destroy();
  }
}

export const rowsD: readonly Row[] = [...malformed, ...cursors, ...forbiddenRows, ...names, ...publishes, ...takenBackRows];
