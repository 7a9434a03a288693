/**
 * Redis.
 */
import type { Product } from "../knob.ts";
import { measuredBy, nextRequest } from "./rows.ts";

const shown = measuredBy("redis-server 7.0.15, CONFIG GET; redis.conf");

export const redis: Product = {
  id: "redis",
  name: "Redis",
  aliases: ["valkey"],
  kind: "cache",
  managed: false,
  granularityMs: 1_000,
  version: null,
  knobs: [
    {
      name: "timeout",
      classes: ["A"],
      side: "client",
      unit: "ms",
      default: "never",
      zeroIs: "never",
      resetBy: nextRequest,
      ends: ["fin"],
      note: "Not for subscribers",
      ...shown,
    },
    { name: "tcp-keepalive", role: "probe_idle", classes: ["T"], side: "client", unit: "ms", default: 300_000, zeroIs: "off", ...shown },
    {
      name: "maxclients",
      role: "connections_max",
      classes: [],
      side: "client",
      unit: "count",
      default: 10_000,
      note: "Lowered to what descriptors allow. `max number of clients reached`",
      ...shown,
    },
    { name: "tcp-backlog", classes: [], side: "client", unit: "count", default: 511, note: "Capped by net.core.somaxconn", ...shown },
    {
      name: "client-output-buffer-limit pubsub",
      classes: [],
      side: "client",
      unit: "word",
      default: "32mb 8mb 60",
      note: "A subscriber with more unread bytes, or with the second figure for so many seconds, is disconnected",
      ...shown,
    },
  ],
};
