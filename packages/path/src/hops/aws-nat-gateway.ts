/**
 * AWS NAT gateway, on the way out of a private network.
 */
import type { Product } from "../knob.ts";
import { packets, secondHand } from "./rows.ts";

export const awsNatGateway: Product = {
  id: "aws-nat-gateway",
  name: "AWS NAT gateway",
  aliases: ["nat-gateway"],
  kind: "flow",
  managed: true,
  granularityMs: 2_000,
  version: null,
  knobs: [
    {
      name: "idle timeout",
      classes: ["D"],
      side: "through",
      unit: "ms",
      default: 350_000,
      fixed: true,
      resetBy: packets,
      ends: ["rst_on_write"],
      note: "The next packet from inside is reset, commonly reported; no FIN ever comes",
      ...secondHand("repost.aws, knowledge center: Lambda functions in a VPC that time out"),
    },
  ],
};
