/**
 * A Linux host's own settings: what its sockets do when nobody says otherwise. Names of sysctl.
 */
import type { Product } from "../knob.ts";
import { measuredBy, readIn } from "./rows.ts";

const seen = measuredBy("sysctl on Linux 6.18; ip-sysctl.rst");
const unacked = measuredBy("setKeepAlive(true, 5000) over a flow that is dropped: ETIMEDOUT after 15.5 s; no effect for 60 s while data is unacknowledged");

export const linux: Product = {
  id: "linux",
  name: "Linux",
  aliases: ["kernel", "sysctl"],
  kind: "kernel",
  managed: false,
  granularityMs: 200,
  version: null,
  knobs: [
    {
      name: "net.ipv4.tcp_keepalive_time",
      role: "probe_idle",
      classes: ["T"],
      side: "both",
      unit: "ms",
      default: 7_200_000,
      note: "Only for sockets with SO_KEEPALIVE; of each network namespace since 4.13. With the other two: 2 h 11 min until a dead peer is noticed, and never while data is unacknowledged",
      ...seen,
    },
    { name: "net.ipv4.tcp_keepalive_intvl", role: "probe_interval", classes: ["T"], side: "both", unit: "ms", default: 75_000, ...seen },
    { name: "net.ipv4.tcp_keepalive_probes", role: "probe_count", classes: ["T"], side: "both", unit: "count", default: 9, ...unacked },
    {
      name: "net.ipv4.tcp_retries2",
      classes: [],
      side: "both",
      unit: "count",
      default: 15,
      note: "About 924 s before unacknowledged data gives ETIMEDOUT",
      ...seen,
    },
    { name: "net.ipv4.tcp_syn_retries", classes: [], side: "server", unit: "count", default: 6, ...seen },
    {
      name: "net.ipv4.tcp_fin_timeout",
      classes: [],
      side: "both",
      unit: "ms",
      default: 60_000,
      note: "FIN-WAIT-2, not TIME_WAIT, which nothing tunes",
      ...seen,
    },
    {
      name: "net.ipv4.tcp_tw_reuse",
      classes: [],
      side: "server",
      unit: "count",
      default: 2,
      note: "Outgoing connections with timestamps only; 2: over loopback",
      ...seen,
    },
    {
      name: "net.ipv4.tcp_slow_start_after_idle",
      classes: [],
      side: "both",
      unit: "count",
      default: 1,
      note: "A kept connection begins slowly again after a pause",
      ...seen,
    },
    {
      name: "net.core.somaxconn",
      classes: [],
      side: "client",
      unit: "count",
      default: 4_096,
      note: "128 before Linux 5.4. Caps every listen backlog",
      ...seen,
    },
    { name: "net.ipv4.tcp_max_syn_backlog", classes: [], side: "client", unit: "count", default: 2_048, note: "Computed from the memory", ...seen },
    {
      name: "net.ipv4.ip_local_port_range",
      role: "ports",
      classes: [],
      side: "server",
      unit: "count",
      default: 28_232,
      note: "32768 to 60999: connections from one address to one address and port",
      ...seen,
    },
    { name: "fs.nr_open", classes: [], side: "both", unit: "count", default: 1_048_576, note: "Most descriptors that a process may be given", ...seen },
    {
      name: "nofile",
      role: "descriptors",
      classes: [],
      side: "both",
      unit: "count",
      default: 1_024,
      note: "The soft limit of a process (`ulimit -n`, LimitNOFILE=), as shells and systemd set it",
      ...readIn("systemd.exec(5), LimitNOFILE=; getrlimit(2)"),
    },
  ],
};
