/**
 * Of part A: what a client shows of who it is, where it should not stand or is not good. The subject asks for JWTs.
 */
import { RawHttp, requestBytes } from "../../../scripts/test-support/raw-http.ts";
import { clientFrame, Wire } from "../../../scripts/test-support/wire.ts";
import { answersTo, closeOf, get, upgrade } from "../attack.ts";
import type { Expected, Row, Seen, Target } from "../row.ts";
import { badTokens, longToken, remember, token } from "../tokens.ts";

const on = (expected: Expected): Row["on"] => ({ holdfast: expected });
const refused = (statuses: readonly number[], code: string, times = 1): Expected => ({ statuses, end: "open", code, times });

const page = "/v1/streams/calm";
const bearer = (said: string): string => `Authorization: Bearer ${said}\r\n`;
const hello = (said: string): string => JSON.stringify({ type: "hello", protocol: 1, token: said });
const poll = (t: Target, said: string): Buffer => requestBytes("POST", "/v1/poll", t.port, { "Content-Type": "text/plain" }, hello(said));
const redeem = (t: Target, ticket: string): Buffer => requestBytes("POST", "/v1/session", t.port, {}, JSON.stringify({ ticket }));

/** A ticket, asked for as a page does. */
async function newTicket(t: Target): Promise<string> {
  const http = await RawHttp.send(t.port, requestBytes("POST", "/v1/tickets", t.port, { Authorization: `Bearer ${token()}` }));
  try {
    const { body } = await http.whole();
    return remember((JSON.parse(body.toString()) as { ticket: string }).ticket);
  } finally {
    http.destroy();
  }
}

/** Asks for an event stream by a ticket in its address, and again; what both were answered. */
async function streamTwice(t: Target): Promise<Seen> {
  const path = `/v1/sse?stream=calm&ticket=${await newTicket(t)}`;
  const first = await RawHttp.send(t.port, get(t, "", path));
  try {
    await first.until(() => first.text.includes("event:") || first.hasEnded);
    const second = await answersTo(t, [get(t, "", path)]);
    return { ...second, statuses: [first.response?.status ?? 0, ...second.statuses], body: `${first.text}${second.body}` };
  } finally {
    first.destroy();
  }
}

async function greetedWith(t: Target, said: string): Promise<Seen> {
  const wire = await Wire.open(t.port, clientFrame(hello(said)));
  const seen = await closeOf(wire);
  return { ...seen, body: `${seen.body}${wire.closeReason}` };
}

const inAddresses: readonly Row[] = [
  {
    id: "A16a",
    input: "a token in the address of a page, under five names",
    on: on(refused([400, 400, 400, 400, 400], "bad_request", 5)),
    run: (t) =>
      answersTo(
        t,
        ["token", "access_token", "JWT", "ticket", "whatever"].map((name) => get(t, "", `${page}?${name}=${token()}`)),
      ),
    note: "Good or not: addresses are written into logs and histories",
  },
  {
    id: "A16b",
    input: "a token in the address of an event stream, as its ticket",
    on: on(refused([400], "bad_request")),
    bytes: (t) => get(t, "", `/v1/sse?stream=calm&ticket=${token()}`),
  },
  {
    id: "A16c",
    input: "a token in the address of a WebSocket handshake",
    on: on({ statuses: [400], end: "closed", code: "bad_request" }),
    bytes: (t) => upgrade(t).replace("/v1/link", `/v1/link?access_token=${token()}`),
  },
  {
    id: "A16d",
    input: "one ticket in the address of two event streams",
    on: on(refused([200, 401], "unauthenticated")),
    run: streamTwice,
  },
  {
    id: "A16e",
    input: "one ticket redeemed twice for a cookie",
    on: on({ ...refused([200, 401], "unauthenticated"), without: ["Set-Cookie"] }),
    run: async (t) => {
      const ticket = await newTicket(t);
      return answersTo(t, [redeem(t, ticket), redeem(t, ticket)]);
    },
  },
  {
    id: "A16f",
    input: "a ticket with another end, and a ticket for a token",
    on: on(refused([401, 401], "unauthenticated", 2)),
    run: async (t) => {
      const ticket = await newTicket(t);
      return answersTo(t, [redeem(t, `${ticket.slice(0, -4)}AAAA`), get(t, bearer(ticket), page)]);
    },
  },
];

const closeCodes = { unauthenticated: 4501, token_expired: 4004 } as const;
const letters = "abcdefghijklmnopqrstuvwxyz";

/** Each over HTTP (a header, and the hello of a poll), and over a WebSocket. */
const notGood: readonly Row[] = badTokens.flatMap(([input, code, make], i): Row[] => [
  {
    id: `A17${letters[2 * i]}`,
    input,
    on: on({ ...refused([401, 401], code, 2), headers: { "WWW-Authenticate": "Bearer" } }),
    run: (t) => answersTo(t, [get(t, bearer(make()), page), poll(t, make())]),
  },
  {
    id: `A17${letters[2 * i + 1]}`,
    input: "the same in a link's `hello`",
    on: on({ end: "closed", close: closeCodes[code], says: [], code }),
    run: (t) => greetedWith(t, make()),
  },
]);

const tooLong: readonly Row[] = [
  {
    id: "A17o",
    input: "a good token of 16 KiB in a header",
    on: on({ statuses: [431], end: "closed", code: "headers_too_large" }),
    bytes: (t) => get(t, bearer(longToken(16_384)), page),
    note: "No header may have so many bytes",
  },
  {
    id: "A17p",
    input: "one of 12 KiB in a header, and of 16 KiB in the `hello` of a poll",
    on: on(refused([401, 401], "unauthenticated", 2)),
    run: (t) => answersTo(t, [get(t, bearer(longToken(12_288)), page), poll(t, longToken(16_384))]),
  },
  {
    id: "A17q",
    input: "one of 16 KiB in a link's `hello`",
    on: on({ end: "closed", close: 4501, says: [], code: "unauthenticated" }),
    run: (t) => greetedWith(t, longToken(16_384)),
  },
];

export const tokenRows: readonly Row[] = [...inAddresses, ...notGood, ...tooLong].map((row) => ({ ...row, setting: "tokens" }));
