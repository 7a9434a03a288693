/**
 * Google Cloud's application load balancers. Their pool to the backends keeps connections for ten minutes, and nobody can change it.
 */
import type { Knob, Product } from "../knob.ts";
import { nextRequest, secondHand } from "./rows.ts";

const distribution = secondHand("cloud.google.com, load balancing, request distribution; quoted by yunke.me, 2024-11-21, backend keepalive timeout");
const proxyApi = secondHand("Google Cloud API, TargetHttpProxy.httpKeepAliveTimeoutSec");

const backendSide: readonly Knob[] = [
  {
    name: "backend keepalive",
    classes: ["A"],
    side: "server",
    unit: "ms",
    default: 600_000,
    fixed: true,
    resetBy: nextRequest,
    ends: ["fin"],
    note: "A backend has to keep connections for longer: the document says 620 s. Else backend_connection_closed_before_data_sent_to_client",
    ...distribution,
  },
  {
    name: "timeoutSec",
    role: "answer",
    streams: ["websocket"],
    classes: ["B", "E"],
    side: "server",
    unit: "ms",
    default: 30_000,
    min: 1_000,
    max: 2_147_483_647_000,
    ends: ["answer", "fin"],
    note: "For WebSocket it is the longest life of the connection, whatever moves in it",
    ...secondHand("ingress-gce, examples: BackendConfig timeout; Google Cloud documentation of backend services"),
  },
];

export const gcpAlb: Product = {
  id: "gcp-alb",
  name: "Google Cloud external application load balancer",
  aliases: ["gcp-lb", "gclb"],
  kind: "balancer",
  managed: true,
  granularityMs: 2_000,
  version: null,
  headers: { via: "1\\.1 google" },
  knobs: [
    {
      name: "httpKeepAliveTimeoutSec",
      classes: ["A"],
      side: "client",
      unit: "ms",
      default: 610_000,
      min: 5_000,
      max: 1_200_000,
      resetBy: nextRequest,
      ends: ["fin", "goaway"],
      ...proxyApi,
    },
    ...backendSide,
  ],
};

export const gcpAlbRegional: Product = {
  ...gcpAlb,
  id: "gcp-alb-regional",
  name: "Google Cloud regional or internal application load balancer",
  aliases: [],
  knobs: [
    {
      name: "httpKeepAliveTimeoutSec",
      classes: ["A"],
      side: "client",
      unit: "ms",
      default: 600_000,
      min: 5_000,
      max: 600_000,
      resetBy: nextRequest,
      ends: ["fin", "goaway"],
      ...proxyApi,
    },
    ...backendSide,
  ],
};
