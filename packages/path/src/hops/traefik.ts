/**
 * Traefik. Names as its static and dynamic configuration write them.
 */
import type { Product } from "../knob.ts";
import { nextRequest, readIn } from "./rows.ts";

const entryPoint = readIn("traefik @fd5a576 (2026-07), pkg/config/static/static_config.go");
const forwarding = readIn("traefik @fd5a576 (2026-07), pkg/config/dynamic/http_config.go");

export const traefik: Product = {
  id: "traefik",
  name: "Traefik",
  kind: "proxy",
  managed: false,
  granularityMs: 1,
  version: null,
  knobs: [
    {
      name: "respondingTimeouts.idleTimeout",
      classes: ["A"],
      side: "client",
      unit: "ms",
      default: 180_000,
      zeroIs: "never",
      resetBy: nextRequest,
      ends: ["fin"],
      ...entryPoint,
    },
    {
      name: "respondingTimeouts.readTimeout",
      classes: ["B"],
      side: "client",
      unit: "ms",
      default: 60_000,
      zeroIs: "never",
      ends: ["fin"],
      note: "The whole request with its body: cuts long uploads and streaming clients",
      ...entryPoint,
    },
    { name: "respondingTimeouts.writeTimeout", classes: ["B"], side: "client", unit: "ms", default: "never", zeroIs: "never", ends: ["fin"], ...entryPoint },
    {
      name: "forwardingTimeouts.idleConnTimeout",
      classes: ["A"],
      side: "server",
      unit: "ms",
      default: 90_000,
      zeroIs: "never",
      resetBy: nextRequest,
      ends: ["fin"],
      ...forwarding,
    },
    {
      name: "forwardingTimeouts.readIdleTimeout",
      role: "ping_every",
      classes: ["T"],
      side: "server",
      unit: "ms",
      default: "never",
      zeroIs: "never",
      note: "HTTP/2 PING after so much silence",
      ...forwarding,
    },
    { name: "forwardingTimeouts.pingTimeout", classes: [], side: "server", unit: "ms", default: 15_000, ...forwarding },
    {
      name: "responseForwarding.flushInterval",
      classes: [],
      side: "server",
      unit: "ms",
      default: 100,
      note: "Event streams are known and flushed at once",
      ...forwarding,
    },
  ],
};
