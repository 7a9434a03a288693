/**
 * What a process holds once garbage is gone. Needs `--expose-gc`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { getHeapSpaceStatistics } from "node:v8";

export interface SettledMemory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly young: number;
  readonly collected: boolean;
}

export async function settledMemory(): Promise<SettledMemory> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await sleep(50);
  }
  const young = getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
  return {
    rss: process.memoryUsage.rss(),
    heapUsed: process.memoryUsage().heapUsed,
    young: young?.physical_space_size ?? 0,
    collected: globalThis.gc !== undefined,
  };
}
