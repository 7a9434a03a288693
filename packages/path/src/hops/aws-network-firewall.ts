/**
 * AWS Network Firewall: a flow that it forgot is dropped without a word.
 */
import type { Product } from "../knob.ts";
import { packets, readIn } from "./rows.ts";

export const awsNetworkFirewall: Product = {
  id: "aws-network-firewall",
  name: "AWS Network Firewall",
  kind: "flow",
  managed: true,
  granularityMs: 2_000,
  version: null,
  knobs: [
    {
      name: "tcpIdleTimeoutSeconds",
      classes: ["D"],
      side: "through",
      unit: "ms",
      default: 350_000,
      min: 60_000,
      max: 6_000_000,
      resetBy: packets,
      ends: ["silent"],
      note: "Packets vanish until the next SYN; TCP probes keep the flow",
      ...readIn("docs.aws.amazon.com, Network Firewall API, FlowTimeouts"),
    },
  ],
};
