/**
 * Node's http.Agent, as http.globalAgent has it and as `new http.Agent()` makes it.
 */
import type { Product } from "../knob.ts";
import { measuredBy, nextRequest } from "./rows.ts";

const seen = measuredBy("node 26.10.0, http.globalAgent and new http.Agent()");

export const nodeAgent: Product = {
  id: "node-agent",
  name: "Node http.Agent",
  aliases: ["http-agent"],
  kind: "client",
  managed: false,
  granularityMs: 1_000,
  version: "26.10.0",
  knobs: [
    {
      name: "keepAlive",
      role: "reuse",
      offAt: [false],
      classes: [],
      side: "server",
      unit: "switch",
      default: true,
      note: "Of the global agent since 19; an Agent made by hand has false",
      ...seen,
    },
    {
      name: "timeout",
      classes: ["A", "B"],
      side: "server",
      unit: "ms",
      default: 5_000,
      zeroIs: "never",
      resetBy: nextRequest,
      ends: ["fin"],
      note: "Of the global agent. An Agent made by hand has none: it then ignores the server's Keep-Alive: timeout and keeps an idle socket for ever",
      ...measuredBy("packages/path/test/claims.test.ts; node 26.10.0"),
    },
    {
      name: "agentKeepAliveTimeoutBuffer",
      classes: [],
      side: "server",
      unit: "ms",
      default: 1_000,
      note: "Taken off the server's Keep-Alive: timeout, where a timeout is set",
      ...seen,
    },
    {
      name: "keepAliveMsecs",
      role: "probe_idle",
      classes: ["T"],
      side: "server",
      unit: "ms",
      default: 1_000,
      note: "The delay of TCP probes, no idle timer",
      ...seen,
    },
    { name: "maxSockets", role: "pool_max", classes: [], side: "server", unit: "count", default: "never", note: "To one origin", ...seen },
    { name: "maxFreeSockets", classes: [], side: "server", unit: "count", default: 256, note: "To one origin", ...seen },
  ],
};
