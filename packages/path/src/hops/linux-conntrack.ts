/**
 * Linux connection tracking, where the machine is a router, a NAT or a stateful firewall.
 */
import type { Product } from "../knob.ts";
import { measuredBy, packets, readIn } from "./rows.ts";

const kernel = readIn("linux, Documentation/networking/nf_conntrack-sysctl.rst; seen on Linux 6.18");

export const linuxConntrack: Product = {
  id: "linux-conntrack",
  name: "Linux conntrack",
  aliases: ["conntrack"],
  kind: "flow",
  managed: false,
  granularityMs: 1_000,
  version: null,
  knobs: [
    {
      name: "net.netfilter.nf_conntrack_tcp_timeout_established",
      classes: ["D"],
      side: "through",
      unit: "ms",
      default: 432_000_000,
      resetBy: packets,
      ends: ["silent"],
      note: "Five days. Behind a NAT the next packet is dropped or reset; a plain firewall with tcp_loose picks the flow up again",
      ...kernel,
    },
    {
      name: "net.netfilter.nf_conntrack_tcp_timeout_unacknowledged",
      classes: [],
      side: "through",
      unit: "ms",
      default: 300_000,
      ends: ["silent"],
      note: "While data waits for its ACK",
      ...kernel,
    },
    { name: "net.netfilter.nf_conntrack_tcp_timeout_max_retrans", classes: [], side: "through", unit: "ms", default: 300_000, ends: ["silent"], ...kernel },
    {
      name: "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
      classes: [],
      side: "through",
      unit: "ms",
      default: 60_000,
      ends: ["silent"],
      note: "Half closed",
      ...kernel,
    },
    {
      name: "net.netfilter.nf_conntrack_tcp_timeout_fin_wait",
      classes: [],
      side: "through",
      unit: "ms",
      default: 120_000,
      ends: ["silent"],
      note: "Half closed",
      ...kernel,
    },
    { name: "net.netfilter.nf_conntrack_tcp_timeout_time_wait", classes: [], side: "through", unit: "ms", default: 120_000, ...kernel },
    { name: "net.netfilter.nf_conntrack_udp_timeout", classes: [], side: "through", unit: "ms", default: 30_000, ends: ["silent"], ...kernel },
    { name: "net.netfilter.nf_conntrack_udp_timeout_stream", classes: [], side: "through", unit: "ms", default: 120_000, ends: ["silent"], ...kernel },
    {
      name: "net.netfilter.nf_conntrack_max",
      classes: [],
      side: "through",
      unit: "count",
      default: 262_144,
      note: "Computed from the memory; beyond it new connections are dropped (`nf_conntrack: table full`)",
      ...measuredBy("sysctl on Linux 6.18"),
    },
  ],
};
