/**
 * A WebSocket for any server, with the platform's interface, that proves its links, dials again and says honestly how it stands.
 * `close` is told once, at the end; until then the object lives. What is sent is never dropped silently: it is sent, queued, or `send` throws.
 */
import { PlatformSocket } from "./adapters/platform-socket.ts";
import { world } from "./adapters/world.ts";
import { type Handler, HandlerTarget } from "./handler-target.ts";
import { LinkKeeper } from "./keeper.ts";
import { isOpen, type LinkState, localEnding, never } from "./link-state.ts";
import type { LinkStatusSource } from "./link-status.ts";
import { type Address, failedDial, type LinkOptions, resolveRules, withAddress } from "./options.ts";

/** What `send` takes. */
export type Sendable = string | ArrayBuffer | ArrayBufferView | Blob;

/** Options of `ReliableWebSocket`. */
export interface ReliableWebSocketOptions extends LinkOptions {
  /** Silence after which the link is probed. Any bytes end a silence. @default 12_000 */
  readonly heartbeatMs?: number;
  /** The message that asks the server for a sign of life, or a function that makes it. @default a protocol ping where the platform allows it (Node) */
  readonly ping?: Sendable | (() => Sendable);
  /** Messages that only answer `ping`: they count as proof of life and are not passed on. */
  readonly isPong?: (data: unknown) => boolean;
  /** Asks the server in any other way. Fulfilled in time is a proof of life. Goes before `ping`. */
  readonly prove?: () => Promise<unknown>;
  /** Whether a close of an open link is the server's last word. @default `isFinalClose` */
  readonly isFinal?: (event: CloseEvent) => boolean;
  /** After each opening but the first, before `open` is told and the queue is sent: the place to restore subscriptions. */
  readonly onReconnect?: (socket: ReliableWebSocket) => void;
  /** How many bytes `send` may hold back while no link is open. 0: it throws InvalidStateError then, as the platform's does. @default 0 */
  readonly queueBytesMax?: number;
  /** `close`: the loss of an open link ends the object with a `close` event, for libraries that make a new one. @default "reconnect" */
  readonly onLoss?: "reconnect" | "close";
}

/** What an object leaves to its successor when `onLoss` is `close`: how far the backoff has come. */
export interface Succession {
  state: LinkState | null;
}

/** How long a server may take to answer a close. */
const closeGraceMs = 1_000;

const finalCodes: readonly number[] = [1002, 1003, 1007, 1009, 1010];

/**
 * The default of `isFinal`: what the server will say again to the same client. 4500 to 4999, and 1002, 1003, 1007, 1009 and 1010, with which it
 * refuses what this client sends. Not 1000, with which servers and hops end idle links too, and not 1008, which also means too many pings.
 */
export function isFinalClose({ code }: { readonly code: number }): boolean {
  return (code >= 4500 && code <= 4999) || finalCodes.includes(code);
}

/** Drop-in for `WebSocket`. */
export class ReliableWebSocket extends HandlerTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;

  declare onopen: Handler;
  declare onmessage: Handler<MessageEvent>;
  declare onerror: Handler;
  declare onclose: Handler<CloseEvent>;

  readonly #address: Address;
  readonly #protocols: string | string[] | undefined;
  readonly #options: ReliableWebSocketOptions;
  readonly #succession: Succession | null;
  readonly #keeper: LinkKeeper;
  /** 0 while the object lives; then CLOSING, then CLOSED. */
  #ending: 0 | 2 | 3 = 0;
  #binaryType: "blob" | "arraybuffer" = "blob";
  #socket: PlatformSocket | null = null;
  #last: WebSocket | null = null;
  #dials = 0;
  #openings = 0;
  readonly #queue: { readonly data: Sendable; readonly bytes: number }[] = [];
  #queuedBytes = 0;

  /**
   * @param url Where to dial, or a function that is asked before every dial. Throws SyntaxError at once for an address that is none.
   * @param succession Internal to `reliable`.
   */
  constructor(url: Address, protocols?: string | string[], options: ReliableWebSocketOptions = {}, succession: Succession | null = null) {
    super(["open", "message", "error", "close"]);
    // As a listener: what it throws is reported by the platform and stops nothing here.
    this.addEventListener("reconnect", () => options.onReconnect?.(this));
    this.#address = url;
    this.#protocols = protocols;
    this.#options = options;
    this.#succession = succession;
    const rules = resolveRules(options, 10_000, never);
    this.#keeper = new LinkKeeper(
      {
        dial: () => this.#dial(),
        probe: () => this.#probe(),
        destroy: () => this.#letGo(),
        changed: (before, after) => this.#changed(before, after),
      },
      rules,
      succession?.state ?? null,
    );
    this.#keeper.start();
  }

  /** State with reason; for `useSyncExternalStore` and programs. */
  get status(): LinkStatusSource {
    return this.#keeper;
  }
  /** Never OPEN without an open link: CONNECTING during the first dial and every later one. */
  get readyState(): 0 | 1 | 2 | 3 {
    return this.#ending || (isOpen(this.#keeper.state) ? 1 : 0);
  }
  /** Bytes that `send` took and that are not on their way; after the end, also those that came too late. */
  get bufferedAmount(): number {
    return this.#queuedBytes + (this.#socket?.ws.bufferedAmount ?? 0);
  }
  get url(): string {
    return this.#last?.url ?? "";
  }
  get protocol(): string {
    return this.#last?.protocol ?? "";
  }
  get extensions(): string {
    return this.#last?.extensions ?? "";
  }
  get binaryType(): "blob" | "arraybuffer" {
    return this.#binaryType;
  }
  set binaryType(type: "blob" | "arraybuffer") {
    this.#binaryType = type;
    if (this.#socket !== null) this.#socket.ws.binaryType = type;
  }

  /**
   * Sends. Without an open link: queues up to `queueBytesMax`, else throws InvalidStateError or, when the queue is full, QuotaExceededError.
   * After the end it only counts in `bufferedAmount`, as the platform's does.
   */
  send(data: Sendable): void {
    const ws = this.#socket?.ws;
    // A link that the server is closing takes no more, though its end is yet to be told.
    if (this.readyState === 1 && ws?.readyState === 1) {
      ws.send(data as string);
      return;
    }
    // It knows the size of everything, and copies: the caller may change its buffer after this.
    const copy = new Blob([data as string]);
    const bytes = copy.size;
    if (this.#ending === 0) {
      const { queueBytesMax = 0 } = this.#options;
      if (queueBytesMax === 0) throw new DOMException("No link is open", "InvalidStateError");
      if (this.#queuedBytes + bytes > queueBytesMax) throw new DOMException("The queue is full", "QuotaExceededError");
      this.#queue.push({ data: typeof data === "string" ? data : copy, bytes });
    }
    this.#queuedBytes += bytes;
  }

  /** Closes for good. A server that does not answer the close within a second is let go of. */
  close(code?: number, reason?: string): void {
    const socket = isOpen(this.#keeper.state) ? this.#socket : null;
    // The platform's own checks what it is given, whatever its state.
    this.#last?.close(code, reason);
    if (this.#ending !== 0) return;
    this.#ending = 2;
    if (this.#succession !== null) this.#succession.state = null;
    if (socket === null) this.#letGo();
    this.#keeper.step({ name: "close" });
    world.after(socket === null ? 0 : closeGraceMs, () => this.#end(1006, "", false));
  }

  #dial(): void {
    const dial = ++this.#dials;
    withAddress(
      this.#address,
      (url) => {
        if (dial !== this.#dials) return;
        this.#socket = new PlatformSocket(url, this.#protocols, {
          onOpen: (canPing) => this.#opened(canPing),
          onMessage: (event) => this.#received(event),
          onActivity: () => this.#keeper.step({ name: "heard" }),
          onClose: (event) => this.#closed(event),
        });
        this.#last = this.#socket.ws;
        this.#last.binaryType = this.#binaryType;
      },
      (error) => dial === this.#dials && this.#keeper.step({ name: "ended", ending: failedDial(error) }),
    );
  }

  #opened(canPing: boolean): void {
    const { ping, prove, silenceMs = never } = this.#options;
    const canProbe = canPing || ping !== undefined || prove !== undefined;
    this.#keeper.step({ name: "opened", proof: canProbe ? "probe" : silenceMs === never ? "none" : "silence" });
  }

  #probe(): void {
    const { prove, ping } = this.#options;
    const dial = this.#dials;
    if (prove !== undefined) {
      new Promise((resolve) => resolve(prove())).then(
        () => dial === this.#dials && this.#keeper.step({ name: "heard" }),
        () => {}, // No answer is no proof: the deadline judges.
      );
    } else if (ping === undefined) this.#socket?.ping();
    else this.#socket?.ws.send((typeof ping === "function" ? ping() : ping) as string);
  }

  #received(event: MessageEvent): void {
    this.#keeper.step({ name: "heard" });
    const { data, origin } = event;
    if (this.#ending === 3 || this.#options.isPong?.(data)) return;
    this.dispatchEvent(new MessageEvent("message", { data, origin }));
  }

  #closed(event: CloseEvent): void {
    const { code, reason, wasClean } = event;
    if (this.#ending === 2) {
      this.#end(code, reason, wasClean);
      return;
    }
    const wasOpen = isOpen(this.#keeper.state);
    this.#letGo();
    const { isFinal = isFinalClose } = this.#options;
    this.#keeper.step({
      name: "ended",
      ending: {
        ...localEnding(wasOpen ? "remote_closed" : "connect_failed", reason || `${wasOpen ? "closed by the server or a hop" : "the dial failed"} (${code})`),
        peerCode: code,
        isFinal: wasOpen && this.#options.onLoss !== "close" && isFinal(event),
      },
    });
    if (this.#keeper.state.name === "over") this.#end(code, reason, wasClean);
  }

  #changed(before: LinkState, after: LinkState): void {
    if (after.name === "live" && before.name === "dialing") this.#live();
    else if (after.name === "waiting" && isOpen(before)) this.#lost(after);
  }

  #live(): void {
    const socket = this.#socket;
    // A handler may close the socket, or find that the link has ended meanwhile.
    const isSame = (): boolean => this.#socket === socket && this.readyState === 1;
    if (++this.#openings > 1) this.dispatchEvent(new Event("reconnect"));
    if (isSame()) this.dispatchEvent(new Event("open"));
    while (isSame() && socket?.ws.readyState === 1) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#queuedBytes -= next.bytes;
      socket.ws.send(next.data as string);
    }
  }

  #lost(after: LinkState): void {
    if (this.#options.onLoss !== "close" || after.name !== "waiting" || after.cause === null) return;
    if (this.#succession !== null) this.#succession.state = after;
    const { peerCode, reason, code } = after.cause;
    this.#ending = 2;
    this.#keeper.step({ name: "close" });
    this.#end(peerCode ?? 1006, peerCode === null ? `${code}: ${reason}` : reason, peerCode !== null && peerCode !== 1006);
  }

  #letGo(): void {
    this.#dials++;
    this.#socket?.destroy();
    this.#socket = null;
  }

  #end(code: number, reason: string, wasClean: boolean): void {
    if (this.#ending === 3) return;
    const isDenied = this.#ending === 0;
    this.#ending = 3;
    this.#letGo();
    if (isDenied) this.dispatchEvent(new Event("error"));
    this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean }));
  }
}
