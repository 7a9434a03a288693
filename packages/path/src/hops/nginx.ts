/**
 * nginx as a reverse proxy.
 */
import type { Product } from "../knob.ts";

export const nginx: Product = {
  id: "nginx",
  name: "nginx",
  kind: "proxy",
  managed: false,
  granularityMs: 1,
  version: "1.29.7",
  headers: { server: "^nginx" },
  knobs: [
    {
      name: "keepalive_timeout",
      classes: ["A"],
      side: "client",
      unit: "ms",
      default: 75_000,
      resetBy: { direction: "to_server", layer: "request" },
      ends: ["fin"],
      note: "0 switches keep-alive off. No Keep-Alive header unless a second argument is given",
      grade: "read",
      source: "nginx.org, ngx_http_core_module, keepalive_timeout",
      date: "2026-11",
    },
  ],
};
