/** The memory that a control group leaves to whoever is in it: a container has less than its machine. Pure. */
import type { MemoryFacts } from "../facts.ts";

/** What one group says, as its files have it. */
export interface MemoryGroup {
  readonly max: string;
  readonly current: string;
  readonly stat: string;
}

/** Where the limits of a process may stand, its own group first: `0::/a/b` of the unified hierarchy, or `4:memory:/a/b`. */
export function memoryFolders(cgroup: string): { readonly folder: string; readonly isUnified: boolean }[] {
  return cgroup.split("\n").flatMap((line) => {
    const found = /^(\d+):([^:]*):(\/.*)$/.exec(line);
    if (found === null) return [];
    const [, id, controllers = "", path = ""] = found;
    const isUnified = id === "0" && controllers === "";
    if (!isUnified && !controllers.split(",").includes("memory")) return [];
    const names = path.split("/").filter((name) => name !== "" && name !== "..");
    const root = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    return Array.from({ length: names.length + 1 }, (_, up) => ({ folder: [root, ...names.slice(0, names.length - up)].join("/"), isUnified }));
  });
}

/** The memory with the limit of a group heeded: what is cached of files gives way, so it counts as free. A group without a limit changes nothing. */
export function withinGroup(memory: MemoryFacts, { max, current, stat }: MemoryGroup): MemoryFacts {
  const limit = Number(/^\d+$/.exec(max.trim())?.[0] ?? Number.NaN);
  const used = Number(current.trim());
  // Without a limit the older hierarchy says the largest figure that it has, which changes nothing either.
  if (Number.isNaN(limit) || Number.isNaN(used)) return memory;
  const cached = Number(/^(?:total_)?inactive_file (\d+)$/m.exec(stat)?.[1] ?? 0);
  const left = Math.max(0, limit - used + cached);
  return { totalBytes: Math.min(memory.totalBytes, limit), availableBytes: Math.min(memory.availableBytes, left, limit) };
}
