/**
 * Vercel's functions: a stream lives as long as its function may.
 */
import type { Product } from "../knob.ts";
import { secondHand, unverified } from "./rows.ts";

export const vercel: Product = {
  id: "vercel",
  name: "Vercel functions",
  kind: "balancer",
  managed: true,
  granularityMs: 2_000,
  version: null,
  headers: { server: "^Vercel", "x-vercel-id": "." },
  knobs: [
    {
      name: "maxDuration",
      classes: ["E", "B"],
      side: "server",
      unit: "ms",
      default: 300_000,
      ends: ["fin", "answer"],
      note: "Whatever streams is cut then",
      ...unverified("Vercel documentation, functions: duration, defaults by plan"),
    },
    {
      name: "edge first byte",
      role: "answer",
      classes: ["B"],
      side: "server",
      unit: "ms",
      default: 25_000,
      fixed: true,
      ends: ["answer"],
      ...secondHand("Vercel documentation, edge runtime limits"),
    },
  ],
};
