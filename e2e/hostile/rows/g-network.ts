/**
 * Part G: who somebody is on the network, and what is for operators alone.
 */
import { get, post, sendAndSee, upgrade } from "../attack.ts";
import { canary } from "../clauses.ts";
import type { Expected, Row } from "../row.ts";

const on = (expected: Expected): Row["on"] => ({ holdfast: expected });
const both = (expected: Expected): Row["on"] => ({ plain: expected, holdfast: expected });

const rebound = (letter: string, input: string, host: string, path: string): Row => ({
  id: `G74${letter}`,
  input,
  on: on({ statuses: [421], end: "closed", code: "bad_host" }),
  bytes: (t) => get(t, "", path).replace(/Host: \S+/, `Host: ${host}`),
});

export const rowsG: readonly Row[] = [
  {
    id: "G73a",
    input: "a publish that came as early data, as whoever has heard it may send again",
    on: on({ statuses: [425], end: "closed", code: "early_data" }),
    bytes: (t) => post(t, "Early-Data: 1\r\nContent-Type: application/json\r\nContent-Length: 1\r\n", "1"),
  },
  {
    id: "G73b",
    input: "a WebSocket handshake that came as early data",
    on: on({ statuses: [425], end: "closed", code: "early_data" }),
    bytes: (t) => upgrade(t, `Early-Data: 1\r\nX-A: ${canary}\r\n`),
  },
  {
    id: "G73c",
    input: "a read that came as early data",
    on: on({ statuses: [200], end: "open", code: null }),
    bytes: (t) => get(t, "Early-Data: 1\r\n"),
  },
  ...["/admin", "/connections", "/debug/pprof", "/v1/connections", "/metrics/x"].map(
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
