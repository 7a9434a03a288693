/**
 * One HTTP request whose answer is read as text while it comes, through the platform's `fetch`.
 * It must let go of a silent peer at once, and tell nothing after that.
 */

/** What is asked for. */
export interface EventRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly withCredentials: boolean;
}

/** What came back, before the body. */
export interface ResponseHead {
  readonly status: number;
  readonly contentType: string;
  /** `Retry-After`; 0 without one. */
  readonly afterMs: number;
  /** Of the address that answered, after redirects. */
  readonly url: string;
}

export interface ResponseHandlers {
  /** Returns whether to read the body. If not, the request is over and nothing more is told. */
  onHead(head: ResponseHead): boolean;
  onText(text: string): void;
  /** The body ended, or the request failed. */
  onEnd(error: unknown): void;
}

function afterMsOf(value: string | null): number {
  if (value === null) return 0;
  const afterMs = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return afterMs > 0 ? afterMs : 0;
}

/** Asks. The function that it returns lets go. */
export function openEventResponse({ url, headers, withCredentials }: EventRequest, handlers: ResponseHandlers): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  const read = async (): Promise<void> => {
    const response = await fetch(url, { headers, credentials: withCredentials ? "include" : "same-origin", cache: "no-store", signal });
    const head = {
      status: response.status,
      contentType: response.headers.get("content-type") ?? "",
      afterMs: afterMsOf(response.headers.get("retry-after")),
      url: response.url,
    };
    if (signal.aborted) return;
    if (!handlers.onHead(head)) {
      abort.abort();
      return;
    }
    const reader = response.body?.getReader();
    // The decoder takes one byte order mark away, and holds back what a chunk cut in two.
    const decoder = new TextDecoder();
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      if (signal.aborted) return;
      handlers.onText(decoder.decode(part.value, { stream: true }));
    }
    if (!signal.aborted) handlers.onEnd(null);
  };
  read().catch((error: unknown) => signal.aborted || handlers.onEnd(error));
  return () => abort.abort();
}

/** An address in full, against the page's own where there is one. Throws SyntaxError, as the platform's, for an address that is none. */
export function absoluteUrl(url: string | URL): string {
  const base = (globalThis as { readonly document?: { readonly baseURI: string } }).document?.baseURI;
  if (!URL.canParse(String(url), base)) throw new DOMException(`Expected an address, got ${url}`, "SyntaxError");
  return new URL(url, base).href;
}
