/** Descriptors: of the process against its soft limit, and of the system. */
import type { Finding } from "@holdfast/path";
import { counted, digits, hostFinding, roundUp } from "../make.ts";
import { type HostView, orNull } from "../view.ts";

/** What a process needs beside its connections: listeners, files, pipes, libraries. */
const spare = 64;

/** With a tenth to spare. A proxy holds two for each connection of a client, which `connections` counts already where it comes from the process itself. */
export function descriptorsFor(connections: number): number {
  return Math.ceil(connections * 1.1) + spare;
}

export function descriptors(view: HostView): Finding[] {
  return [...ofProcess(view), ...ofSystem(view)];
}

function ofProcess(view: HostView): Finding[] {
  const { facts, connections, connectionsAsked, connectionsNow } = view;
  const { process } = facts;
  const limit = process === null ? null : orNull(process.descriptorLimit);
  if (process === null || limit === null || limit.soft === null) return [];
  const open = orNull(process.descriptors);
  const needed = Math.max(descriptorsFor(connections), open === null ? 0 : open - connectionsNow + Math.ceil(connections * 1.1));
  const isFull = open !== null && open >= limit.soft * 0.9;
  // Twice of what is open now is a wish of nobody: only where the present number is near the limit is it worth a word.
  if (!isFull && (needed <= limit.soft || (connectionsAsked === null && (open ?? 0) < limit.soft * 0.5))) return [];
  const wanted = roundUp(needed);
  const most = view.sysctl("fs.nr_open");
  const name = process.name.known ? process.name.value : `process ${process.pid}`;
  return [
    hostFinding("descriptor_limit", {
      severity: isFull || connectionsAsked !== null ? "error" : "warning",
      title: `${name} (pid ${process.pid}) may open ${digits(limit.soft)} descriptors; ${counted(connections, "connection")} need ${digits(needed)}`,
      evidence: [
        `soft limit ${digits(limit.soft)}, hard limit ${limit.hard === null ? "none" : digits(limit.hard)} (/proc/${process.pid}/limits)`,
        open === null ? "how many are open is not known" : `${digits(open)} open now, ${digits(connectionsNow)} of them connections`,
      ],
      advice: [
        ...(most !== null && wanted > most ? [`first: sysctl -w fs.nr_open=${wanted}, above which the kernel lets no limit be set`] : []),
        `at once: prlimit --pid ${process.pid} --nofile=${wanted}:${Math.max(wanted, limit.hard ?? wanted)}`,
        `for good, in the unit: LimitNOFILE=${wanted}`,
        `nginx: worker_rlimit_nofile ${wanted}; with worker_connections ${Math.ceil(connections * 2)} over all workers, since a proxied connection takes two`,
      ],
    }),
  ];
}

function ofSystem(view: HostView): Finding[] {
  const [open, max, most] = [view.sysctl("fs.file-nr"), view.sysctl("fs.file-max"), view.sysctl("fs.nr_open")];
  const findings: Finding[] = [];
  const more = Math.max(0, view.connections - view.connectionsNow);
  if (open !== null && max !== null && open + more > max * 0.8) {
    findings.push(
      hostFinding("descriptors_system", {
        title: `${digits(open)} of ${digits(max)} descriptors of the whole system are open, and ${digits(more)} more are to come`,
        evidence: ["/proc/sys/fs/file-nr, /proc/sys/fs/file-max"],
        advice: [`sysctl -w fs.file-max=${roundUp((open + more) * 2)}`],
      }),
    );
  }
  const needed = descriptorsFor(view.connections);
  if (most !== null && needed > most) {
    findings.push(
      hostFinding("descriptors_system", {
        title: `No process may be allowed more than ${digits(most)} descriptors; ${counted(view.connections, "connection")} need ${digits(needed)}`,
        evidence: ["/proc/sys/fs/nr_open"],
        advice: [`sysctl -w fs.nr_open=${roundUp(needed)}`],
      }),
    );
  }
  return findings;
}
