/**
 * Part G: who somebody is on the network, and what is for operators alone.
 */
import { type ConnectionOptions, connect } from "node:tls";
import { get, post, sendAndSee, sendToEnd, upgrade } from "../attack.ts";
import { canary } from "../clauses.ts";
import { trustedProxy } from "../programs/calls.ts";
import type { Expected, Row, Seen, Target } from "../row.ts";

const on = (expected: Expected): Row["on"] => ({ holdfast: expected });
const both = (expected: Expected): Row["on"] => ({ plain: expected, holdfast: expected });

const rebound = (letter: string, input: string, host: string, path: string): Row => ({
  id: `G74${letter}`,
  input,
  on: on({ statuses: [421], end: "closed", code: "bad_host" }),
  bytes: (t) => get(t, "", path).replace(/Host: \S+/, `Host: ${host}`),
});

/** What a service takes for the client's address. */
const who = (letter: string, input: string, lines: string, answer: string, from?: string): Row => ({
  id: `G69${letter}`,
  input,
  on: { plain: { statuses: [200], end: "closed", says: [answer], code: null } },
  run: async (t) => {
    const seen = await sendToEnd(t, get(t, `${lines}Connection: close\r\n`, "/who"), from);
    return { ...seen, says: [seen.body] };
  },
});

/** A header of version 2: its four bytes of version, family and length in hexadecimal, then what follows. */
const header = (hex: string, rest: string): Buffer => Buffer.concat([Buffer.from(`0d0a0d0a000d0a515549540a${hex}`, "hex"), Buffer.from(rest)]);
const asking = (t: Target): string => get(t, "Connection: close\r\n", "/who");
const unanswered: Expected = { end: "ended", code: "bad_proxy_header" };

/** What comes to a listener that stands behind a PROXY header. */
const behind = (letter: string, input: string, expected: Expected, bytes: (t: Target) => string | Buffer, from?: string): Row => ({
  id: `G70${letter}`,
  input,
  on: { plain: expected },
  run: async (t) => {
    const seen = await sendToEnd({ port: t.proxiedPort }, bytes(t), from);
    return { ...seen, says: seen.statuses[0] === 200 ? [seen.body] : [] };
  },
});

const identity: readonly Row[] = [
  who("a", "`X-Forwarded-For` from whom nobody trusts", "X-Forwarded-For: 203.0.113.9\r\n", "127.0.0.1"),
  who(
    "b",
    "a client's own `X-Forwarded-For` before a trusted proxy's",
    "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: 203.0.113.9\r\n",
    "203.0.113.9",
    trustedProxy,
  ),
  who("c", "`Forwarded` where the proxy writes `X-Forwarded-For`", "Forwarded: for=203.0.113.9\r\n", trustedProxy, trustedProxy),
  who("d", "words for an address", `X-Forwarded-For: 203.0.113.9, ${canary}\r\n`, trustedProxy, trustedProxy),
  behind("a", "no PROXY header where there must be one", unanswered, asking),
  behind("b", "a good PROXY header from whom nobody trusts", unanswered, (t) => `PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\n${asking(t)}`, "127.0.0.5"),
  behind("c", "a PROXY header of version 1 with words for an address", unanswered, (t) => `PROXY TCP4 ${canary} 127.0.0.1 1 2\r\n${asking(t)}`),
  behind("d", "one of version 2 that is too short for its addresses", unanswered, (t) => header("21110004", `abcd${asking(t)}`)),
  behind("e", "one of version 2 that announces 65,535 bytes", unanswered, (t) => header("2111ffff", asking(t))),
  behind("f", "half a PROXY header", unanswered, () => "PROXY TCP4 203.0.113.9"),
  behind("g", "LOCAL, by which a proxy speaks for itself", { statuses: [200], end: "closed", says: ["127.0.0.1"], code: null }, (t) =>
    header("20000000", asking(t)),
  ),
  behind(
    "h",
    "a second PROXY header behind the first",
    { statuses: [400], end: "closed", code: "bad_request" },
    (t) => `PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\nPROXY TCP4 198.51.100.7 127.0.0.1 1 2\r\n${asking(t)}`,
  ),
];

/** The alert that bytes begin with, as its number: what a TLS peer says instead of words. */
const alertOf = (text: string): string[] => (text.charCodeAt(0) === 0x15 ? [`alert ${text.charCodeAt(6)}`] : []);

const handshake = (letter: string, input: string, says: readonly string[], bytes: (t: Target) => string | Buffer): Row => ({
  id: `G71${letter}`,
  input,
  needs: "openssl",
  on: { plain: { end: "closed", says, code: "tls_failed" } },
  run: async (t) => {
    const seen = await sendToEnd({ port: t.securePort }, bytes(t));
    return { ...seen, says: alertOf(seen.body) };
  },
});

const tls: readonly Row[] = [
  handshake("a", "an HTTP request on a TLS port", [], (t) => get(t)),
  handshake("b", "a record of an impossible length", ["alert 22"], () => Buffer.from("160301ffff", "hex")),
  handshake("c", "a server's hello", ["alert 10"], () => Buffer.from("16030100080200000401020304", "hex")),
  {
    id: "G71d",
    input: "a protocol that nobody here speaks (ALPN)",
    needs: "openssl",
    on: { plain: { end: "closed", says: ["ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL"], code: "tls_failed" } },
    run: ({ securePort }) => helloOf({ port: securePort, ALPNProtocols: ["canary/7"] }),
  },
  {
    id: "G71e",
    input: "TLS 1.1",
    needs: "openssl",
    on: { plain: { end: "closed", says: ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION"], code: "tls_failed" } },
    run: ({ securePort }) => helloOf({ port: securePort, minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }),
  },
  {
    id: "G71f",
    input: "a name that nobody knows, with a sequence that steers terminals (SNI)",
    needs: "openssl",
    on: { plain: { end: "closed", says: ["secured"], code: null } },
    run: ({ securePort }) => helloOf({ port: securePort, servername: "a\u001b[31m.example" }),
    note: "The certificate of the files is shown; the name stands in the log escaped",
  },
];

/** What a handshake comes to, in OpenSSL's word for the alert that ended it. */
function helloOf(options: ConnectionOptions): Promise<Seen> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", rejectUnauthorized: false, ...options });
    const says: string[] = [];
    socket.once("secureConnect", () => {
      says.push("secured");
      socket.end();
    });
    socket.once("error", ({ code = "" }: NodeJS.ErrnoException) => says.push(code));
    socket.once("close", () => resolve({ statuses: [], headers: {}, body: "", end: "closed", says }));
    socket.resume();
  });
}

export const rowsG: readonly Row[] = [
  ...identity,
  ...tls,
  {
    id: "G73a",
    input: "a publish that came as early data, as whoever has heard it may send again",
    on: both({ statuses: [425], end: "closed", code: "too_early" }),
    bytes: (t) => post(t, "Early-Data: 1\r\nContent-Type: application/json\r\nContent-Length: 1\r\n", "1"),
  },
  {
    id: "G73b",
    input: "a WebSocket handshake that came as early data",
    on: both({ statuses: [425], end: "closed", code: "too_early" }),
    bytes: (t) => upgrade(t, `Early-Data: 1\r\nX-A: ${canary}\r\n`),
  },
  {
    id: "G73c",
    input: "a read that came as early data",
    on: both({ statuses: [200], end: "open", code: null }),
    bytes: (t) => get(t, "Early-Data: 1\r\n"),
  },
  ...["/admin", "/connections", "/debug/pprof", "/v1/connections", "/metrics"].map(
    (path, i): Row => ({
      id: `G74${"abcde"[i]}`,
      input: `\`GET ${path}\``,
      on: on({ statuses: [404], end: "open", code: "not_found" }),
      bytes: (t) => get(t, "", path),
    }),
  ),
  rebound("f", "a name that was made to point here, for figures", `${canary}.example`, "/metrics"),
  rebound("g", "the same with our port", `localhost.${canary}.example:4150`, "/healthz"),
  rebound("h", "an address that is not ours", "10.0.0.1", "/v1/streams"),
  {
    id: "G75a",
    input: "a WebSocket handshake that offers compression",
    on: both({ statuses: [101], without: ["Sec-WebSocket-Extensions"], end: "open", code: null }),
    run: (t) => sendAndSee(t, upgrade(t, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n")),
  },
  {
    id: "G75b",
    input: "a request that takes compressed answers",
    on: on({ statuses: [200], without: ["Content-Encoding"], end: "open", code: null }),
    bytes: (t) => get(t, "Accept-Encoding: gzip, deflate, br, zstd\r\n", "/v1/streams"),
  },
];
