/**
 * Of part D: streams that somebody may not touch, and rights that are taken back or run out while a link lives. The subject asks for JWTs.
 */
import { RawHttp, requestBytes } from "../../../scripts/test-support/raw-http.ts";
import { clientFrame, Wire } from "../../../scripts/test-support/wire.ts";
import { answersTo, closeOf, seenOf, wordsOf } from "../attack.ts";
import type { Expected, Row, Seen, Target } from "../row.ts";
import { token } from "../tokens.ts";

type Message = Readonly<Record<string, unknown>>;

const on = (expected: Expected): Row["on"] => ({ holdfast: expected });
/** Within so long whatever was taken back must be gone. */
const takenBackMsMax = 5_000;
const runsOutMs = 1_500;

/** What a tenant may, and what it may not: a stream of nobody's, one that is not there, and one of another tenant, with entries. */
const own = { subject: "tenant-a", read: ["tenants/a/**"], publish: ["tenants/a/**"] };
const foreign = ["offices/board", "offices/nowhere", "tenants/b/orders"] as const;

const post = (t: Target, path: string, said: string, body: string, type: string): Buffer =>
  requestBytes("POST", path, t.port, { Authorization: `Bearer ${said}`, "Content-Type": type }, body);

/** Appends to a stream, as somebody who may. */
async function append(t: Target, stream: string, entries: readonly string[]): Promise<void> {
  await answersTo(t, [post(t, `/v1/streams/${stream}`, token(), entries.join("\n"), "application/x-ndjson")]);
}

async function writeForeign(t: Target): Promise<void> {
  for (const stream of ["offices/board", "tenants/b/orders"]) await append(t, stream, ["1", "2"]);
}

/** A link that was welcomed. */
async function live(t: Target, said: string): Promise<Wire> {
  const wire = await Wire.open(t.port, clientFrame(JSON.stringify({ type: "hello", protocol: 1, token: said })));
  await wire.until(() => wire.messages("welcome").length > 0 || wire.closeCode !== null);
  return wire;
}

/** The same, and it follows streams. */
async function following(t: Target, said: string, ...streams: readonly string[]): Promise<Wire> {
  const wire = await live(t, said);
  for (const [id, stream] of streams.entries()) wire.send({ type: "subscribe", id, stream, from: "now" });
  await wire.until(() => wire.messages("subscribed").length === streams.length);
  return wire;
}

const seenNow = (wire: Wire, says: readonly string[]): Seen => ({
  statuses: [],
  headers: {},
  body: wire.texts.join("\n"),
  end: wire.ended ? "closed" : "open",
  close: wire.closeCode,
  says,
});

/** Answers that differ in nothing but the name of the stream are said once. */
const distinct = (answers: readonly string[]): readonly string[] => [...new Set(answers.map((answer, i) => answer.replaceAll(foreign[i] as string, "NAME")))];

/** Says the same of each foreign stream on links of their own; different answers. */
async function toldOnLinks(t: Target, message: (stream: string) => Message): Promise<Seen> {
  await writeForeign(t);
  const answers: string[] = [];
  for (const stream of foreign) {
    const wire = await live(t, token(own));
    try {
      wire.send(message(stream));
      await wire.until(() => wire.texts.length > 1);
      answers.push(wire.texts.slice(1).join("\n"));
    } finally {
      wire.destroy();
    }
  }
  return { statuses: [], headers: {}, body: answers.join("\n"), end: "open", says: wordsOf(distinct(answers).map((text) => JSON.parse(text) as Message)) };
}

/** Asks the same of each foreign stream, by HTTP; different answers, headers included. */
async function toldByHttp(t: Target, request: (stream: string, said: string) => Buffer): Promise<Seen> {
  await writeForeign(t);
  const statuses: number[] = [];
  const answers: string[] = [];
  let last: Seen | undefined;
  for (const stream of foreign) {
    last = await answersTo(t, [request(stream, token(own))]);
    const { date: _, ...headers } = last.headers;
    statuses.push(...last.statuses);
    answers.push(JSON.stringify({ headers, body: last.body }));
  }
  const codes = distinct(answers).map((answer) => (JSON.parse((JSON.parse(answer) as { body: string }).body) as { error: { code: string } }).error.code);
  return { statuses, headers: {}, body: answers.join("\n"), end: last?.end ?? "closed", says: codes };
}

const alikeByHttp: Expected = { statuses: [403, 403, 403], end: "open", says: ["forbidden"], code: "forbidden", times: 3 };
const bearer = (said: string): Readonly<Record<string, string>> => ({ Authorization: `Bearer ${said}` });

export const forbiddenRows: readonly Row[] = (
  [
    {
      id: "D45a",
      input: "a subscribe to a stream that is forbidden, to one that is not there, and to one of another tenant",
      on: on({ end: "open", says: ["unsubscribed forbidden"], code: "forbidden", times: 3 }),
      run: (t) => toldOnLinks(t, (stream) => ({ type: "subscribe", id: 1, stream, from: "first" })),
      note: "One answer: the three differ in the name that was asked for, and in nothing else",
    },
    {
      id: "D45b",
      input: "a publish to the same",
      on: on({ end: "open", says: ["refused forbidden"], code: "forbidden", times: 3 }),
      run: (t) => toldOnLinks(t, (stream) => ({ type: "publish", id: 1, stream, data: 1 })),
    },
    {
      id: "D45c",
      input: "a page of the same, by HTTP",
      on: on(alikeByHttp),
      run: (t) => toldByHttp(t, (stream, said) => requestBytes("GET", `/v1/streams/${stream}?after=first`, t.port, bearer(said))),
    },
    {
      id: "D45d",
      input: "a publish to the same, by HTTP",
      on: on(alikeByHttp),
      run: (t) => toldByHttp(t, (stream, said) => post(t, `/v1/streams/${stream}`, said, "1", "application/json")),
    },
    {
      id: "D45e",
      input: "an event stream of the same",
      on: on(alikeByHttp),
      run: (t) => toldByHttp(t, (stream, said) => requestBytes("GET", `/v1/sse?stream=${encodeURIComponent(stream)}`, t.port, bearer(said))),
    },
  ] satisfies Row[]
).map((row): Row => ({ ...row, setting: "tokens" }));

/** Waits for a link's end, which must come in time. */
async function endOf(wire: Wire): Promise<Seen> {
  await wire.until(() => wire.closeCode !== null || wire.ended, takenBackMsMax);
  const seen = await closeOf(wire);
  return { ...seen, body: `${seen.body}${wire.closeReason}` };
}

/** A link that reads no more when much is on its way to it, and whose subject is revoked then. */
async function revokedUnread(t: Target): Promise<Seen> {
  const wire = await following(t, token({ subject: "unread" }), "full");
  let wasReset = false;
  wire.socket.on("error", ({ code }: NodeJS.ErrnoException) => {
    wasReset = code === "ECONNRESET" || code === "EPIPE";
  });
  try {
    wire.socket.pause();
    const entries = Array.from({ length: 4 }, () => `"${"x".repeat(200_000)}"`);
    for (let i = 0; i < 20; i++) await append(t, "full", entries);
    await t.revoke("unread");
    wire.socket.resume();
    await wire.until(() => wire.ended, takenBackMsMax);
    return { ...seenNow(wire, []), body: "", end: wasReset ? "reset" : "closed" };
  } finally {
    wire.destroy();
  }
}

/** An event stream that is followed with a token; how it ended after `then`. */
async function endedStream(t: Target, said: string, then: () => Promise<unknown>): Promise<Seen> {
  const body = [
    { type: "hello", protocol: 1, token: said },
    { type: "subscribe", id: 1, stream: "quiet", from: "now" },
  ].map((line) => JSON.stringify(line));
  const http = await RawHttp.send(t.port, requestBytes("POST", "/v1/sse", t.port, { "Content-Type": "text/plain" }, body.join("\n")));
  try {
    await http.until(() => http.hasEnded || http.text.includes('"subscribed"'));
    await then();
    await http.until(() => http.hasEnded, takenBackMsMax);
    const byes = http.text.split("\n").flatMap((line) => (/^data: .*"bye"/.test(line) ? [JSON.parse(line.slice(6)) as Message] : []));
    return { ...seenOf(http), says: wordsOf(byes) };
  } finally {
    http.destroy();
  }
}

/** Follows two streams, then shows a token for one of them. */
async function narrowed(t: Target): Promise<Seen> {
  const wire = await following(t, token(), "rooms/a", "rooms/b");
  try {
    wire.send({ type: "auth", id: 9, token: token({ read: ["rooms/b"], publish: [] }) });
    wire.send({ type: "publish", id: 10, stream: "rooms/b", data: 1 });
    await wire.until(() => wire.messages("unsubscribed").length === 1 && wire.messages("refused").length === 1);
    await append(t, "rooms/a", ["1"]);
    await append(t, "rooms/b", ["2"]);
    await wire.until(() => wire.messages("entry").some(({ data }) => data === 2));
    const streams = wire.messages("unsubscribed").map(({ stream, code }) => `unsubscribed ${stream} ${code}`);
    const answers = wordsOf([...wire.messages("authed"), ...wire.messages("refused")]);
    return seenNow(wire, [...answers, ...streams, ...wire.messages("entry").map(({ data }) => `entry ${data}`)]);
  } finally {
    wire.destroy();
  }
}

export const takenBackRows: readonly Row[] = (
  [
    {
      id: "D53a",
      input: "a permission that is taken back while a link lives",
      on: on({ end: "closed", close: 4501, says: ["welcome", "subscribed"], code: "unauthenticated" }),
      run: async (t) => {
        const wire = await following(t, token({ subject: "revoked" }), "quiet");
        await t.revoke("revoked");
        return endOf(wire);
      },
      note: "At once; a peer that does not answer the close is reset a second later",
    },
    {
      id: "D53b",
      input: "the same, while its peer does not read what waits for it",
      on: on({ end: "reset", says: [], code: "unauthenticated" }),
      run: revokedUnread,
      rssBytesMax: 134_217_728,
      note: "What waits is thrown away, in the kernel as well",
    },
    {
      id: "D53c",
      input: "the same, of an event stream",
      on: on({ statuses: [200], end: "closed", says: ["bye unauthenticated"], code: "unauthenticated" }),
      run: (t) => endedStream(t, token({ subject: "streamed" }), () => t.revoke("streamed")),
    },
    {
      id: "D53d",
      input: "the token of before, after that",
      on: on({ end: "closed", close: 4501, says: [], code: "unauthenticated" }),
      run: async (t) => {
        const said = token({ subject: "returning" });
        await t.revoke("returning");
        return endOf(await live(t, said));
      },
    },
    {
      id: "D53e",
      input: "a token that runs out while a link lives",
      on: on({ end: "closed", close: 4004, says: ["welcome", "subscribed"], code: "token_expired" }),
      run: async (t) => endOf(await following(t, token({ lifeMs: runsOutMs }), "quiet")),
    },
    {
      id: "D53f",
      input: "the same, of an event stream",
      on: on({ statuses: [200], end: "closed", says: ["bye token_expired"], code: "token_expired" }),
      run: (t) => endedStream(t, token({ lifeMs: runsOutMs }), async () => {}),
    },
    {
      id: "D53g",
      input: "a renewal by a token that allows one of two streams, and a publish that counts on the one before",
      on: on({ end: "open", says: ["authed", "refused forbidden", "unsubscribed rooms/a forbidden", "entry 2"], code: "forbidden", times: 2 }),
      run: narrowed,
    },
    {
      id: "D53h",
      input: "a renewal by another subject's token",
      on: on({ end: "closed", close: 4501, says: ["welcome", "subscribed"], code: "unauthenticated" }),
      run: async (t) => {
        const wire = await following(t, token(), "quiet");
        wire.send({ type: "auth", id: 9, token: token({ subject: "mallory" }) });
        return endOf(wire);
      },
    },
  ] satisfies Row[]
).map((row): Row => ({ ...row, setting: "tokens" }));
