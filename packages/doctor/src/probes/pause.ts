/**
 * Waiting by an injected clock. Pure: whoever waits says for how long and who may cut it short.
 */
import type { Clock } from "@holdfast/protocol";

/** Resolves after so long, or once `signal` is aborted; never rejects. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true || delayMs <= 0) return resolve();
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.after(delayMs, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** What `promise` brings, or `late` after so long. The promise goes on; who gave it ends it. */
export async function within<T, L>(clock: Clock, promise: Promise<T>, delayMs: number, late: L, signal?: AbortSignal): Promise<T | L> {
  const over = new AbortController();
  const leave = (): void => over.abort();
  signal?.addEventListener("abort", leave, { once: true });
  if (signal?.aborted === true) over.abort();
  try {
    return await Promise.race([promise, pause(clock, delayMs, over.signal).then((): L => late)]);
  } finally {
    signal?.removeEventListener("abort", leave);
    over.abort();
  }
}
