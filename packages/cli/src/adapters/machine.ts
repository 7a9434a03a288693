/**
 * This machine and process as Node and /proc show them. It never invents: what is not there is null.
 */
import { readdir, readFile } from "node:fs/promises";
import { availableParallelism, freemem, loadavg, totalmem } from "node:os";
import type { LoopDelay, Machine } from "../vitals/vital.ts";

const sampleMs = 20;

/**
 * Opens the view of the machine. A timer measures the event loop until `close`.
 * Node's own monitorEventLoopDelay is not used: each reset loses the sample under way, which is where a tick's own work shows.
 */
export function openMachine(): Machine & { close(): void } {
  const delay = sampleLoop();
  return {
    readText: (path) => readFile(path, "latin1").catch(() => null),
    countNames: async (path) => (await readdir(path).catch(() => null))?.length ?? null,
    memory: () => {
      const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
      return { rssBytes: rss, heapUsedBytes: heapUsed, heapTotalBytes: heapTotal, externalBytes: external };
    },
    uptimeMs: () => process.uptime() * 1_000,
    cpuMs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    },
    loopDelay: delay.take,
    load: () => (process.platform === "win32" ? null : (loadavg() as [number, number, number])),
    hostMemory: () => ({ totalBytes: totalmem(), availableBytes: freemem() }),
    cpus: availableParallelism,
    close: delay.stop,
  };
}

function sampleLoop(): { take(): LoopDelay | null; stop(): void } {
  let delaysMs: number[] = [];
  let dueMs = 0;
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    dueMs = performance.now() + sampleMs;
    timer = setTimeout(() => {
      delaysMs.push(Math.max(0, performance.now() - dueMs));
      arm();
    }, sampleMs);
    timer.unref();
  };
  arm();
  return {
    take: () => {
      const sorted = delaysMs.sort((a, b) => a - b);
      delaysMs = [];
      if (sorted.length === 0) return null;
      const at = (fraction: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))] as number) * 100) / 100;
      return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
    },
    stop: () => clearTimeout(timer),
  };
}
