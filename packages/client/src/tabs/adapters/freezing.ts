/**
 * What concerns tabs that share, beside what concerns every page: a frozen page must not go on holding the lock of the leader.
 */
import type { PlatformHooks } from "../../client.ts";

/** Watches the page; freezing is a pause too. Returns the way to stop. */
export function watchFreezing(hooks: PlatformHooks, watchPage: (hooks: PlatformHooks) => () => void): () => void {
  const unwatch = watchPage(hooks);
  const { document } = globalThis as { document?: EventTarget };
  document?.addEventListener("freeze", hooks.pause);
  document?.addEventListener("resume", hooks.resume);
  return () => {
    unwatch();
    document?.removeEventListener("freeze", hooks.pause);
    document?.removeEventListener("resume", hooks.resume);
  };
}
