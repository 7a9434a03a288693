/**
 * Service addresses of Kubernetes and Docker Swarm: IPVS and iptables. Both ends go on believing that the connection is open.
 */
import type { Knob, Product } from "../knob.ts";
import { packets, readIn, secondHand, unverified } from "./rows.ts";

const ipvs = readIn("ipvsadm --set defaults; kubernetes#84041, moby#31208, kubelb#539");

const ipvsKnobs = (names: readonly [string, string, string], note: string): readonly Knob[] => [
  { name: names[0], classes: ["D"], side: "through", unit: "ms", default: 900_000, resetBy: packets, ends: ["silent"], note, ...ipvs },
  { name: names[1], classes: [], side: "through", unit: "ms", default: 120_000, ends: ["silent"], note: "After a FIN", ...ipvs },
  { name: names[2], classes: [], side: "through", unit: "ms", default: 300_000, ends: ["silent"], note: "UDP", ...ipvs },
];

export const kubeIpvs: Product = {
  id: "kube-ipvs",
  name: "kube-proxy, IPVS",
  aliases: ["ipvs"],
  kind: "flow",
  managed: false,
  granularityMs: 1_000,
  version: null,
  knobs: ipvsKnobs(
    ["--ipvs-tcp-timeout", "--ipvs-tcpfin-timeout", "--ipvs-udp-timeout"],
    "Shorter than the pool of Envoy (1 h) and equal to that of Cloudflare (15 min)",
  ),
};

export const dockerSwarm: Product = {
  id: "docker-swarm",
  name: "Docker Swarm virtual IP",
  aliases: ["swarm"],
  kind: "flow",
  managed: false,
  granularityMs: 1_000,
  version: null,
  knobs: ipvsKnobs(["ipvs tcp", "ipvs tcpfin", "ipvs udp"], "Set by ipvsadm within the network's namespace"),
};

export const kubeIptables: Product = {
  id: "kube-iptables",
  name: "kube-proxy, iptables",
  kind: "flow",
  managed: false,
  granularityMs: 1_000,
  version: null,
  knobs: [
    {
      name: "--conntrack-tcp-timeout-established",
      classes: ["D"],
      side: "through",
      unit: "ms",
      default: 86_400_000,
      resetBy: packets,
      ends: ["silent"],
      note: "Sets nf_conntrack_tcp_timeout_established of the node",
      ...secondHand("kubernetes.io, command line of kube-proxy"),
    },
    {
      name: "--conntrack-tcp-timeout-close-wait",
      classes: [],
      side: "through",
      unit: "ms",
      default: 3_600_000,
      ends: ["silent"],
      ...unverified("kubernetes.io, command line of kube-proxy"),
    },
  ],
};
