/**
 * Caddy. `timeouts` are the server's, `transport` those of reverse_proxy.
 */
import type { Product } from "../knob.ts";
import { nextRequest, readIn, toClient, toServer } from "./rows.ts";

const server = readIn("Caddy, modules/caddyhttp/app.go and server.go; Caddyfile global options, timeouts");
const idle = readIn("Caddy @0cf03d3 (2026-08-22), modules/caddyhttp/idletimeout.go");
const transport = readIn("Caddy, reverse_proxy: transport http; modules/caddyhttp/reverseproxy/httptransport.go");
const reverse = readIn("Caddy documentation, reverse_proxy: streaming");

export const caddy: Product = {
  id: "caddy",
  name: "Caddy",
  kind: "proxy",
  managed: false,
  granularityMs: 1,
  version: "2.11.5",
  headers: { server: "^Caddy" },
  knobs: [
    { name: "timeouts idle", classes: ["A"], side: "client", unit: "ms", default: 300_000, resetBy: nextRequest, ends: ["fin"], ...server },
    {
      name: "timeouts read_header",
      classes: ["B"],
      side: "client",
      unit: "ms",
      default: 60_000,
      ends: ["fin"],
      note: "The document says that there is none; the code has a minute",
      ...server,
    },
    { name: "timeouts read_body", classes: ["B"], side: "client", unit: "ms", default: "never", ends: ["fin"], ...server },
    { name: "timeouts write", classes: ["B"], side: "client", unit: "ms", default: "never", ends: ["fin"], note: "The whole answer: ends streams", ...server },
    {
      name: "timeouts read_idle",
      classes: ["B"],
      side: "client",
      unit: "ms",
      default: [
        { since: "2.11.5", value: 60_000 },
        { before: "2.11.5", value: "never" },
      ],
      resetBy: toServer,
      ends: ["fin"],
      note: "One read of a body that is under way. Came after 2.11.4",
      ...idle,
    },
    {
      name: "timeouts write_idle",
      classes: ["B"],
      side: "client",
      unit: "ms",
      default: [
        { since: "2.11.5", value: 60_000 },
        { before: "2.11.5", value: "never" },
      ],
      resetBy: toClient,
      ends: ["fin"],
      note: "One write that is under way: pauses between the events of a stream do not count. Came after 2.11.4",
      ...idle,
    },
    {
      name: "transport keepalive",
      role: "reuse",
      offAt: [0],
      classes: ["A"],
      side: "server",
      unit: "ms",
      default: 120_000,
      zeroIs: "off",
      resetBy: nextRequest,
      ends: ["fin"],
      note: "The document warns: longer than the upstream's gives resets, and 502 for what is not idempotent",
      ...transport,
    },
    { name: "transport max_conns_per_host", role: "pool_max", classes: [], side: "server", unit: "count", default: "never", zeroIs: "never", ...transport },
    { name: "transport keepalive_idle_conns_per_host", classes: [], side: "server", unit: "count", default: 32, ...transport },
    { name: "transport keepalive_interval", role: "probe_idle", classes: ["T"], side: "server", unit: "ms", default: 30_000, note: "TCP probes", ...transport },
    { name: "transport dial_timeout", classes: ["B"], side: "server", unit: "ms", default: 3_000, ends: ["answer"], ...transport },
    { name: "transport response_header_timeout", role: "answer", classes: ["B"], side: "server", unit: "ms", default: "never", ends: ["answer"], ...transport },
    {
      name: "transport read_timeout",
      streams: ["event-stream", "grpc"],
      classes: ["C"],
      side: "server",
      unit: "ms",
      default: "never",
      resetBy: toClient,
      ends: ["fin"],
      ...transport,
    },
    { name: "transport write_timeout", classes: ["B"], side: "server", unit: "ms", default: "never", resetBy: toServer, ends: ["fin"], ...transport },
    { name: "stream_timeout", streams: ["websocket"], classes: ["E"], side: "through", unit: "ms", default: "never", ends: ["fin"], ...reverse },
    {
      name: "stream_close_delay",
      classes: [],
      side: "through",
      unit: "ms",
      default: 0,
      note: "0: a reload of the configuration cuts every WebSocket at once",
      ...reverse,
    },
    {
      name: "grace_period",
      classes: ["E"],
      side: "client",
      unit: "ms",
      default: "never",
      ends: ["fin"],
      note: "After a reload or a stop",
      ...readIn("Caddyfile global options, grace_period"),
    },
  ],
};
