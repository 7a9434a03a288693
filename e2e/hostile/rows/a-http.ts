/**
 * Part A: HTTP/1.1 and the WebSocket handshake.
 */
import { RawHttp, requestBytes } from "../../../scripts/test-support/raw-http.ts";
import { clientFrame, Wire } from "../../../scripts/test-support/wire.ts";
import { closeOf, get, link, post, seenOf, upgrade } from "../attack.ts";
import { canary } from "../clauses.ts";
import type { Expected, Row, Target } from "../row.ts";
import { tokenRows } from "./a-tokens.ts";

const refused = (status: number, code: string, headers: Expected["headers"] = {}): Expected => ({ statuses: [status], headers, end: "closed", code });
const bad = refused(400, "bad_request");
const both = (expected: Expected): Row["on"] => ({ plain: expected, holdfast: expected });

const lines = (count: number): string => Array.from({ length: count }, (_, i) => `a${i}: ${i === 0 ? canary : 1}\r\n`).join("");
const chunked = "Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n";

/** Input that no parser may take in any way but one: each of them ends the connection, and nothing after it is a request. */
const malformed: readonly (readonly [letter: string, input: string, (target: Target) => string])[] = [
  ["a", "`Transfer-Encoding` with `Content-Length`", (t) => post(t, `Content-Length: 3\r\n${chunked}`, "0\r\n\r\n")],
  ["b", "two different `Content-Length`", (t) => post(t, "Content-Length: 3\r\nContent-Length: 4\r\n", "abcd")],
  ["c", "a negative `Content-Length`", (t) => post(t, "Content-Length: -1\r\n", "a")],
  ["d", "`Transfer-Encoding: xchunked`", (t) => post(t, "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")],
  ["e", "a header line that ends in a bare LF", (t) => get(t, `X-A: ${canary}\n`)],
  ["f", "a folded header line", (t) => get(t, `X-A: 1\r\n ${canary}\r\n`)],
  ["g", "a space before the colon", (t) => get(t, `X-A : ${canary}\r\n`)],
  ["h", "NUL in a header", (t) => get(t, `X-A: ${canary}\0\r\n`)],
  ["i", "CR in a header", (t) => get(t, `X-A: ${canary}\rX-B: 1\r\n`)],
  ["j", "a method in small letters", (t) => get(t).replace("GET", "get")],
  ["k", "a space in the target", (t) => get(t).replace(" HTTP", ` ${canary} HTTP`)],
];

/** The same in the middle of a body, which the application has begun to read. */
const malformedBodies: readonly (readonly [letter: string, input: string, (target: Target) => string])[] = [
  ["l", "a chunk size that is none", (t) => post(t, chunked, `${canary}\r\n`)],
  ["m", "a chunk size of 17 digits", (t) => post(t, chunked, "fffffffffffffffff\r\n")],
  ["n", "a chunk without its line end", (t) => post(t, chunked, `3\r\nabc${canary}`)],
];

const once = (letter: string, name: string, bytes: (target: Target) => string): Row => ({
  id: `A3${letter}`,
  input: `two \`${name}\``,
  on: { bare: { statuses: [200], end: "open", code: null }, ...both(bad) },
  bytes,
});

const notATransport = (letter: string, bytes: Buffer, input: string): Row => ({ id: `A8${letter}`, input, on: both(bad), bytes: () => bytes });

/** A message that a subject answers with its own words. */
const answerable = (t: Target, word: string): Buffer =>
  clientFrame(t.name === "holdfast" ? `{"type":"subscribe","id":1,"stream":"${word}","from":"first"}` : word);
const glued = (t: Target): Buffer => Buffer.concat([...(t.name === "holdfast" ? [clientFrame('{"type":"hello","protocol":1}')] : []), answerable(t, canary)]);
const handshakePath = (t: Target): string => (t.name === "holdfast" ? "/v1/link" : "/socket");

/** A request whose answer goes on. */
const openRequest = (t: Target): Buffer => requestBytes("GET", t.name === "holdfast" ? "/v1/sse?stream=open" : "/events", t.port);

const origins: readonly (readonly [letter: string, input: string, (target: Target) => string])[] = [
  ["a", "a foreign page", () => `https://${canary}.example`],
  ["b", "origin `null`", () => "null"],
  ["c", "a host that only begins like ours", (t) => `http://127.0.0.1:${t.port}.${canary}.example`],
  ["d", "our host by another scheme", (t) => `https://127.0.0.1:${t.port}`],
  ["e", "our host at another port", (t) => `http://127.0.0.1:${t.port + 1}`],
];

export const rowsA: readonly Row[] = [
  { id: "A1a", input: "a header of 20,000 bytes", on: both(refused(431, "headers_too_large")), bytes: (t) => get(t, `X-A: ${canary.repeat(2_000)}\r\n`) },
  { id: "A1b", input: "a target of 20,000 bytes", on: both(refused(431, "headers_too_large")), bytes: (t) => get(t, "", `/${canary.repeat(2_000)}`) },
  {
    id: "A2a",
    input: "2,500 header lines in 16 KiB",
    on: both(refused(431, "headers_too_large")),
    bytes: (t) => get(t, Array.from({ length: 2_500 }, () => "a:\r\n").join("")),
    note: "Older versions of Node show an application 1,000 of them and hide the rest",
  },
  {
    id: "A2b",
    input: "101 header lines",
    on: { bare: { statuses: [200], end: "open", code: null }, ...both(refused(431, "headers_too_large")) },
    bytes: (t) => get(t, lines(100)),
  },
  { id: "A2c", input: "100 header lines", on: both({ statuses: [200], end: "open", code: null }), bytes: (t) => get(t, lines(99)) },
  once("a", "Host", (t) => get(t, `Host: ${canary}\r\n`)),
  once("b", "Origin", (t) => get(t, `Origin: http://127.0.0.1:${t.port}\r\nOrigin: http://${canary}\r\n`)),
  once("c", "Authorization", (t) => get(t, `Authorization: Bearer ${canary}\r\nAuthorization: Bearer b\r\n`)),
  {
    id: "A3d",
    input: "two `Sec-WebSocket-Key`",
    on: both(bad),
    bytes: (t) => upgrade(t, "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n"),
  },
  { id: "A4", input: "no `Host`", on: both(bad), bytes: () => `GET / HTTP/1.1\r\nX-A: ${canary}\r\n\r\n` },
  { id: "A5", input: "HTTP/0.9", on: { bare: { statuses: [200], end: "closed", code: null }, ...both(bad) }, bytes: () => `GET /?${canary}\r\n\r\n` },
  ...[...malformed, ...malformedBodies].map(([letter, input, bytes]): Row => ({ id: `A6${letter}`, input, on: both(bad), bytes })),
  {
    id: "A7",
    input: "a chunk with an extension of 20,000 bytes",
    on: both(refused(413, "bad_request")),
    bytes: (t) => post(t, chunked, `1;${canary.repeat(2_000)}\r\n1\r\n0\r\n\r\n`),
  },
  notATransport("a", Buffer.from("16030100c8010000c40303", "hex"), "a TLS hello on a plain port"),
  {
    id: "A8b",
    input: "an HTTP/2 preface with HTTP/1.1 behind it, on a port without TLS",
    on: { plain: bad, holdfast: { statuses: [], end: "closed", code: "protocol_error" } },
    bytes: (t) => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${get(t, `X-A: ${canary}\r\n`)}`,
  },
  {
    id: "A9",
    input: "`Expect: banana`",
    on: { bare: { statuses: [417], end: "open", code: null }, ...both(refused(417, "unsupported")) },
    bytes: (t) => get(t, `Expect: banana\r\nX-A: ${canary}\r\n`),
  },
  {
    id: "A10a",
    input: "CONNECT",
    on: { bare: { end: "closed", code: null }, ...both(refused(405, "unsupported")) },
    bytes: (t) => `CONNECT ${canary}:443 HTTP/1.1\r\nHost: 127.0.0.1:${t.port}\r\n\r\n`,
  },
  {
    id: "A10b",
    input: "`Upgrade: h2c`",
    on: { bare: refused(400, ""), ...both({ statuses: [200], end: "open", code: null }) },
    bytes: (t) => get(t, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
    note: "`ws` takes every upgrade for its own",
  },
  {
    id: "A10c",
    input: "an upgrade to something unknown",
    on: {
      bare: refused(400, ""),
      plain: refused(426, "unsupported", { Upgrade: "websocket" }),
      holdfast: { statuses: [200], end: "open", code: null },
    },
    bytes: (t) => get(t, `Connection: Upgrade\r\nUpgrade: ${canary}\r\n`),
  },
  {
    id: "A11a",
    input: "WebSocket version 7",
    on: { bare: refused(400, "", { "Sec-WebSocket-Version": "13, 8" }), ...both(refused(426, "unsupported", { "Sec-WebSocket-Version": "13" })) },
    bytes: (t) => upgrade(t, `Sec-WebSocket-Version: 7\r\nX-A: ${canary}\r\n`, ["Sec-WebSocket-Version"]),
  },
  {
    id: "A11b",
    input: "no WebSocket version",
    on: both(refused(426, "unsupported", { "Sec-WebSocket-Version": "13" })),
    bytes: (t) => upgrade(t, "", ["Sec-WebSocket-Version"]),
  },
  { id: "A12a", input: "a WebSocket handshake by POST", on: both(refused(405, "unsupported", { Allow: "GET" })), bytes: (t) => upgrade(t, "", [], "POST") },
  {
    id: "A12b",
    input: "a WebSocket key of 15 bytes",
    on: both(bad),
    bytes: (t) => upgrade(t, "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4P\r\n", ["Sec-WebSocket-Key"]),
  },
  { id: "A12c", input: "no WebSocket key", on: both(bad), bytes: (t) => upgrade(t, "", ["Sec-WebSocket-Key"]) },
  {
    id: "A12d",
    input: "a WebSocket handshake at another path",
    on: { holdfast: refused(404, "not_found") },
    bytes: (t) => upgrade(t).replace(/ \/\S+/, ` /${canary}`),
    note: "Of a guarded server the application decides which paths it has",
  },
  { id: "A12e", input: "a malformed list of extensions", on: both(bad), bytes: (t) => upgrade(t, "Sec-WebSocket-Extensions: permessage-deflate;;=\r\n") },
  {
    id: "A12f",
    input: "a malformed list of subprotocols",
    on: both(bad),
    bytes: (t) => upgrade(t, "Sec-WebSocket-Protocol: holdfast.v1,,\r\n", ["Sec-WebSocket-Protocol"]),
  },
  {
    id: "A13a",
    input: "frames glued to a WebSocket handshake",
    on: both({ statuses: [101], end: "open", says: ["heard once"], code: null }),
    run: async (t) => {
      const wire = await Wire.open(t.port, glued(t), {}, handshakePath(t));
      try {
        await wire.until(() => wire.texts.some((text) => text.includes(canary)));
        wire.socket.write(answerable(t, "again"));
        await wire.until(() => wire.texts.some((text) => text.includes("again")));
        const heard = wire.texts.filter((text) => text.includes(canary)).length;
        return { statuses: [101], headers: {}, body: "", end: "open", says: heard === 1 ? ["heard once"] : [`heard ${heard} times`] };
      } finally {
        wire.destroy();
      }
    },
  },
  {
    id: "A13b",
    input: "a request glued to a WebSocket handshake that is refused",
    on: both(refused(426, "unsupported")),
    bytes: (t) => upgrade(t, "", ["Sec-WebSocket-Version"]) + get(t),
    note: "One answer: what comes behind a refused handshake is thrown away unparsed (RFC 9931)",
  },
  {
    id: "A13c",
    input: "a WebSocket handshake behind a request that is not answered yet",
    on: { plain: { statuses: [200], end: "reset", code: "bad_request" }, holdfast: { statuses: [200], end: "reset", code: "bad_request" } },
    run: async (t) => {
      const http = await RawHttp.send(t.port, openRequest(t));
      try {
        await http.until(() => http.response !== undefined);
        http.socket.write(upgrade(t));
        await http.until(() => http.hasEnded);
        return seenOf(http);
      } finally {
        http.destroy();
      }
    },
  },
  {
    id: "A14",
    input: "a link that names another revision of the protocol",
    on: { holdfast: { end: "closed", close: 4505, says: [], code: "protocol_unsupported" } },
    run: async (t) => {
      const wire = await Wire.open(t.port, clientFrame(`{"type":"hello","protocol":2,"client":"${canary}"}`));
      return closeOf(wire);
    },
  },
  ...origins.map(
    ([letter, input, origin]): Row => ({
      id: `A15${letter}`,
      input: `a WebSocket handshake from ${input}`,
      on: { holdfast: refused(403, "bad_origin") },
      bytes: (t) => upgrade(t, `Origin: ${origin(t)}\r\n`),
    }),
  ),
  ...tokenRows,
  {
    id: "A18a",
    input: "headers named `__proto__` and `constructor`",
    on: both({ statuses: [200], end: "open", code: null }),
    bytes: (t) => get(t, `__proto__: ${canary}\r\nconstructor: ${canary}\r\n`),
  },
  {
    id: "A18b",
    input: "streams named `__proto__` and `constructor`",
    on: { holdfast: { end: "open", says: ["subscribed", "subscribed"], code: null } },
    run: (t) =>
      link(
        t,
        ["__proto__", "constructor"].map((stream, id) => ({ type: "subscribe", id, stream, from: "first" })),
        2,
      ),
  },
];
