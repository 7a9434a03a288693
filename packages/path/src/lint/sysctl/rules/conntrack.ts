/**
 * Connection tracking: names that are gone, and flows that are forgotten while both ends believe in them.
 */
import { formatDuration } from "../../../duration.ts";
import { numberOf } from "../parse.ts";
import { type SysctlRule, sysctlFinding } from "../rule.ts";

const established = "net.netfilter.nf_conntrack_tcp_timeout_established";
/** RFC 5382, REQ-5: 2 h 4 min, so that a probe of the default comes in time. */
const leastS = 7_440;

export const conntrack: SysctlRule = (config) => [
  ...[...config.settings.values()]
    .filter(({ key }) => /^net\.ipv4\.(netfilter\.)?ip_conntrack_/.test(key))
    .map(({ key, place }) => {
      const now = key.replace(/^net\.ipv4\.(netfilter\.)?ip_conntrack_/, "net.netfilter.nf_conntrack_");
      return sysctlFinding("sysctl_conntrack_renamed", { title: `\`${key}\` has another name since Linux 2.6.20: the line is refused`, place, advice: [now] });
    }),
  ...forgets(config),
];

const forgets: SysctlRule = (config) => {
  const flow = numberOf(config, established);
  const probe = numberOf(config, "net.ipv4.tcp_keepalive_time");
  const probeS = probe?.value ?? 7_200;
  if (flow === null || flow.value >= leastS || probeS * 2 <= flow.value) return [];
  return [
    sysctlFinding("sysctl_conntrack_forgets", {
      title: `Quiet connections are forgotten after ${formatDuration(flow.value * 1_000)}, the first probe comes after ${formatDuration(probeS * 1_000)}`,
      place: flow.place,
      related: probe === null ? [] : [probe.place],
      advice: [`net.ipv4.tcp_keepalive_time = ${Math.max(1, Math.min(60, Math.floor(flow.value / 2)))}`, `${established} = ${leastS}`],
    }),
  ];
};
