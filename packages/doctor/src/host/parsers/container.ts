/** What of /proc/PID/cgroup and the file system shows a container. Pure. */

const runtimes: readonly (readonly [RegExp, string])[] = [
  [/kubepods/, "Kubernetes"],
  [/docker/, "Docker"],
  [/libpod|podman/, "Podman"],
  [/lxc/, "LXC"],
  [/containerd|cri-/, "containerd"],
];

/** The runtime's name; null: nothing shows one. `marks`: which of /.dockerenv and /run/.containerenv are there. */
export function containerOf(cgroup: string, marks: readonly string[]): string | null {
  for (const [pattern, name] of runtimes) if (pattern.test(cgroup)) return name;
  if (marks.includes("/.dockerenv")) return "Docker";
  return marks.includes("/run/.containerenv") ? "Podman" : null;
}
