/**
 * Requests by the platform's fetch, for links that are carried by them. In browsers each stream also holds a shared lock while it is
 * open, by which the tabs of an origin know how many of its connections are taken. It must never keep a request that was aborted.
 */
import type { Requester } from "../request-conn.ts";

interface Locks {
  request(name: string, options: object, hold: () => Promise<unknown>): Promise<unknown>;
  query(): Promise<{ held?: readonly { name?: string }[] }>;
}
const lockName = "holdfast-stream";
/** What browsers open to one origin over HTTP/1.1. */
const connectionsMax = 6;
const browser = globalThis as { document?: unknown; navigator?: { locks?: Locks } };
const locksOf = (): Locks | undefined => (browser.document === undefined ? undefined : browser.navigator?.locks);

async function run(url: string, body: string, events: Parameters<Requester["post"]>[2], signal: AbortSignal): Promise<void> {
  let status = 0;
  let text = "";
  try {
    const response = await fetch(url, { method: "POST", body, signal, cache: "no-store" });
    if (response.ok && response.body !== null) {
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) if (!signal.aborted) events.text(piece.value);
    } else text = await response.text();
    status = response.status;
  } catch {
    // Refused, broken off or aborted: status 0 says that there was no whole answer.
  }
  if (!signal.aborted) events.end(status, text);
}

/** Requests over fetch. */
export const fetchRequester: Requester = {
  post(url, body, events) {
    const abort = new AbortController();
    const running = run(url, body, events, abort.signal);
    locksOf()
      ?.request(lockName, { mode: "shared", signal: abort.signal }, () => running)
      .catch(() => {});
    return () => abort.abort();
  },
  async crowded() {
    const { held = [] } = (await locksOf()?.query()) ?? {};
    return held.filter(({ name }) => name === lockName).length > connectionsMax;
  },
};
