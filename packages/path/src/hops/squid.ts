/**
 * Squid, forward or reverse. Persistent connections are on at both sides, after errors too.
 */
import type { Product } from "../knob.ts";
import { nextRequest, readIn, toClient } from "./rows.ts";

const documented = readIn("Squid 5.7, squid.conf.documented");

export const squid: Product = {
  id: "squid",
  name: "Squid",
  kind: "proxy",
  managed: false,
  granularityMs: 1_000,
  version: "5.7",
  headers: { server: "^squid", via: "\\(squid" },
  knobs: [
    { name: "client_persistent_connections", role: "reuse", offAt: [false], classes: [], side: "client", unit: "switch", default: true, ...documented },
    { name: "server_persistent_connections", role: "reuse", offAt: [false], classes: [], side: "server", unit: "switch", default: true, ...documented },
    { name: "persistent_connection_after_error", classes: [], side: "client", unit: "switch", default: true, ...documented },
    { name: "client_idle_pconn_timeout", classes: ["A"], side: "client", unit: "ms", default: 120_000, resetBy: nextRequest, ends: ["fin"], ...documented },
    { name: "server_idle_pconn_timeout", classes: ["A"], side: "server", unit: "ms", default: 60_000, resetBy: nextRequest, ends: ["fin"], ...documented },
    {
      name: "pconn_lifetime",
      classes: ["E"],
      side: "both",
      unit: "ms",
      default: "never",
      zeroIs: "never",
      ends: ["fin"],
      note: "Ends an idle connection of that age",
      ...documented,
    },
    {
      name: "client_lifetime",
      classes: ["E"],
      side: "client",
      unit: "ms",
      default: 86_400_000,
      ends: ["fin"],
      note: "Longest time a client stays connected; busy connections and tunnels too",
      ...documented,
    },
    {
      name: "request_start_timeout",
      classes: ["B"],
      side: "client",
      unit: "ms",
      default: 300_000,
      ends: ["fin"],
      note: "The first byte of a new connection",
      ...documented,
    },
    {
      name: "request_timeout",
      classes: ["B"],
      side: "client",
      unit: "ms",
      default: 300_000,
      ends: ["fin", "answer"],
      note: "The header block of a new connection",
      ...documented,
    },
    {
      name: "read_timeout",
      role: "answer",
      classes: ["B", "C"],
      side: "server",
      unit: "ms",
      default: 900_000,
      resetBy: toClient,
      ends: ["answer", "fin"],
      note: "Between two reads from the server",
      ...documented,
    },
    {
      name: "write_timeout",
      classes: ["B"],
      side: "both",
      unit: "ms",
      default: 900_000,
      ends: ["fin"],
      note: "Between two writes while bytes wait",
      ...documented,
    },
    { name: "forward_timeout", classes: ["B"], side: "server", unit: "ms", default: 240_000, ends: ["answer"], ...documented },
    { name: "connect_timeout", classes: ["B"], side: "server", unit: "ms", default: 60_000, ends: ["answer"], ...documented },
  ],
};
