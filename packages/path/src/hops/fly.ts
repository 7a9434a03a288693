/**
 * Fly.io's proxy.
 */
import type { Product } from "../knob.ts";
import { eitherWay, unverified } from "./rows.ts";

export const fly: Product = {
  id: "fly",
  name: "Fly proxy",
  kind: "balancer",
  managed: true,
  granularityMs: 2_000,
  version: null,
  headers: { server: "^Fly/", via: "fly\\.io" },
  knobs: [
    {
      name: "http_options.idle_timeout",
      classes: ["A", "C"],
      side: "both",
      unit: "ms",
      default: 60_000,
      resetBy: eitherWay,
      ends: ["fin"],
      note: "That the key exists was read (superfly/docs, reference/configuration); its default was not",
      ...unverified("Fly documentation: default of http_options.idle_timeout"),
    },
  ],
};
