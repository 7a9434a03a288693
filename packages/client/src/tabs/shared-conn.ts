/**
 * A tab's connection to the leader: the ordinary messages of the protocol over a channel of its own. The tab's client keeps its cursors
 * and its outbox, so whatever becomes of the leader, this is a link that was lost, and is resumed exactly.
 * Publishes do not go through the leader: short requests carry them straight to the server, with the tab's own producer tuples, and an
 * answer is the server's own. It must never call the handlers before `dial` has returned, nor acknowledge what was not taken.
 */
import { randomId, type Timer } from "@holdfast/protocol";
import type { Requester } from "../request-conn.ts";
import type { Conn, ConnHandlers, DialTarget } from "../transport.ts";
import { type Channel, type Here, isUp, type ToTab } from "./sharing.ts";
import type { Tab } from "./tab.ts";

/** Publishes go in batches of about this many characters. */
const batchChars = 262_144;
/** A batch that nothing has been heard of for this long, and as long again as its bytes take at 8 a millisecond, is taken for lost. */
const batchMs = 10_000;
const batchCharsPerMs = 8;
/** Links that move to another leader come within this time. */
const moveWindowMs = 200;

const isPublish = (text: string): boolean => text.startsWith('{"type":"publish"');

export class SharedConn implements Conn {
  readonly #tab: Tab;
  readonly #base: string;
  readonly #requester: Requester;
  readonly #handlers: ConnHandlers;
  #channel: Channel | null = null;
  /** Who was asked to serve this link; null while nobody is known. */
  #leader: string | null = null;
  #provedMs: number | null = null;
  #isOpen = false;
  #isOver = false;
  #hello = "";
  #outgoing: string[] = [];
  #abort: (() => void) | null = null;
  #silence: Timer | null = null;
  queuedBytes = 0;

  constructor(tab: Tab, { url }: DialTarget, requester: Requester, handlers: ConnHandlers) {
    this.#tab = tab;
    this.#base = url;
    this.#requester = requester;
    this.#handlers = handlers;
    tab.enter(this);
    if (tab.here !== null) this.#dial(tab.here.leader);
  }

  /** Each leader is asked on a channel of its own: a former one that wakes must not be heard on that of the next. */
  #dial(leader: string): void {
    const { name, env, sharing, id: tab } = this.#tab;
    this.#hangUp();
    this.#leader = leader;
    const link = randomId(env.rng, 20);
    this.#channel = sharing.channel(`${name}/${link}`, (message) => this.#take(message as ToTab));
    this.#tab.say({ type: "dial", leader, link, tab });
  }

  /** The leader spoke, or is another, or there is none (null). */
  heard(here: Here | null): void {
    if (this.#isOpen && here?.leader !== this.#leader) {
      this.#end(1012, { code: "draining", message: "the tab that held the link is gone", afterMs: 0, windowMs: moveWindowMs });
    } else if (here === null) {
      this.#leader = null;
    } else if (here.leader !== this.#leader) {
      this.#dial(here.leader);
    } else if (here.state === "denied" || (this.#isOpen && here.state !== "stale" && !isUp(here))) {
      this.#end(1013, { code: here.code ?? "connect_failed", message: here.reason, ...(here.state === "denied" ? {} : { afterMs: 0, windowMs: 0 }) });
    } else if (this.#isOpen && here.lastProofOfLifeMs !== this.#provedMs) {
      this.#provedMs = here.lastProofOfLifeMs;
      this.#handlers.onActivity();
    }
  }

  #take(message: ToTab): void {
    if (this.#isOver) return;
    if (!Array.isArray(message)) {
      const { closeCode, reason } = message as Exclude<ToTab, readonly string[]>;
      this.#finish();
      this.#handlers.onClose({ closeCode, reason });
      return;
    }
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#handlers.onOpen();
    }
    for (const text of message as readonly string[]) if (!this.#isOver) this.#handlers.onText(text);
    if (!this.#isOver) this.#channel?.post(true);
  }

  send(text: string): void {
    if (this.#isOver) return;
    if (isPublish(text) || text.startsWith('{"type":"part"')) {
      this.#outgoing.push(text);
      this.queuedBytes += text.length;
      this.#publish();
      return;
    }
    if (text.startsWith('{"type":"hello"')) this.#hello = text;
    this.#channel?.post(text);
  }

  close(): void {
    this.destroy();
  }

  destroy(): void {
    if (!this.#isOver) this.#finish();
  }

  #finish(): void {
    this.#isOver = true;
    this.#abort?.();
    this.#silence?.cancel();
    this.#hangUp();
    this.#tab.exit(this);
  }

  #hangUp(): void {
    this.#channel?.post(null);
    this.#channel?.close();
  }

  #end(closeCode: number, reason: object): void {
    this.#finish();
    this.#handlers.onClose({ closeCode, reason: JSON.stringify(reason) });
  }

  /** One request at a time, so that the order is kept; what comes meanwhile goes together in the next. */
  #publish(): void {
    if (this.#abort !== null || this.#isOver) return;
    // A payload and its parts stay together.
    let count = 0;
    let chars = 0;
    for (const [i, text] of this.#outgoing.entries()) {
      chars += text.length;
      if (!isPublish(text)) continue;
      count = i + 1;
      if (chars > batchChars) break;
    }
    if (count === 0) return;
    const batch = this.#outgoing.splice(0, count);
    let waiting = batch.filter(isPublish).length;
    let rest = "";
    // Another connection than that whose proof of life the leader tells of: nobody else judges it.
    const watch = (): void => {
      this.#silence?.cancel();
      const lost = { code: "heartbeat_lost", message: "publishes were not answered in time" };
      this.#silence = this.#tab.env.clock.after(batchMs + chars / batchCharsPerMs, () => this.#end(1013, lost));
    };
    watch();
    // A JSON text sequence (RFC 7464): payloads may have line ends of their own.
    this.#abort = this.#requester.post(`${this.#base}poll`, `\x1e${[this.#hello, ...batch].join("\n\x1e")}`, {
      text: (piece) => {
        if (this.#isOver) return;
        watch();
        const lines = (rest + piece).split("\n");
        rest = lines.pop() as string;
        for (const line of lines) {
          if (this.#isOver || !/^{"type":"(published|refused)"/.test(line)) continue;
          waiting--;
          this.#handlers.onText(line);
        }
      },
      end: (status, body) => {
        if (this.#isOver) return;
        this.#silence?.cancel();
        this.#abort = null;
        if (status !== 200 || waiting > 0) return this.#end(1013, refusal(status, body));
        for (const text of batch) this.queuedBytes -= text.length;
        this.#publish();
      },
    });
  }
}

/** What a server said in place of answers; the link ends with it, and what is unanswered is sent again over the next. */
function refusal(status: number, body: string): object {
  try {
    return (JSON.parse(body) as { error: object }).error ?? {};
  } catch {
    return { code: "connect_failed", message: `publishes were not answered (HTTP ${status})` };
  }
}
