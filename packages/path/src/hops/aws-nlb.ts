/**
 * AWS Network Load Balancer: it forgets flows, it closes none.
 */
import type { Product } from "../knob.ts";
import { eitherWay, packets, readIn } from "./rows.ts";

const guide = readIn(
  "docs.aws.amazon.com, Network Load Balancers, update-idle-timeout; network-load-balancers.md of the user guide (awsdocs), connection idle timeout",
);

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
      note: "TCP listeners. Nothing is sent when it ends; whoever sends next gets a reset. TCP probes of either end count",
      ...guide,
    },
    {
      name: "tls listener idle timeout",
      classes: ["D"],
      side: "through",
      unit: "ms",
      default: 350_000,
      fixed: true,
      resetBy: eitherWay,
      ends: ["rst_on_write"],
      note: "TLS listeners, which the attribute does not change. One revision of the guide says that TCP probes are not supported here, a later one that each is answered by probes to both sides every 20 s: rely on bytes",
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
      ...readIn("aws.amazon.com, networking blog: introducing NLB TCP configurable idle timeout"),
    },
  ],
};
