/**
 * Channels and locks of a browser's origin: BroadcastChannel and Web Locks.
 * It must never hold a lock that was let go while it was still waited for.
 */
import type { Sharing } from "../sharing.ts";

interface Locks {
  request(name: string, options: object, hold: () => Promise<void> | undefined): Promise<unknown>;
}
const { navigator, origin } = globalThis as { navigator?: { locks?: Locks }; origin?: string };

/** Whether tabs can share here: not in Node, nor in insecure contexts, nor in frames of an opaque origin, which may not have locks. */
export const canShare = typeof origin === "string" && origin !== "null" && navigator?.locks !== undefined && typeof BroadcastChannel === "function";

export const browserSharing: Sharing = {
  channel(name, onMessage) {
    const channel = new BroadcastChannel(name);
    channel.onmessage = (event: { data: unknown }) => onMessage(event.data);
    return { post: (message) => channel.postMessage(message), close: () => channel.close() };
  },
  lock(name, how, held, lost) {
    const abort = new AbortController();
    let isOver = false;
    let release = (): void => abort.abort();
    const hold = (): Promise<void> | undefined => {
      if (isOver) return undefined;
      const holding = new Promise<void>((resolve) => {
        release = resolve;
      });
      held();
      return holding;
    };
    // A lock that is stolen cannot be waited for with a signal, nor does it have to be.
    (navigator as { locks: Locks }).locks.request(name, how === "steal" ? { steal: true } : { signal: abort.signal }, hold).catch(() => {
      if (!isOver) lost();
    });
    return () => {
      isOver = true;
      release();
    };
  },
};
