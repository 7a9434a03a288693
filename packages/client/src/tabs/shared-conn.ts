/**
 * A tab's connection to the leader: the ordinary messages of the protocol over a channel of its own. The tab's client keeps its cursors
 * and its outbox, so whatever becomes of the leader, this is a link that was lost, and is resumed exactly.
 * Publishes do not go through the leader: short requests carry them straight to the server, with the tab's own producer tuples, and an
 * answer is the server's own. It must never call the handlers before `dial` has returned, nor acknowledge what was not taken.
 */
import { randomId } from "@holdfast/protocol";
import { type Requester, requestTransport } from "../request-conn.ts";
import type { Conn, ConnHandlers, DialTarget } from "../transport.ts";
import { type Channel, type Here, isUp, type ToTab } from "./sharing.ts";
import type { Tab } from "./tab.ts";

/** Links that move to another leader come within this time. */
const moveWindowMs = 200;

export class SharedConn implements Conn {
  readonly #tab: Tab;
  readonly #handlers: ConnHandlers;
  /** Carries publishes, and nothing else. */
  readonly #posts: Conn;
  #channel: Channel | null = null;
  /** Who was asked to serve this link; null while nobody is known. */
  #leader: string | null = null;
  #provedMs: number | null = null;
  #isOpen = false;
  #isOver = false;

  constructor(tab: Tab, target: DialTarget, requester: Requester, handlers: ConnHandlers) {
    this.#tab = tab;
    this.#handlers = handlers;
    this.#posts = requestTransport("publish", requester, tab.env).dial(target, {
      onOpen: () => {},
      // A server that drains tells the leader, whose link is the one that matters.
      onText: (text, isProof) => text.startsWith('{"type":"goaway"') || handlers.onText(text, isProof),
      onActivity: () => {},
      onClose: (end) => this.#closed(end),
      onError: () => {},
      asks: () => [],
    });
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
    if (!Array.isArray(message)) return this.#closed(message as Exclude<ToTab, readonly string[]>);
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#handlers.onOpen();
    }
    for (const text of message as readonly string[]) if (!this.#isOver) this.#handlers.onText(text);
    if (!this.#isOver) this.#channel?.post(true);
  }

  get queuedBytes(): number {
    return this.#posts.queuedBytes;
  }

  send(text: string): void {
    if (this.#isOver) return;
    const isHello = text.startsWith('{"type":"hello"');
    // What a tab publishes is judged by its own token, which is nobody else's business.
    const isOwn = /^{"type":"(part|publish|auth)"/.test(text);
    if (isHello || isOwn) this.#posts.send(text);
    if (!isOwn) this.#channel?.post(isHello ? '{"type":"hello"}' : text);
  }

  close(): void {
    this.destroy();
  }

  destroy(): void {
    if (!this.#isOver) this.#finish();
  }

  #finish(): void {
    this.#isOver = true;
    this.#posts.destroy();
    this.#hangUp();
    this.#tab.exit(this);
  }

  #hangUp(): void {
    this.#channel?.post(null);
    this.#channel?.close();
  }

  #end(closeCode: number, reason: object): void {
    this.#closed({ closeCode, reason: JSON.stringify(reason) });
  }

  #closed({ closeCode, reason }: { readonly closeCode: number; readonly reason: string }): void {
    if (this.#isOver) return;
    this.#finish();
    this.#handlers.onClose({ closeCode, reason });
  }
}
