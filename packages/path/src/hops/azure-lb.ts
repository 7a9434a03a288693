/**
 * Azure Load Balancer: silent unless told to reset.
 */
import type { Product } from "../knob.ts";
import { packets, readIn } from "./rows.ts";

const docs = readIn("learn.microsoft.com, Load Balancer: TCP reset and idle timeout");

export const azureLb: Product = {
  id: "azure-lb",
  name: "Azure Load Balancer",
  kind: "flow",
  managed: true,
  granularityMs: 2_000,
  version: null,
  knobs: [
    {
      name: "idleTimeoutInMinutes",
      classes: ["D"],
      side: "through",
      unit: "ms",
      default: 240_000,
      min: 240_000,
      max: 6_000_000,
      resetBy: packets,
      ends: ["silent"],
      note: "Flows are dropped without a word; with EnableTcpReset both ends get a reset",
      ...docs,
    },
    { name: "EnableTcpReset", classes: [], side: "through", unit: "switch", default: false, ...docs },
  ],
};
