/**
 * Heap and event loop of this process. The loop is measured by Node's own monitor, over windows that no reader can cut short for another.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";

export interface ProcessFigures {
  heap(): { readonly usedBytes: number; readonly limitBytes: number };
  /** Seconds. */
  loopDelay(): { readonly p50: number; readonly p99: number; readonly max: number };
}

const resolutionMs = 20;
/** A peak is shown for at least so long: to everyone who asks as often as that. */
const windowMs = 15_000;

let shared: ProcessFigures | null = null;

/** The same for all who ask: a process has one loop. It is measured from the first call on. */
export function processFigures(): ProcessFigures {
  shared ??= open();
  return shared;
}

function open(): ProcessFigures {
  let [older, newer] = [monitor(), monitor()];
  let turnedMs = performance.now();
  return {
    heap: () => {
      const { used_heap_size: usedBytes, heap_size_limit: limitBytes } = getHeapStatistics();
      return { usedBytes, limitBytes };
    },
    loopDelay: () => {
      const delay = { p50: seconds(older.percentile(50)), p99: seconds(older.percentile(99)), max: seconds(older.max) };
      if (performance.now() - turnedMs >= windowMs) {
        older.disable();
        [older, newer] = [newer, monitor()];
        turnedMs = performance.now();
      }
      return older.count === 0 ? { p50: 0, p99: 0, max: 0 } : delay;
    },
  };
}

function monitor(): ReturnType<typeof monitorEventLoopDelay> {
  const made = monitorEventLoopDelay({ resolution: resolutionMs });
  made.enable();
  return made;
}

/** The monitor tells how long a pause of `resolutionMs` took, in ns. */
function seconds(ns: number): number {
  return Math.max(0, ns / 1e9 - resolutionMs / 1_000);
}
