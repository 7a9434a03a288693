/**
 * Part B: slowness and floods. Timers are set short; what is asserted is what happens when they are over, and that nothing happens before.
 */
import { RawHttp, requestBytes } from "../../../scripts/test-support/raw-http.ts";
import { clientFrame, Wire } from "../../../scripts/test-support/wire.ts";
import { closeOf, drip, fill, get, post, seenOf, sendToEnd } from "../attack.ts";
import { canary } from "../clauses.ts";
import type { Expected, Row, Seen, Target } from "../row.ts";

const both = (expected: Expected): Row["on"] => ({ plain: expected, holdfast: expected });
const tooLate = (code: string): Expected => ({ statuses: [408], end: "closed", code });
const short = { setting: "short" } as const;

/** How long a reader that does not read is waited for: its own timer, and the closing handshake that it does not answer. */
const stallMsMax = 15_000;
const pokeMs = 100;

/** Reads until something has come, then never again; line ends that HTTP ignores are how it notices that it was ended. */
async function readNoMore(target: Target, bytes: string | Buffer): Promise<Seen> {
  const http = await RawHttp.send(target.port, bytes);
  try {
    await http.until(() => http.response !== undefined);
    http.socket.pause();
    const poking = setInterval(() => http.socket.write("\r\n"), pokeMs);
    try {
      await http.until(() => http.hasEnded, stallMsMax);
    } finally {
      clearInterval(poking);
    }
    return seenOf(http);
  } finally {
    http.destroy();
  }
}

const linkOf = (path: string): ((t: Target) => Buffer) => {
  const body = `{"type":"hello","protocol":1,"client":"${canary}"}\n{"type":"subscribe","id":1,"stream":"full","from":"first"}`;
  return (t) => requestBytes("POST", path, t.port, { "Content-Type": "text/plain" }, body);
};

const stalled = (letter: string, input: string, request: (t: Target) => string | Buffer): Row => ({
  id: `B22${letter}`,
  input,
  setting: "stalled",
  on: { holdfast: { statuses: [200], end: "reset", code: "slow_consumer" } },
  run: async (t) => {
    await fill(t);
    return readNoMore(t, request(t));
  },
  rssBytesMax: 134_217_728,
  note: "The log holds 20 MB for it, the connection one flush. Its cursor is the client's, and good",
});

/** Opens `count` connections that each ask once, one after the other, and keeps them; answers as they came. */
async function crowd(target: Target, count: number, request: string): Promise<Seen> {
  const open: RawHttp[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const http = await RawHttp.send(target.port, request);
      open.push(http);
      await http.whole();
    }
    const last = open.at(-1) as RawHttp;
    await last.until(() => last.hasEnded);
    return { ...seenOf(last), statuses: open.map(({ response }) => response?.status ?? 0) };
  } finally {
    for (const http of open) http.destroy();
  }
}

export const rowsB: readonly Row[] = [
  { id: "B19a", input: "a connection, and nothing", ...short, on: both(tooLate("header_timeout")), run: (t) => sendToEnd(t, "") },
  {
    id: "B19b",
    input: "a header that comes byte by byte",
    ...short,
    on: both(tooLate("header_timeout")),
    run: (t) => drip(t, get(t).slice(0, -2), () => "x", 100),
  },
  {
    id: "B19c",
    input: "a header line every now and then",
    ...short,
    on: both(tooLate("header_timeout")),
    run: (t) => drip(t, get(t).slice(0, -2), () => `X-A: ${canary}\r\n`, 100),
  },
  {
    id: "B20a",
    input: "a body that comes byte by byte",
    ...short,
    on: both(tooLate("body_timeout")),
    run: (t) => drip(t, post(t, "Content-Type: application/json\r\nContent-Length: 1000\r\n"), () => "1", 100),
  },
  {
    id: "B20b",
    input: "a chunk every now and then",
    ...short,
    on: both(tooLate("body_timeout")),
    run: (t) => drip(t, post(t, "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"), () => "1\r\n1\r\n", 100),
  },
  {
    id: "B20c",
    input: "a body that comes byte by byte when its answer has begun",
    ...short,
    on: { plain: { statuses: [200], end: "reset", code: "body_timeout" } },
    run: (t) => drip(t, post(t, "Content-Length: 1000\r\n", "", "/early"), () => "1", 100),
  },
  {
    id: "B21a",
    input: "a TLS handshake that does not begin",
    needs: "openssl",
    on: { plain: { end: "closed", code: "handshake_timeout" } },
    run: ({ securePort }) => sendToEnd({ port: securePort }, ""),
  },
  {
    id: "B21b",
    input: "half a TLS hello",
    needs: "openssl",
    on: { plain: { end: "closed", code: "handshake_timeout" } },
    run: ({ securePort }) => sendToEnd({ port: securePort }, Buffer.from("16030100c8010000c40303", "hex")),
  },
  {
    id: "B22a",
    input: "an answer of 20 MB that nobody reads",
    ...short,
    on: { plain: { statuses: [200], end: "reset", code: "slow_reader" } },
    run: (t) => readNoMore(t, get(t, "", "/big")),
    rssBytesMax: 67_108_864,
    note: "Node holds it for ever",
  },
  stalled("b", "an event stream that nobody reads", (t) => get(t, "", "/v1/sse?stream=full&after=first")),
  stalled("c", "an event stream of messages that nobody reads", linkOf("/v1/sse")),
  {
    id: "B23",
    input: "a link whose peer reads no more",
    setting: "stalled",
    on: { holdfast: { end: "reset", code: "slow_consumer" } },
    run: async (t) => {
      await fill(t);
      const wire = await Wire.live(t.port);
      let wasReset = false;
      wire.socket.on("error", ({ code }: NodeJS.ErrnoException) => {
        wasReset = code === "ECONNRESET";
      });
      wire.socket.pause();
      wire.send({ type: "subscribe", id: 1, stream: "full", from: "first" });
      const poking = setInterval(() => wire.send({ type: "beat" }), pokeMs);
      try {
        await wire.until(() => wire.ended, stallMsMax);
      } finally {
        clearInterval(poking);
        wire.destroy();
      }
      return { statuses: [], headers: {}, body: "", end: wasReset ? "reset" : "closed" };
    },
    rssBytesMax: 134_217_728,
    note: "Close 4001, which nobody reads either; reset 5 s later",
  },
  {
    id: "B25",
    input: "400 WebSocket pings in a row",
    on: { holdfast: { end: "closed", close: 1008, says: ["welcome"], code: "ping_flood" } },
    run: async (t) => {
      const wire = await Wire.live(t.port);
      wire.socket.write(Buffer.concat(Array.from({ length: 400 }, () => clientFrame(canary, 9))));
      return closeOf(wire);
    },
  },
  {
    id: "B26a",
    input: "a link that never says `hello`",
    ...short,
    on: { holdfast: { end: "closed", close: 4502, says: [], code: "handshake_timeout" } },
    run: async (t) => closeOf(await Wire.open(t.port)),
  },
  {
    id: "B26b",
    input: "a link that says `hello` and no more",
    ...short,
    on: { holdfast: { end: "closed", close: 4003, says: ["welcome"], code: "heartbeat_lost" } },
    run: async (t) => closeOf(await Wire.live(t.port)),
  },
  {
    id: "B28a",
    input: "connections of one address beyond `perAddressMax`, here 4",
    setting: "few",
    on: { plain: { statuses: [200, 200, 200, 200, 429], end: "closed", code: "too_many_from_address" } },
    run: (t) => crowd(t, 5, get(t)),
  },
  {
    id: "B28b",
    input: "connections of one subject beyond `perSubjectMax`, here 2",
    setting: "few",
    on: { plain: { statuses: [200, 200, 429], end: "closed", code: "too_many_of_subject" } },
    run: (t) => crowd(t, 3, get(t, "", "/subject")),
    note: "The application names the subject, and says no",
  },
  {
    id: "B28c",
    input: "links beyond `linksMax`, here 4, one of them another's",
    setting: "few",
    on: { holdfast: { end: "closed", close: 4504, says: [], code: "too_many_links" } },
    run: async (t) => {
      const wires = [await Wire.live(t.port), await Wire.live(t.port), await Wire.live(t.port)];
      try {
        return await closeOf(await Wire.open(t.port));
      } finally {
        for (const wire of wires) wire.destroy();
      }
    },
  },
];
