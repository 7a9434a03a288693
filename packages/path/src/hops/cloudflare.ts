/**
 * Cloudflare's proxy, towards clients and towards origins.
 */
import type { Product } from "../knob.ts";
import { nextRequest, readIn, toClient, toServer } from "./rows.ts";

const limits = readIn("developers.cloudflare.com, fundamentals/reference/connection-limits (2026-07-23)");

export const cloudflare: Product = {
  id: "cloudflare",
  name: "Cloudflare",
  kind: "cdn",
  managed: true,
  granularityMs: 2_000,
  version: null,
  headers: { server: "^cloudflare", "cf-ray": "." },
  knobs: [
    {
      name: "client idle",
      classes: ["A"],
      side: "client",
      unit: "ms",
      default: 400_000,
      fixed: true,
      resetBy: nextRequest,
      ends: ["fin", "goaway"],
      note: "HTTP/1 and HTTP/2",
      ...limits,
    },
    {
      name: "origin proxy idle",
      classes: ["A"],
      side: "server",
      unit: "ms",
      default: 900_000,
      fixed: true,
      resetBy: nextRequest,
      ends: ["fin"],
      note: "HTTP/2 too; an origin that closes sooner gives 520",
      ...limits,
    },
    {
      name: "origin proxy read",
      role: "answer",
      streams: ["event-stream"],
      classes: ["B", "C"],
      side: "server",
      unit: "ms",
      default: 120_000,
      resetBy: toClient,
      ends: ["answer"],
      note: "524. Enterprise plans may change it. Tunnels hold back all but text/event-stream and gRPC (cloudflared#199)",
      ...limits,
    },
    { name: "origin proxy write", classes: ["B"], side: "server", unit: "ms", default: 30_000, fixed: true, resetBy: toServer, ends: ["answer"], ...limits },
    { name: "origin connect", classes: ["B"], side: "server", unit: "ms", default: 19_000, fixed: true, ends: ["answer"], note: "522", ...limits },
    { name: "origin tcp ack", classes: ["B"], side: "server", unit: "ms", default: 90_000, fixed: true, ends: ["answer"], note: "522", ...limits },
    {
      name: "origin tcp keepalive",
      role: "probe_idle",
      classes: ["T"],
      side: "server",
      unit: "ms",
      default: 30_000,
      fixed: true,
      note: "HTTP/2 PING to origins is off",
      ...limits,
    },
  ],
};
