/**
 * An EventSource for any server, with the platform's interface, over `fetch`: comments count as proof of life, silence is judged, and a
 * refusal that passes by itself (5xx, 429) is not the end. It resumes by `Last-Event-ID`; an event that was cut is never told.
 */
import { absoluteUrl, openEventResponse, type ResponseHead } from "./adapters/event-response.ts";
import { EventParser } from "./event-parser.ts";
import { type Handler, HandlerTarget } from "./handler-target.ts";
import { LinkKeeper } from "./keeper.ts";
import { type Ending, isOpen, type LinkState, localEnding, never } from "./link-state.ts";
import type { LinkStatusSource } from "./link-status.ts";
import { type Address, failedDial, type LinkOptions, resolveRules, withAddress } from "./options.ts";

type Headers = Readonly<Record<string, string>>;

/** Options of `ReliableEventSource`. */
export interface ReliableEventSourceOptions extends LinkOptions {
  /** Sends cookies to other origins too. @default false */
  readonly withCredentials?: boolean;
  /** More request headers, or a function that is asked before every dial, so that it can put a fresh token in. */
  readonly headers?: Headers | (() => Headers | Promise<Headers>);
  /** Whether an answer that is no event stream is the server's last word. @default `isFinalStatus` */
  readonly isFinal?: (status: number) => boolean;
  /** After each opening but the first, before `open` is told. */
  readonly onReconnect?: (source: ReliableEventSource) => void;
  /** The most UTF-16 code units of one event; above it the source ends for good, as the server would send it again. @default 1_048_576 */
  readonly eventCharsMax?: number;
}

/** The default of `isFinal`: 204, which means "stop", and every 4xx but 408, 425 and 429. Server errors and answers of portals pass by themselves. */
export function isFinalStatus(status: number): boolean {
  return status === 204 || (status >= 400 && status < 500 && ![408, 425, 429].includes(status));
}

/** A header carries bytes, which JavaScript takes as the code units of a string; the standard wants the id in UTF-8. */
const encoded = (id: string): string => Array.from(new TextEncoder().encode(id), (byte) => String.fromCharCode(byte)).join("");

/** Drop-in for `EventSource`. */
export class ReliableEventSource extends HandlerTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSED = 2;

  declare onopen: Handler;
  declare onmessage: Handler<MessageEvent>;
  declare onerror: Handler;

  readonly withCredentials: boolean;
  readonly #address: Address;
  readonly #options: ReliableEventSourceOptions;
  readonly #keeper: LinkKeeper;
  #letGo: () => void = () => {};
  #dials = 0;
  #openings = 0;
  #url = "";
  #origin = "";
  #lastEventId = "";
  #retryMs = 0;

  /** @param url Where to dial, or a function that is asked before every dial. */
  constructor(url: Address, options: ReliableEventSourceOptions = {}) {
    super(["open", "message", "error"]);
    // As a listener: what it throws is reported by the platform and stops nothing here.
    this.addEventListener("reconnect", () => options.onReconnect?.(this));
    this.#address = url;
    this.#options = options;
    this.withCredentials = options.withCredentials ?? false;
    if (typeof url !== "function") this.#url = absoluteUrl(url);
    const driver = {
      dial: () => this.#dial(),
      // An event stream has no way back: there is nothing to ask. The wait for bytes alone is the probe.
      probe: () => {},
      destroy: () => this.#drop(),
      changed: (before: LinkState, after: LinkState) => this.#changed(before, after),
    };
    this.#keeper = new LinkKeeper(driver, resolveRules(options, 15_000, 45_000));
    this.#keeper.start();
  }

  /** State with reason; for `useSyncExternalStore` and programs. */
  get status(): LinkStatusSource {
    return this.#keeper;
  }
  get readyState(): 0 | 1 | 2 {
    const { state } = this.#keeper;
    if (state.name === "over") return 2;
    return isOpen(state) ? 1 : 0;
  }
  get url(): string {
    return this.#url;
  }
  /** The id with which the next request resumes; empty when the server has given none. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** Closes for good; tells nothing. */
  close(): void {
    this.#drop();
    this.#keeper.step({ name: "close" });
  }

  #drop(): void {
    this.#dials++;
    this.#letGo();
    this.#letGo = () => {};
  }

  #dial(): void {
    const dial = ++this.#dials;
    const isSame = (): boolean => dial === this.#dials;
    const failed = (error: unknown): void => void (isSame() && this.#ended(failedDial(error)));
    const { headers } = this.#options;
    withAddress(
      this.#address,
      (url) => {
        if (typeof headers !== "function") this.#ask(dial, url, headers ?? {});
        else new Promise<Headers>((resolve) => resolve(headers())).then((more) => this.#ask(dial, url, more)).catch(failed);
      },
      failed,
    );
  }

  #ask(dial: number, address: string, more: Headers): void {
    if (dial !== this.#dials) return;
    const url = absoluteUrl(address);
    this.#url = url;
    const headers = { ...more, Accept: "text/event-stream", ...(this.#lastEventId === "" ? {} : { "Last-Event-ID": encoded(this.#lastEventId) }) };
    const parser = new EventParser(this.#lastEventId, this.#options.eventCharsMax ?? 1_048_576, {
      onEvent: ({ type, data, lastEventId }) => {
        // A handler may have closed the source in the middle of a chunk.
        if (dial === this.#dials) this.dispatchEvent(new MessageEvent(type, { data, lastEventId, origin: this.#origin }));
      },
      onId: (lastEventId) => {
        if (dial === this.#dials) this.#lastEventId = lastEventId;
      },
      onRetry: (retryMs) => {
        this.#retryMs = retryMs;
      },
    });
    this.#letGo = openEventResponse(
      { url, headers, withCredentials: this.withCredentials },
      {
        onHead: (head) => this.#answered(head),
        onText: (text) => {
          this.#keeper.step({ name: "heard" });
          if (!parser.feed(text) && dial === this.#dials) {
            this.#drop();
            this.#ended({ ...localEnding("event_too_large", "an event is above `eventCharsMax`"), isFinal: true });
          }
        },
        onEnd: (error) => this.#brokeOff(error),
      },
    );
  }

  #answered({ status, contentType, afterMs, url }: ResponseHead): boolean {
    if (status === 200 && /^text\/event-stream\s*(;|$)/i.test(contentType)) {
      this.#origin = new URL(url).origin;
      this.#keeper.step({ name: "opened", proof: this.#options.silenceMs === never ? "none" : "silence" });
      return this.readyState === 1;
    }
    const { isFinal = isFinalStatus } = this.#options;
    const reason = status === 200 ? `no event stream but ${contentType || "nothing"}` : `HTTP ${status}`;
    this.#ended({ code: "remote_refused", reason, peerCode: status, isFinal: isFinal(status), afterMs: Math.max(afterMs, this.#retryMs) });
    return false;
  }

  #brokeOff(error: unknown): void {
    const wasOpen = this.readyState === 1;
    const reason = error === null ? "the server or a hop ended the stream" : failedDial(error).reason;
    this.#ended({ code: wasOpen ? "remote_closed" : "connect_failed", reason, peerCode: null, isFinal: false, afterMs: this.#retryMs });
  }

  #ended(ending: Ending): void {
    this.#keeper.step({ name: "ended", ending });
  }

  #changed(before: LinkState, after: LinkState): void {
    if (after.name === "live" && before.name === "dialing") {
      const dial = this.#dials;
      if (++this.#openings > 1) this.dispatchEvent(new Event("reconnect"));
      if (dial === this.#dials) this.dispatchEvent(new Event("open"));
    } else if (after.name === "waiting" || (after.name === "over" && after.cause.code !== "closed_by_user")) {
      this.dispatchEvent(new Event("error"));
    }
  }
}
