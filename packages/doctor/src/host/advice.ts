/**
 * What a host needs to hold so many connections, in numbers: settings beside what they are now, and the lines that make them so. Pure.
 */
import { backlogFor } from "./judgements/accept.ts";
import { linkBytes, linkBytesTls } from "./judgements/buffers.ts";
import { descriptorsFor } from "./judgements/descriptors.ts";
import { roundUp } from "./make.ts";
import { type HostView, orNull } from "./view.ts";

/** One setting. `fits`: what is there is enough; null: it is not known. */
export interface Need {
  readonly what: string;
  readonly now: number | null;
  readonly needed: number;
  readonly fits: boolean | null;
  readonly line: string;
}

export interface HostAdvice {
  readonly connections: number;
  readonly needs: readonly Need[];
  /** Of idle links, by docs/performance.md; what an application keeps for each comes on top. */
  readonly memoryBytes: number;
  readonly memoryBytesTls: number;
}

export function adviseHost(view: HostView): HostAdvice {
  const { connections } = view;
  const need = (what: string, now: number | null, needed: number, line: (value: number) => string): Need => ({
    what,
    now,
    needed,
    fits: now === null ? null : now >= needed,
    line: line(roundUp(needed)),
  });
  const limit = view.facts.process === null ? null : orNull(view.facts.process.descriptorLimit);
  const nofile = descriptorsFor(connections);
  const backlog = backlogFor(connections);
  const needs: Need[] = [];
  if (limit !== null)
    needs.push(need("descriptors of the process (soft limit)", limit.soft ?? Number.MAX_SAFE_INTEGER, nofile, (value) => `LimitNOFILE=${value}`));
  needs.push(
    need("fs.nr_open", view.sysctl("fs.nr_open"), nofile, (value) => `sysctl -w fs.nr_open=${value}`),
    need("fs.file-max", view.sysctl("fs.file-max"), nofile * 2, (value) => `sysctl -w fs.file-max=${value}`),
    need("net.core.somaxconn", view.sysctl("net.core.somaxconn"), backlog, () => `sysctl -w net.core.somaxconn=${backlog}`),
    need("net.ipv4.tcp_max_syn_backlog", view.sysctl("net.ipv4.tcp_max_syn_backlog"), backlog, () => `sysctl -w net.ipv4.tcp_max_syn_backlog=${backlog}`),
  );
  if ((view.sysctl("net.netfilter.nf_conntrack_count") ?? 0) > 0) {
    const max = view.sysctl("net.netfilter.nf_conntrack_max");
    needs.push(need("net.netfilter.nf_conntrack_max", max, connections * 2, (value) => `sysctl -w net.netfilter.nf_conntrack_max=${value}`));
  }
  return { connections, needs, memoryBytes: connections * linkBytes, memoryBytesTls: connections * linkBytesTls };
}
