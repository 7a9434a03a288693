/**
 * AWS Network Load Balancer: it forgets flows, it closes none.
 */
import type { Product } from "../knob.ts";
import { packets, readIn, unverified } from "./rows.ts";

const guide = readIn("docs.aws.amazon.com, Network Load Balancers, update-idle-timeout");

export const awsNlb: Product = {
  id: "aws-nlb",
  name: "AWS Network Load Balancer",
  aliases: ["nlb"],
  kind: "flow",
  managed: true,
  granularityMs: 2_000,
  version: null,
  knobs: [
    {
      name: "tcp.idle_timeout.seconds",
      classes: ["D"],
      side: "through",
      unit: "ms",
      default: 350_000,
      min: 60_000,
      max: 6_000_000,
      resetBy: packets,
      ends: ["rst_on_write"],
      note: "TCP listeners. That the next packet is answered with a reset, and that TCP probes count, is commonly reported; it was not read",
      ...guide,
    },
    {
      name: "tls listener idle timeout",
      classes: ["D"],
      side: "through",
      unit: "ms",
      default: 350_000,
      fixed: true,
      ends: ["rst_on_write"],
      note: "TLS listeners, which the attribute does not change",
      ...guide,
    },
    {
      name: "udp idle timeout",
      classes: [],
      side: "through",
      unit: "ms",
      default: 120_000,
      fixed: true,
      ends: ["silent"],
      ...unverified("Network Load Balancers, UDP listeners"),
    },
  ],
};
