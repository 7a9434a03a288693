/**
 * What a page tells about itself and its network, as reasons to doubt a link. Other platforms tell nothing.
 * It must keep no listener once it was told to stop.
 */
import type { Poke } from "../link-state.ts";

interface Page {
  addEventListener?(name: Poke, listener: (event: { readonly type: string; readonly persisted?: boolean }) => void, options: object): void;
  readonly document?: { readonly visibilityState: string };
}

/** Tells each poke to `listener` until the function that it returns is called. */
export function watchPlatform(listener: (why: Poke) => void): () => void {
  const page = globalThis as unknown as Page;
  const abort = new AbortController();
  // `pageshow` is told of a first load too, which proves nothing; from the back-forward cache, connections may be gone without a word.
  for (const name of ["online", "offline", "pageshow", "resume", "visibilitychange"] as const) {
    const tell = ({ persisted }: { readonly persisted?: boolean }): void => {
      if (name === "pageshow" ? persisted : name !== "visibilitychange" || page.document?.visibilityState === "visible") listener(name);
    };
    // Capturing: some of them are told to the document, and pass the window on their way there.
    page.addEventListener?.(name, tell, { capture: true, signal: abort.signal });
  }
  return () => abort.abort();
}
