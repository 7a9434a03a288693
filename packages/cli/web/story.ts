/**
 * What happened, as sentences with honest times: made from the client's status as it changes, the entries and the cuts. Pure.
 * It must never say that something was noticed before the client's own status said so.
 */
import { counted, duration, seconds } from "./format.ts";

export type Tone = "good" | "doubt" | "bad" | "cut" | "plain";

export interface Happening {
  readonly atMs: number;
  readonly tone: Tone;
  readonly text: string;
}

/** What of the client's status matters here. Times in ms since 1970. */
export interface Seen {
  readonly state: "live" | "catching-up" | "stale" | "offline" | "denied" | "closed";
  readonly code: string | null;
  readonly reason: string;
  readonly transport: string | null;
  readonly attempt: number;
  readonly retryAtMs: number | null;
  readonly linkId: string | null;
}

const transportNames: Readonly<Record<string, string>> = { websocket: "WebSocket", sse: "SSE", poll: "long-poll" };

export const transportName = (name: string): string => transportNames[name] ?? name;

const settleMs = 250;

function nextDial({ retryAtMs }: Seen, atMs: number): string {
  if (retryAtMs === null) return "";
  const inMs = retryAtMs - atMs;
  return inMs < 20 ? "; next dial at once" : `; next dial in ${duration(inMs)}`;
}

export class Story {
  #before: Seen | null = null;
  #lostAtMs: number | null = null;
  #upAtMs: number | null = null;
  #caughtUp = 0;
  #caughtUpAtMs = 0;
  readonly #tell: (happening: Happening) => void;

  constructor(tell: (happening: Happening) => void) {
    this.#tell = tell;
  }

  /** A cut was laid or taken away. */
  cut(atMs: number, text: string): void {
    this.#tell({ atMs, tone: "cut", text });
  }

  /** Another client takes over: what the old one's links were is no longer of interest. */
  switched(atMs: number, text: string): void {
    this.#before = null;
    this.#lostAtMs = null;
    this.#upAtMs = null;
    this.say(atMs, "plain", text);
  }

  say(atMs: number, tone: Tone, text: string): void {
    this.#tell({ atMs, tone, text });
  }

  /** An entry came, published at `publishedMs`. */
  entry(atMs: number, publishedMs: number): void {
    if (this.#upAtMs === null || publishedMs >= this.#upAtMs) return;
    this.#caughtUp++;
    this.#caughtUpAtMs = atMs;
  }

  /** The status changed. `silentMs`: for how long no byte had come by then. */
  status(atMs: number, now: Seen, silentMs: number): void {
    const before = this.#before;
    this.#before = now;
    if (before === null || (before.linkId === null && now.linkId !== null && this.#lostAtMs === null)) {
      if (now.linkId !== null) this.#tell({ atMs, tone: "good", text: `Connected by ${transportName(now.transport ?? "")}` });
      return;
    }
    if (before.linkId !== null && now.linkId !== before.linkId) this.#linkGone(atMs, before, now, silentMs);
    if (now.linkId !== null && now.linkId !== before.linkId) this.#linkUp(atMs, now);
    if (now.linkId === null && before.linkId === null && now.state === "offline" && now.attempt > before.attempt) {
      const next = nextDial(now, atMs);
      this.#tell({ atMs, tone: "bad", text: `Dial ${now.attempt} failed: ${now.reason || now.code || "no reason given"}${next}` });
    }
    if (now.linkId === before.linkId && now.linkId !== null) this.#sameLink(atMs, before, now, silentMs);
    if (now.state === "denied") this.#tell({ atMs, tone: "bad", text: `Refused for good: ${now.reason || now.code}` });
  }

  /** Time passes. The last entries of a catching up are handed out a little after the status says that all have come. */
  tick(atMs: number): void {
    if (this.#before?.state === "live" && this.#upAtMs !== null && atMs - this.#upAtMs >= settleMs) this.#caught();
  }

  #linkGone(atMs: number, before: Seen, now: Seen, silentMs: number): void {
    if (now.linkId !== null) return; // Make-before-break: nobody was without a link.
    this.#lostAtMs = atMs;
    const after = before.state === "stale" ? `Noticed ${seconds(silentMs)} after the last byte: link given up` : "Noticed at once: the link is gone";
    const why = now.reason || now.code;
    const next = nextDial(now, atMs);
    this.#tell({ atMs, tone: "bad", text: `${after}${why ? ` (${why})` : ""}${next}` });
  }

  #linkUp(atMs: number, now: Seen): void {
    const by = transportName(now.transport ?? "");
    if (this.#lostAtMs === null) this.#tell({ atMs, tone: "good", text: `Moved to a new link by ${by} before the old one was let go` });
    else this.#tell({ atMs, tone: "good", text: `New link by ${by}, ${duration(atMs - this.#lostAtMs)} after the old one was given up` });
    if (now.reason !== "" && now.code !== null) this.#tell({ atMs, tone: "doubt", text: `Not on a better transport: ${now.reason}` });
    this.#lostAtMs = null;
    this.#upAtMs = atMs;
    this.#caughtUp = 0;
  }

  #sameLink(atMs: number, before: Seen, now: Seen, silentMs: number): void {
    if (before.state !== "stale" && now.state === "stale") {
      this.#tell({ atMs, tone: "doubt", text: `Stale: no byte for ${seconds(silentMs)}; the client asks for proof of life` });
    } else if (before.state === "stale" && now.state !== "stale") {
      this.#tell({ atMs, tone: "good", text: "Proof of life came: the same link goes on, nothing had to be repeated" });
    }
  }

  #caught(): void {
    const upAtMs = this.#upAtMs as number;
    this.#upAtMs = null;
    if (this.#caughtUp === 0) return;
    const entries = counted(this.#caughtUp, "entry", "entries");
    this.#tell({ atMs: this.#caughtUpAtMs, tone: "good", text: `Caught up: ${entries} in ${duration(this.#caughtUpAtMs - upAtMs)}` });
  }
}
