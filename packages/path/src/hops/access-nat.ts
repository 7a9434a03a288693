/**
 * What stands between a user and the network: the router at home and the carrier's NAT. Nobody announces its timer; only wide ranges are known.
 */
import type { Product } from "../knob.ts";
import { packets, unverified } from "./rows.ts";

const outbound =
  "RFC 5382 demands at least 2 h 4 min and practice ignores it. RFC 4787: bytes from inside must refresh, bytes from outside may: the inside has to send";

export const homeNat: Product = {
  id: "home-nat",
  name: "Home router",
  kind: "flow",
  managed: true,
  granularityMs: 2_000,
  version: null,
  knobs: [
    {
      name: "tcp binding",
      classes: ["D"],
      side: "through",
      unit: "ms",
      default: 240_000,
      resetBy: { ...packets, direction: "to_server" },
      ends: ["silent", "rst_on_write"],
      note: `The shortest of 34 devices, about 4 min; the longest above 24 h. ${outbound}`,
      ...unverified("IMC 2010, a study of 34 home gateways: TCP figures"),
    },
    {
      name: "udp binding",
      classes: [],
      side: "through",
      unit: "ms",
      default: 30_000,
      resetBy: { ...packets, direction: "to_server" },
      ends: ["silent"],
      note: "A single packet; the shortest of 34 devices",
      ...unverified("IMC 2010, a study of 34 home gateways: UDP figures (slides read)"),
    },
  ],
};

export const cellularNat: Product = {
  id: "cellular-nat",
  name: "Carrier's NAT",
  aliases: ["cgn"],
  kind: "flow",
  managed: true,
  granularityMs: 2_000,
  version: null,
  knobs: [
    {
      name: "tcp binding",
      classes: ["D"],
      side: "through",
      unit: "ms",
      default: 300_000,
      resetBy: { ...packets, direction: "to_server" },
      ends: ["silent", "rst_on_write"],
      note: `From below 5 min to above 30 min over more than 100 carriers. ${outbound}`,
      ...unverified("NetPiculet, SIGCOMM 2011: spread of the figures (abstract read)"),
    },
  ],
};
