/**
 * TCP keepalive: too late for the boxes that forget, too slow to notice, and set where containers do not see it.
 */
import { formatDuration } from "../../../duration.ts";
import type { Finding } from "../../../finding.ts";
import { numberOf, type SysctlConfig } from "../parse.ts";
import { type SysctlRule, sysctlFinding } from "../rule.ts";

const [time, interval, probes] = ["net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"] as const;

/** NAT gateways, network balancers and security groups of clouds forget after this. */
const forgottenS = 350;
const defaultS = 7_200;
/** A dead peer that is noticed later than this is hardly noticed. */
const noticedS = 600;

export const keepalive: SysctlRule = (config) => [...late(config), ...slow(config), ...scope(config)];

function late(config: SysctlConfig): Finding[] {
  const first = numberOf(config, time);
  if (first === null || first.value === defaultS || first.value < forgottenS) return [];
  return [
    sysctlFinding("sysctl_keepalive_late", {
      title:
        first.value > defaultS
          ? `\`tcp_keepalive_time = ${first.value}\` is ${formatDuration(first.value * 1_000)}: it counts seconds`
          : `The first TCP probe comes after ${formatDuration(first.value * 1_000)}, when boxes on the way have forgotten the connection (${formatDuration(forgottenS * 1_000)})`,
      place: first.place,
      advice: [`${time} = 60`],
    }),
  ];
}

function slow(config: SysctlConfig): Finding[] {
  const first = numberOf(config, time);
  if (first === null || first.value >= forgottenS) return [];
  const [every, count] = [numberOf(config, interval)?.value ?? 75, numberOf(config, probes)?.value ?? 9];
  if (every * count <= noticedS) return [];
  return [
    sysctlFinding("sysctl_keepalive_slow", {
      title: `Probes begin after ${formatDuration(first.value * 1_000)}, and a dead peer is given ${formatDuration(every * count * 1_000)} more`,
      place: numberOf(config, interval)?.place ?? numberOf(config, probes)?.place ?? first.place,
      related: [first.place],
      evidence: [`${count} probes every ${every} s`],
      advice: [`${interval} = 10`, `${probes} = 6`],
    }),
  ];
}

/** Settings that hosts of containers have and others hardly do. */
const containerHost = ["net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables", "net.ipv4.ip_forward"];

function scope(config: SysctlConfig): Finding[] {
  const first = numberOf(config, time);
  const host = containerHost.map((key) => numberOf(config, key)).find((each) => each !== null && each.value === 1);
  if (first === null || first.value >= defaultS || host === null || host === undefined) return [];
  return [
    sysctlFinding("sysctl_keepalive_scope", {
      title: "This host seems to run containers, and `tcp_keepalive_time` does not reach into them",
      place: first.place,
      related: [host.place],
      advice: ["Kubernetes: securityContext.sysctls of the pod", `Docker: --sysctl ${time}=${first.value}`, "Or per socket: socket.setKeepAlive(true, 60000)"],
    }),
  ];
}
