/**
 * Varnish. Parameters of varnishd; WebSockets and whatever else is piped live by pipe_timeout alone.
 */
import type { Product } from "../knob.ts";
import { eitherWay, measuredBy, nextRequest, toClient } from "./rows.ts";

const parameters = measuredBy("varnishd 7.1.1, `varnishd -x parameter`");

export const varnish: Product = {
  id: "varnish",
  name: "Varnish",
  kind: "proxy",
  managed: false,
  granularityMs: 1,
  version: "7.1",
  headers: { via: "varnish", "x-varnish": "^\\d" },
  knobs: [
    { name: "timeout_idle", classes: ["A"], side: "client", unit: "ms", default: 5_000, resetBy: nextRequest, ends: ["fin"], ...parameters },
    {
      name: "backend_idle_timeout",
      classes: ["A"],
      side: "server",
      unit: "ms",
      default: 60_000,
      min: 1_000,
      resetBy: nextRequest,
      ends: ["fin"],
      ...parameters,
    },
    {
      name: "first_byte_timeout",
      role: "answer",
      classes: ["B"],
      side: "server",
      unit: "ms",
      default: 60_000,
      ends: ["answer"],
      note: "503; VCL may say otherwise for a backend. Not for what is piped",
      ...parameters,
    },
    {
      name: "between_bytes_timeout",
      streams: ["event-stream"],
      classes: ["C"],
      side: "server",
      unit: "ms",
      default: 60_000,
      resetBy: toClient,
      ends: ["fin"],
      note: "Ends a silent event stream that is passed. Not for what is piped",
      ...parameters,
    },
    {
      name: "pipe_timeout",
      streams: ["websocket", "tcp"],
      classes: ["C"],
      side: "through",
      unit: "ms",
      default: 60_000,
      resetBy: eitherWay,
      ends: ["fin"],
      note: "Piped: WebSocket",
      ...parameters,
    },
    { name: "connect_timeout", classes: ["B"], side: "server", unit: "ms", default: 3_500, ends: ["answer"], ...parameters },
    { name: "idle_send_timeout", classes: ["B"], side: "client", unit: "ms", default: 60_000, resetBy: toClient, ends: ["fin"], ...parameters },
    {
      name: "send_timeout",
      classes: ["B"],
      side: "client",
      unit: "ms",
      default: 600_000,
      ends: ["fin"],
      note: "A whole HTTP/1 answer, as far as idle_send_timeout meets it",
      ...parameters,
    },
  ],
};
