/**
 * gRPC's own rules for connections, by the names of its channel arguments. A server punishes pings that it did not permit.
 */
import type { Product } from "../knob.ts";
import { nextRequest, readIn } from "./rows.ts";

const a8 = readIn("grpc/proposal, A8-client-side-keepalive.md");
const a9 = readIn("grpc/proposal, A9-server-side-conn-mgt.md");
const grpcJs = readIn("@grpc/grpc-js, src/internal-channel.ts");

export const grpcClient: Product = {
  id: "grpc-client",
  name: "gRPC client",
  kind: "client",
  managed: false,
  granularityMs: 1,
  version: null,
  retries: "idempotent",
  knobs: [
    {
      name: "grpc.keepalive_time_ms",
      role: "ping_every",
      classes: ["T"],
      side: "server",
      unit: "ms",
      default: "never",
      min: 10_000,
      note: "Too often for the server: GOAWAY ENHANCE_YOUR_CALM too_many_pings, and the client doubles it",
      ...a8,
    },
    { name: "grpc.keepalive_timeout_ms", classes: [], side: "server", unit: "ms", default: 20_000, ...a8 },
    { name: "grpc.keepalive_permit_without_calls", classes: [], side: "server", unit: "switch", default: false, ...a8 },
    {
      name: "grpc.client_idle_timeout_ms",
      classes: ["A"],
      side: "server",
      unit: "ms",
      default: 1_800_000,
      min: 1_000,
      resetBy: nextRequest,
      ends: ["goaway"],
      note: "grpc-js",
      ...grpcJs,
    },
  ],
};

export const grpcServer: Product = {
  id: "grpc-server",
  name: "gRPC server",
  kind: "runtime",
  managed: false,
  granularityMs: 1,
  version: null,
  knobs: [
    { name: "grpc.keepalive_time_ms", role: "ping_every", classes: ["T"], side: "client", unit: "ms", default: 7_200_000, ...a9 },
    { name: "grpc.keepalive_timeout_ms", classes: [], side: "client", unit: "ms", default: 20_000, ...a9 },
    { name: "grpc.max_connection_idle_ms", classes: ["A"], side: "client", unit: "ms", default: "never", resetBy: nextRequest, ends: ["goaway"], ...a9 },
    {
      name: "grpc.max_connection_age_ms",
      classes: ["E"],
      side: "client",
      unit: "ms",
      default: "never",
      ends: ["goaway"],
      note: "With a jitter of 10 % either way",
      ...a9,
    },
    { name: "grpc.max_connection_age_grace_ms", classes: [], side: "client", unit: "ms", default: "never", ...a9 },
    {
      name: "grpc.http2.min_ping_interval_without_data_ms",
      role: "ping_min",
      classes: [],
      side: "client",
      unit: "ms",
      default: 300_000,
      note: "Two hours without an open call unless permit_without_calls. The third strike ends the connection; what the server sends of a call forgives them",
      ...a8,
    },
  ],
};
