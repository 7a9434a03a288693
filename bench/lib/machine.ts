/**
 * Facts about the machine and the moment of a measurement. Read only; what a system does not tell is said to be unknown.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, statfsSync } from "node:fs";
import { cpus, loadavg, release, totalmem, type } from "node:os";

export interface MachineFacts {
  readonly date: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly descriptorsMax: number;
  /** The load average when the run began: above the number of idle cores, figures are disturbed. */
  readonly load: number;
}

export function machineFacts(): MachineFacts {
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: cpus().length,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    node: process.version,
    descriptorsMax: descriptorsMax(),
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

/** How many descriptors a process started here may open. Node itself raises the soft limit to the hard one. */
export function descriptorsMax(): number {
  try {
    const line = /^Max open files\s+(\d+)\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return Number(line?.[1] ?? 1_024);
  } catch {
    return Number(execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" })) || 1_024;
  }
}

/** Bytes that the kernel holds for TCP on the whole machine, both ends of loopback connections; null where it does not say. */
export function socketMemoryBytes(): number | null {
  try {
    const pages = /^TCP:.* mem (\d+)/m.exec(readFileSync("/proc/net/sockstat", "utf8"))?.[1];
    return pages === undefined ? null : Number(pages) * 4_096;
  } catch {
    return null;
  }
}

const fileSystems: Readonly<Record<number, string>> = { 61267: "ext4", 16914836: "tmpfs", 1481003842: "xfs", 2435016766: "btrfs", 2035054128: "overlayfs" };

/** The kind of file system under a folder. On tmpfs an fsync costs nothing, so durable figures from there mean nothing. */
export function fileSystemOf(folder: string): string {
  const { type: kind } = statfsSync(folder);
  return fileSystems[kind] ?? `0x${kind.toString(16)}`;
}
