/** The kernel's memory of flows. */
import { type Finding, formatDuration } from "@holdfast/path";
import { digits, hostFinding, roundUp } from "../make.ts";
import type { HostView } from "../view.ts";

const dayMs = 86_400_000;

export function conntrack(view: HostView): Finding[] {
  const [count, max] = [view.sysctl("net.netfilter.nf_conntrack_count"), view.sysctl("net.netfilter.nf_conntrack_max")];
  if (count === null || max === null || max === 0) return [];
  const findings: Finding[] = [];
  const share = count / max;
  // A flow that nobody tracks takes no entry: with an empty table a large number of connections is no worry.
  const planned = count === 0 ? 0 : Math.max(count, view.connectionsAsked ?? 0);
  if (share >= 0.7 || planned * 2 > max) {
    const wanted = roundUp(Math.max(count * 3, planned * 2));
    findings.push(
      hostFinding("conntrack_full", {
        severity: share >= 0.9 ? "error" : "warning",
        title:
          share >= 0.7
            ? `${Math.round(share * 100)} % of the connection-tracking table is taken: ${digits(count)} of ${digits(max)}`
            : `${digits(planned)} connections want a connection-tracking table of ${digits(planned * 2)}; it holds ${digits(max)}`,
        evidence: ["net.netfilter.nf_conntrack_count, net.netfilter.nf_conntrack_max"],
        advice: [
          `sysctl -w net.netfilter.nf_conntrack_max=${wanted}`,
          `echo ${Math.ceil(wanted / 4)} > /sys/module/nf_conntrack/parameters/hashsize`,
          "or leave this traffic untracked: nft add rule inet raw prerouting tcp dport 443 notrack",
        ],
      }),
    );
  }
  const established = view.sysctl("net.netfilter.nf_conntrack_tcp_timeout_established");
  if (established !== null && count > 0 && established * 1_000 < dayMs) {
    findings.push(
      hostFinding("conntrack_forgets", {
        severity: established < 600 ? "warning" : "info",
        title: `A flow that is silent for ${formatDuration(established * 1_000)} is forgotten by this host's connection tracking`,
        evidence: [`net.netfilter.nf_conntrack_tcp_timeout_established ${established}`, `${digits(count)} flows are tracked`],
        advice: [
          `a heartbeat every ${formatDuration(Math.floor(established / 2.2) * 1_000)} or more often`,
          "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=86400",
        ],
      }),
    );
  }
  return findings;
}
