/**
 * What the process has of descriptors and heap, and how much of it is used. Counting descriptors means listing a folder, so that between two
 * lists the connections are counted instead.
 */

import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { getHeapStatistics } from "node:v8";
import type { Resources } from "../core.ts";
import type { Resource } from "../pressure.ts";

const everyMs = 1_000;
const listEveryMs = 5_000;
const descriptorFolder = "/proc/self/fd";

/** The soft limit of open descriptors (`ulimit -n`), or null where the system does not tell. */
export function descriptorsMax(): number | null {
  let text: string;
  try {
    text = readFileSync("/proc/self/limits", "utf8");
  } catch {
    return null; // Not Linux: the limit is not known, and nothing is judged by it.
  }
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1];
  return soft === undefined || soft === "unlimited" ? null : Number(soft);
}

/** Descriptors beside those of connections that a process needs: files, its own outgoing connections, event loop. */
export const descriptorsReserved = 100;
const refusalsMax = 256;
/** The part of the reserve that refusals may take. */
const refusalsShare = 0.3;

/** Watches the process until `close`. `connections` tells how many connections are open now, `connectionsMax` how many may be. */
export function processResources(connections: () => number, connectionsMax: number): Resources & { readonly descriptors: () => number } {
  const max = descriptorsMax();
  const beyond = (max ?? Number.POSITIVE_INFINITY) - connectionsMax - descriptorsReserved;
  let listed = 0;
  let connectionsThen = 0;
  const list = async (): Promise<void> => {
    const names = await readdir(descriptorFolder).catch(() => null);
    if (names === null) return;
    connectionsThen = connections();
    listed = names.length;
  };
  void list();
  const timer = max === null ? null : setInterval(() => void list(), listEveryMs);
  timer?.unref();
  const descriptors = (): number => Math.max(0, listed + connections() - connectionsThen);
  return {
    everyMs,
    refusalsMax: Math.min(refusalsMax, Math.floor(Math.max(0, beyond) + descriptorsReserved * refusalsShare)),
    descriptors,
    measure: () => {
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
      const found: Resource[] = [{ name: "heap", used, max: limit }];
      if (max !== null) found.push({ name: "descriptors", used: descriptors(), max });
      return found;
    },
    close: () => {
      if (timer !== null) clearInterval(timer);
    },
  };
}
