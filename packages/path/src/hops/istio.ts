/**
 * Istio's sidecars and gateways: Envoy, with some defaults of Istio's own. Names as a DestinationRule or VirtualService writes them.
 */
import type { Product } from "../knob.ts";
import { nextRequest, readIn, streamBytes } from "./rows.ts";

const pilot = readIn("istio, pilot/pkg/networking/core: cluster_builder.go, connection_settings.go, route/route.go; pkg/config/mesh/mesh.go");

export const istio: Product = {
  id: "istio",
  name: "Istio",
  kind: "proxy",
  managed: false,
  granularityMs: 1,
  version: null,
  headers: { server: "^istio-envoy" },
  knobs: [
    {
      name: "connectionPool.http.idleTimeout",
      classes: ["A"],
      side: "server",
      unit: "ms",
      default: 3_600_000,
      resetBy: nextRequest,
      ends: ["fin"],
      note: "Envoy's default; the passthrough cluster has 5 min",
      ...pilot,
    },
    {
      name: "idle_timeout",
      classes: ["A"],
      side: "client",
      unit: "ms",
      default: 3_600_000,
      resetBy: nextRequest,
      ends: ["fin", "goaway"],
      note: "Envoy's default",
      ...pilot,
    },
    {
      name: "route timeout",
      role: "answer",
      classes: ["B"],
      side: "server",
      unit: "ms",
      default: "never",
      ends: ["answer"],
      note: "Switched off by Istio",
      ...pilot,
    },
    {
      name: "stream_idle_timeout",
      streams: ["event-stream", "websocket", "grpc"],
      classes: ["C"],
      side: "through",
      unit: "ms",
      default: 300_000,
      resetBy: streamBytes,
      ends: ["answer", "rst"],
      note: "Envoy's default",
      ...pilot,
    },
    { name: "connectionPool.tcp.connectTimeout", classes: ["B"], side: "server", unit: "ms", default: 10_000, ends: ["answer"], ...pilot },
    { name: "connectionPool.tcp.maxConnections", role: "pool_max", classes: [], side: "server", unit: "count", default: "never", note: "2^32-1", ...pilot },
  ],
};
