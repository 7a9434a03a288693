/**
 * When a user interface hears of changes: once per frame, all of them together, whatever their number.
 * It must not wait for a frame that never comes: a hidden page draws none, and Node has none at all.
 */

interface Platform {
  requestAnimationFrame?: (call: () => void) => number;
  cancelAnimationFrame?: (frame: number) => void;
}

/** How long a change may wait when no frame is drawn, in ms. A hidden page's timers are late by themselves. */
const frameMsMax = 100;

const waiting = new Set<() => void>();
const platform = globalThis as Platform;

function tell(): void {
  const due = [...waiting];
  waiting.clear();
  for (const call of due) call();
}

function arm(): void {
  if (platform.requestAnimationFrame === undefined) {
    setTimeout(tell, 0);
    return;
  }
  const frame = platform.requestAnimationFrame(() => {
    clearTimeout(timer);
    tell();
  });
  const timer = setTimeout(() => {
    platform.cancelAnimationFrame?.(frame);
    tell();
  }, frameMsMax);
}

/** Calls `call` once with the next frame, however often it is asked for until then. It must not throw. */
export function onNextFrame(call: () => void): void {
  waiting.add(call);
  if (waiting.size === 1) arm();
}

/** Takes the wish back. */
export function offNextFrame(call: () => void): void {
  waiting.delete(call);
}
