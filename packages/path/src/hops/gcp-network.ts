/**
 * What forgets flows in Google Cloud: the VPC's firewall and Cloud NAT.
 */
import type { Product } from "../knob.ts";
import { packets, secondHand, unverified } from "./rows.ts";

export const gcpVpcFirewall: Product = {
  id: "gcp-vpc-firewall",
  name: "Google Cloud VPC firewall",
  kind: "flow",
  managed: true,
  granularityMs: 2_000,
  version: null,
  knobs: [
    {
      name: "connection tracking",
      classes: ["D"],
      side: "through",
      unit: "ms",
      default: 600_000,
      fixed: true,
      resetBy: packets,
      ends: ["silent"],
      note: "gRPC's proposal A8 names ten minutes",
      ...unverified("Google Cloud, VPC firewall rules: connection tracking"),
    },
  ],
};

export const gcpCloudNat: Product = {
  id: "gcp-cloud-nat",
  name: "Google Cloud NAT",
  kind: "flow",
  managed: true,
  granularityMs: 2_000,
  version: null,
  knobs: [
    {
      name: "tcpEstablishedIdleTimeoutSec",
      classes: ["D"],
      side: "through",
      unit: "ms",
      default: 1_200_000,
      resetBy: packets,
      ends: ["silent"],
      ...secondHand("Google Cloud API, Router nats[].tcpEstablishedIdleTimeoutSec, as clients and providers quote it"),
    },
  ],
};
