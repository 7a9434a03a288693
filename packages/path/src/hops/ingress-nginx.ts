/**
 * ingress-nginx: nginx by a template with defaults of its own. Names are those of its ConfigMap.
 */
import type { Product } from "../knob.ts";
import { eitherWay, nextRequest, readIn, toClient, toServer } from "./rows.ts";

const configMap = readIn("ingress-nginx v1.15.1, docs configmap.md and internal/ingress/controller/config/config.go");

export const ingressNginx: Product = {
  id: "ingress-nginx",
  name: "ingress-nginx",
  kind: "proxy",
  managed: false,
  granularityMs: 1,
  version: "1.15.1",
  retries: "idempotent",
  knobs: [
    { name: "keep-alive", classes: ["A"], side: "client", unit: "ms", default: 75_000, zeroIs: "off", resetBy: nextRequest, ends: ["fin"], ...configMap },
    {
      name: "upstream-keepalive-connections",
      role: "reuse",
      offAt: [0],
      classes: [],
      side: "server",
      unit: "count",
      default: 320,
      zeroIs: "off",
      note: "Of each worker",
      ...configMap,
    },
    { name: "upstream-keepalive-timeout", classes: ["A"], side: "server", unit: "ms", default: 60_000, resetBy: nextRequest, ends: ["fin"], ...configMap },
    { name: "upstream-keepalive-requests", classes: ["E"], side: "server", unit: "count", default: 10_000, ends: ["fin"], ...configMap },
    { name: "upstream-keepalive-time", classes: ["E"], side: "server", unit: "ms", default: 3_600_000, ends: ["fin"], ...configMap },
    {
      name: "proxy-read-timeout",
      role: "answer",
      streams: ["event-stream", "websocket", "grpc"],
      classes: ["B", "C"],
      side: "server",
      unit: "ms",
      default: 60_000,
      resetBy: toClient,
      ends: ["answer", "fin"],
      note: "Its page on WebSocket recommends 3600 s and more",
      ...configMap,
    },
    { name: "proxy-send-timeout", classes: ["B"], side: "server", unit: "ms", default: 60_000, resetBy: toServer, ends: ["answer"], ...configMap },
    {
      name: "proxy-stream-timeout",
      streams: ["tcp"],
      classes: ["C"],
      side: "through",
      unit: "ms",
      default: 600_000,
      resetBy: eitherWay,
      ends: ["fin"],
      ...configMap,
    },
    { name: "proxy-buffering", classes: [], side: "server", unit: "switch", default: false, ...configMap },
    { name: "worker-shutdown-timeout", classes: [], side: "client", unit: "ms", default: 240_000, ends: ["fin"], ...configMap },
  ],
};
