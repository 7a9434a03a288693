/** The kernel's own log (dmesg, journalctl -k). */
import type { LogProduct } from "../event.ts";

export const kernelLog: LogProduct = {
  id: "kernel",
  name: "Linux",
  hint: /conntrack|SYN flooding|TCP: |file-max limit/,
  phrases: [
    { code: "log_conntrack_full", pattern: /nf_conntrack: (?:nf_conntrack: )?table full/ },
    { code: "log_syn_flood", pattern: /possible SYN flooding on port (?<where>[\d.:[\]a-f]*\d)/ },
    { code: "log_tcp_memory", pattern: /TCP: out of memory|TCP: too many orphaned sockets/ },
    { code: "log_descriptors", pattern: /VFS: file-max limit \d+ reached/ },
  ],
};
