/**
 * agentkeepalive: an Agent that gives up before Node's server does.
 */
import type { Product } from "../knob.ts";
import { nextRequest, readIn } from "./rows.ts";

const code = readIn("agentkeepalive 4.6.0, README and lib/agent.js");

export const agentkeepalive: Product = {
  id: "agentkeepalive",
  name: "agentkeepalive",
  kind: "client",
  managed: false,
  granularityMs: 1_000,
  version: null,
  knobs: [
    {
      name: "freeSocketTimeout",
      classes: ["A"],
      side: "server",
      unit: "ms",
      default: 4_000,
      resetBy: nextRequest,
      ends: ["fin"],
      note: "Chosen below the 5 s of Node's server; a shorter hint of the server is taken",
      ...code,
    },
    {
      name: "timeout",
      role: "answer",
      classes: ["B"],
      side: "server",
      unit: "ms",
      default: 8_000,
      ends: ["fin"],
      note: "Twice freeSocketTimeout, at least 8 s: silence of a socket in use",
      ...code,
    },
    { name: "maxSockets", role: "pool_max", classes: [], side: "server", unit: "count", default: "never", ...code },
    { name: "maxFreeSockets", classes: [], side: "server", unit: "count", default: 256, ...code },
  ],
};
