/**
 * Holdfast's own parts, by the names of their options: guard (any Node server behind it), the server of streams, and pools. Where one of
 * them stands in a declared path, its options follow from the rest (../ours.ts); so a knob here must be called as the option is.
 */
import type { Knob, Product } from "../knob.ts";

const own = (source: string): Pick<Knob, "grade" | "source" | "date"> => ({ grade: "measured", source, date: "2026-11" });
const guardPage = own("docs/guard.md; packages/guard/test");
const poolPage = own("docs/pool.md; packages/pool/test");

const accepting: readonly Knob[] = [
  {
    name: "keepAliveMs",
    classes: ["A"],
    side: "client",
    unit: "ms",
    default: 66_000,
    min: 1,
    resetBy: { direction: "to_server", layer: "request" },
    ends: ["fin"],
    note: "By role: 15 s for browsers; behind a proxy `proxyIdleMs` (60 s) plus the margin",
    ...guardPage,
  },
  {
    name: "headersMs",
    classes: ["B"],
    side: "client",
    unit: "ms",
    default: 10_000,
    min: 1,
    ends: ["answer"],
    note: "408; for the header block to arrive",
    ...guardPage,
  },
  {
    name: "requestMs",
    classes: ["B"],
    side: "client",
    unit: "ms",
    default: 300_000,
    min: 1,
    ends: ["answer"],
    note: "408; for the request to arrive, its body included",
    ...guardPage,
  },
  {
    name: "idleMs",
    classes: ["C"],
    side: "client",
    unit: "ms",
    default: 3_600_000,
    min: 1,
    resetBy: { direction: "either", layer: "payload" },
    ends: ["fin"],
    note: 'While an answer or a tunnel is open. "never" switches it off',
    ...guardPage,
  },
  { name: "ageMs", classes: ["E"], side: "client", unit: "ms", default: 3_600_000, min: 1, ends: ["announced"], ...guardPage },
  { name: "requestsMax", classes: ["E"], side: "client", unit: "count", default: 10_000, min: 1, ends: ["announced"], ...guardPage },
  { name: "tcpKeepAliveMs", classes: ["T"], side: "client", unit: "ms", default: 60_000, min: 1, role: "probe_idle", ...guardPage },
  { name: "connectionsMax", classes: [], side: "client", unit: "count", default: 20_000, min: 1, role: "connections_max", ...guardPage },
];

/** Half a second to a second is how late guard's sweep ends an idle connection. */
const sweepMs = 1_000;

export const holdfastGuard: Product = {
  id: "holdfast-guard",
  name: "Node behind Holdfast's guard",
  aliases: ["guard"],
  kind: "runtime",
  managed: false,
  granularityMs: sweepMs,
  version: null,
  knobs: accepting,
};

export const holdfastServer: Product = {
  id: "holdfast",
  name: "Holdfast's server",
  aliases: ["holdfast-server"],
  kind: "runtime",
  managed: false,
  granularityMs: sweepMs,
  version: null,
  knobs: accepting,
};

export const holdfastPool: Product = {
  id: "holdfast-pool",
  name: "Holdfast's HTTP pool",
  kind: "client",
  managed: false,
  granularityMs: 500,
  version: null,
  knobs: [
    {
      name: "idleMs",
      classes: ["A"],
      side: "server",
      unit: "ms",
      default: 4_000,
      min: 1,
      resetBy: { direction: "either", layer: "request" },
      ends: ["fin"],
      note: "Where the server names a time (`Keep-Alive: timeout`), that less a margin holds instead",
      ...poolPage,
    },
    {
      name: "ageMs",
      classes: ["E"],
      side: "server",
      unit: "ms",
      default: 1_800_000,
      min: 1,
      ends: ["fin"],
      note: "Between two requests, so nothing is lost",
      ...poolPage,
    },
    { name: "requestsMax", classes: ["E"], side: "server", unit: "count", default: "never", ends: ["fin"], note: "Between two requests", ...poolPage },
    { name: "max", classes: [], side: "server", unit: "count", default: 50, min: 1, role: "pool_max", note: "Of one origin, in one process", ...poolPage },
    { name: "connectTimeoutMs", classes: ["B"], side: "server", unit: "ms", default: 10_000, min: 1, ...poolPage },
  ],
};
