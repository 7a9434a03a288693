/**
 * The kernel settings that matter to connections, and what each is for. One list, for reading, for the table and for the docs.
 */

export const sysctlDocs = {
  "net.core.somaxconn": { what: "Most connections that may wait to be accepted, whatever the program asks for" },
  "net.ipv4.tcp_max_syn_backlog": { what: "Half-open connections per listener" },
  "net.ipv4.tcp_syncookies": { what: "Whether to answer with cookies when that is full" },
  "net.ipv4.ip_local_port_range": { what: "Ephemeral ports" },
  "net.ipv4.tcp_tw_reuse": { what: "Whether outgoing connections may take a port in TIME_WAIT again (2: loopback only)" },
  "net.ipv4.tcp_fin_timeout": { what: "Seconds in FIN-WAIT-2. Not TIME_WAIT, which is fixed" },
  "net.ipv4.tcp_keepalive_time": { what: "Seconds of silence before the first probe, on sockets that asked for probes" },
  "net.ipv4.tcp_keepalive_intvl": { what: "Seconds between probes" },
  "net.ipv4.tcp_keepalive_probes": { what: "Probes without an answer" },
  "net.ipv4.tcp_retries2": { what: "How often unacknowledged data is sent again" },
  "net.ipv4.tcp_slow_start_after_idle": { what: "Whether the congestion window falls after a pause" },
  "net.ipv4.tcp_congestion_control": { what: "How it grows" },
  "net.ipv4.tcp_rmem": { what: "Receive buffer: least, at first, most" },
  "net.ipv4.tcp_wmem": { what: "Send buffer: least, at first, most" },
  "net.ipv4.tcp_notsent_lowat": { what: "Bytes not sent yet that the kernel takes from a program" },
  "fs.file-max": { what: "Descriptors of all processes" },
  "fs.file-nr": { what: "Descriptors open, free, and that limit" },
  "fs.nr_open": { what: "The most that one process may be allowed" },
  "net.netfilter.nf_conntrack_count": { what: "Flows tracked now" },
  "net.netfilter.nf_conntrack_max": { what: "Most of them" },
  "net.netfilter.nf_conntrack_tcp_timeout_established": { what: "Seconds of silence after which an open flow is forgotten" },
  "net.netfilter.nf_conntrack_tcp_timeout_time_wait": { what: "Seconds for which an ended one is remembered" },
} as const satisfies Record<string, { readonly what: string }>;

export type SysctlName = keyof typeof sysctlDocs;

export const sysctlNames = Object.keys(sysctlDocs) as readonly SysctlName[];

/** Where the kernel shows it. */
export function sysctlPath(name: string): string {
  return `/proc/sys/${name.replaceAll(".", "/")}`;
}
