/**
 * Queues and ports that are smaller than what the kernel would have chosen itself.
 */
import type { Finding } from "../../../finding.ts";
import { numberOf, type SysctlConfig } from "../parse.ts";
import { type SysctlRule, sysctlFinding } from "../rule.ts";

const backlogMin = 1_024;
/** 32768 to 60999. */
const portsDefault = 28_232;

export const queues: SysctlRule = (config) => [
  ...["net.core.somaxconn", "net.ipv4.tcp_max_syn_backlog"].flatMap((key) => backlog(key, config)),
  ...ports(config),
];

function backlog(key: string, config: SysctlConfig): Finding[] {
  const size = numberOf(config, key);
  if (size === null || size.value >= backlogMin) return [];
  return [
    sysctlFinding("sysctl_backlog_small", {
      title: `\`${key} = ${size.value}\`: when more connections than that come at once, they are dropped`,
      place: size.place,
      advice: [`${key} = 4096`],
    }),
  ];
}

function ports({ settings }: SysctlConfig): Finding[] {
  const range = settings.get("net.ipv4.ip_local_port_range");
  const [, from, to] = /^(\d{1,5})\s+(\d{1,5})$/.exec(range?.value ?? "") ?? [];
  if (range === undefined || from === undefined || to === undefined) return [];
  const count = Number(to) - Number(from) + 1;
  if (count < portsDefault) {
    const title = `${Math.max(0, count)} ports for outgoing connections to one address, fewer than the ${portsDefault} that it would be`;
    return [sysctlFinding("sysctl_ports_few", { title, place: range.place, advice: ["net.ipv4.ip_local_port_range = 32768 60999"] })];
  }
  if (Number(from) >= 10_000 || settings.has("net.ipv4.ip_local_reserved_ports")) return [];
  return [
    sysctlFinding("sysctl_ports_overlap", {
      title: `Outgoing connections may take any port from ${from} on, and so that of a server which is about to start`,
      place: range.place,
      advice: ["net.ipv4.ip_local_reserved_ports = 3000,5432,8080, or whatever listens here", "net.ipv4.ip_local_port_range = 16384 60999"],
    }),
  ];
}
