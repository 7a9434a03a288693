/**
 * What a browser tells of the world around a page: network, visibility, sleep, the back-forward cache. Silent elsewhere.
 * It must never decide anything: it says that something changed, and the client proves what still holds.
 */
import type { PlatformHooks } from "../client.ts";

/** Watches the page; returns the way to stop. */
export function watchPage(hooks: PlatformHooks): () => void {
  const { document } = globalThis as { document?: EventTarget & { visibilityState: string } };
  if (document === undefined) return () => {};
  const stop = new AbortController();
  const on = (target: EventTarget, name: string, call: (event: Event) => void): void => target.addEventListener(name, call, { signal: stop.signal });
  const page = globalThis as unknown as EventTarget;
  // `offline` is a wake too: the probe that follows shows whether the link lives on.
  for (const name of ["online", "offline", "focus"]) on(page, name, hooks.wake);
  on(document, "resume", hooks.wake);
  on(document, "visibilitychange", () => document.visibilityState === "visible" && hooks.wake());
  // A page with an open connection is not kept in the back-forward cache; and what it was sent there would be lost to it.
  on(page, "pagehide", hooks.pause);
  on(page, "pageshow", hooks.resume);
  return () => stop.abort();
}
