/**
 * undici, which is Node's fetch too.
 */
import type { Product } from "../knob.ts";
import { nextRequest, readIn, toClient } from "./rows.ts";

const client = readIn("undici 8.12, docs/docs/api/Client.md; lib/dispatcher/client-h1.js");

export const undici: Product = {
  id: "undici",
  name: "undici and fetch",
  aliases: ["fetch", "node-fetch-native"],
  kind: "client",
  managed: false,
  granularityMs: 1_000,
  version: null,
  knobs: [
    {
      name: "keepAliveTimeout",
      classes: ["A"],
      side: "server",
      unit: "ms",
      default: 4_000,
      resetBy: nextRequest,
      ends: ["fin"],
      note: "Where the server says nothing. Else its Keep-Alive: timeout less keepAliveTimeoutThreshold, at most keepAliveMaxTimeout",
      ...client,
    },
    { name: "keepAliveMaxTimeout", classes: [], side: "server", unit: "ms", default: 600_000, ...client },
    {
      name: "keepAliveTimeoutThreshold",
      classes: [],
      side: "server",
      unit: "ms",
      default: 2_000,
      note: "A hint that is not longer is not used at all",
      ...client,
    },
    { name: "headersTimeout", role: "answer", classes: ["B"], side: "server", unit: "ms", default: 300_000, zeroIs: "never", ends: ["fin"], ...client },
    {
      name: "bodyTimeout",
      classes: ["C"],
      side: "server",
      unit: "ms",
      default: 300_000,
      zeroIs: "never",
      resetBy: toClient,
      ends: ["fin"],
      note: "Between two pieces of the body: ends a silent event stream (UND_ERR_BODY_TIMEOUT)",
      ...client,
    },
    { name: "connect.timeout", classes: ["B"], side: "server", unit: "ms", default: 10_000, ends: ["fin"], ...client },
    { name: "pingInterval", role: "ping_every", classes: ["T"], side: "server", unit: "ms", default: 60_000, zeroIs: "never", note: "HTTP/2 PING", ...client },
    {
      name: "connections",
      role: "pool_max",
      classes: [],
      side: "server",
      unit: "count",
      default: "never",
      note: "Of a Pool to one origin",
      ...readIn("undici 8.12, docs/docs/api/Pool.md"),
    },
  ],
};
